package check

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/value"
)

// plan evaluates the plan block.
func (c *checker) plan() {
	d, _ := value.ParseDuration(schema.DefaultPlanTimeout)
	c.prog.Timeout = d
	p := c.root.conf.Plan
	if p == nil {
		return
	}
	c.prog.Name = p.Name
	s := c.root.scope()
	s.noSteps = "The plan block is read before anything runs."
	blk := schema.Plan()
	blk.Blocks = nil
	for i := range blk.Attributes {
		blk.Attributes[i].Public = true
	}
	content := *p.Content
	content.Blocks = nil
	b := s.bag(&content, &blk, bagOptions{})
	c.prog.Description = b.str("description")
	if b.ok {
		c.prog.Timeout = b.dur("timeout")
	}
	if a := content.Attrs["required_version"]; a != nil && b.has("required_version") {
		c.version(b.get("required_version", cty.NilVal).AsString(), a.Expr.Range().Ptr())
	}
}

// version checks plan.required_version.
func (c *checker) version(want string, at *hcl.Range) {
	rules, err := parseConstraints(want)
	if err != nil {
		c.report(diag.Diagnostic{
			Code: diag.BadForm, Subject: at, Summary: "required_version cannot be read",
			Detail: err.Error() + ". Write comparisons separated by commas: \">= 1.2, < 2.0\".",
		})
		return
	}
	have, err := parseVersion(c.in.Version)
	if c.in.Version == "" || err != nil {
		return // a development build
	}
	for _, r := range rules {
		if !r.allows(have) {
			c.report(diag.Diagnostic{
				Code: diag.WrongVersion, Subject: at, Summary: "The plan is not for this version of xdc",
				Detail: fmt.Sprintf("It asks for %s, and this is %s. Use another xdc, or change required_version.", want, c.in.Version),
			})
			return
		}
	}
}

// constraint is one comparison of versions.
type constraint struct {
	op   string
	than []int
}

func parseConstraints(text string) ([]constraint, error) {
	var out []constraint
	for one := range strings.SplitSeq(text, ",") {
		one = strings.TrimSpace(one)
		op := "="
		for _, o := range []string{">=", "<=", "!=", "~>", ">", "<", "="} {
			if strings.HasPrefix(one, o) {
				op = o
				one = strings.TrimSpace(one[len(o):])
				break
			}
		}
		v, err := parseVersion(one)
		if err != nil {
			return nil, err
		}
		out = append(out, constraint{op, v})
	}
	return out, nil
}

// parseVersion reads "1.2.3"; what follows a dash or plus is left out.
func parseVersion(text string) ([]int, error) {
	text = strings.TrimPrefix(strings.TrimSpace(text), "v")
	core, _, _ := strings.Cut(text, "-")
	core, _, _ = strings.Cut(core, "+")
	parts := strings.Split(core, ".")
	if len(parts) > 3 {
		return nil, fmt.Errorf("%q is not a version", clip(text))
	}
	var out []int
	for _, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("%q is not a version", clip(text))
		}
		out = append(out, n)
	}
	return out, nil
}

func (r constraint) allows(v []int) bool {
	order := compareVersions(v, r.than)
	switch r.op {
	case "=":
		return order == 0
	case "!=":
		return order != 0
	case ">":
		return order > 0
	case ">=":
		return order >= 0
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	}
	// ~> 1.2 allows 1.x from 1.2 on; ~> 1.2.3 allows 1.2.x from 1.2.3 on.
	fixed := max(1, len(r.than)-1)
	return order >= 0 && compareVersions(v[:min(fixed, len(v))], r.than[:min(fixed, len(r.than))]) == 0
}

func compareVersions(a, b []int) int {
	for i := range max(len(a), len(b)) {
		x, y := 0, 0
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x != y {
			return x - y
		}
	}
	return 0
}
