package check

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/value"
)

// formOne brings one known value into the form that the schema asks for.
func (s *scope) formOne(a *schema.Attribute, v cty.Value, at hcl.Range, b *bag) (cty.Value, *diag.Diagnostic) {
	v, marks := v.Unmark()
	out, summary, detail := cty.NilVal, "", ""
	switch a.Form {
	case schema.Duration:
		out, summary, detail = durationForm(a, v)
	case schema.Percent:
		out, summary, detail = percentForm(a, v)
	case schema.Size:
		out, summary, detail = sizeForm(a, v)
	case schema.Network:
		out, summary, detail = networkForm(a, v)
	case schema.TargetRef, schema.HostRef, schema.StepRef:
		out, summary, detail = s.handleForm(a, v)
	case schema.JobRef:
		out, summary, detail = s.jobForm(a, v, b)
	case schema.Plain, schema.Condition, schema.Record, schema.EventRef, schema.Path, schema.ShellArgs:
		return v.WithMarks(marks), nil
	}
	if summary == "" {
		return out.WithMarks(marks), nil
	}
	code := diag.BadForm
	switch a.Form { //nolint:exhaustive // all other forms are values
	case schema.TargetRef, schema.HostRef, schema.StepRef, schema.JobRef:
		code = diag.WrongReference
	}
	return v, &diag.Diagnostic{Severity: diag.Error, Code: code, Subject: &at, Summary: summary, Detail: detail}
}

func durationForm(a *schema.Attribute, v cty.Value) (cty.Value, string, string) {
	summary := fmt.Sprintf("%s is not a duration", a.Name)
	switch {
	case v.Type() == cty.Number && v.IsKnown() && !v.IsNull():
		return v, summary, fmt.Sprintf("A number alone has no unit. Write \"%ss\" for seconds, or \"250ms\", \"5m\", \"1h\".", v.AsBigFloat().Text('f', -1))
	case v.Type() != cty.String || !v.IsKnown() || v.IsNull():
		return v, summary, fmt.Sprintf("Write a string such as \"60s\"; it is %s here.", describe(v))
	}
	d, err := value.ParseDuration(v.AsString())
	if err != nil {
		return v, summary, fmt.Sprintf("%q is not a duration. Write it as \"250ms\", \"60s\", \"5m\" or \"1m30s\".", clip(v.AsString()))
	}
	return cty.StringVal(d.String()), "", ""
}

func percentForm(a *schema.Attribute, v cty.Value) (cty.Value, string, string) {
	summary := fmt.Sprintf("%s is not a share", a.Name)
	detail := fmt.Sprintf("Write a percentage such as \"1%%\", or a number from 0 to 1; it is %s here.", render(v))
	f := -1.0
	switch {
	case !v.IsKnown() || v.IsNull():
	case v.Type() == cty.Number:
		f, _ = v.AsBigFloat().Float64()
	case v.Type() == cty.String:
		text := strings.TrimSpace(v.AsString())
		n, isPercent := strings.CutSuffix(text, "%")
		p, err := strconv.ParseFloat(strings.TrimSpace(n), 64)
		if err != nil {
			return v, summary, detail
		}
		if f = p; isPercent {
			f = p / 100
		}
	}
	if !(f >= 0 && f <= 1) {
		return v, summary, detail
	}
	return cty.NumberFloatVal(f), "", ""
}

// units of sizes, longest names first.
var sizeUnits = []struct {
	name  string
	bytes float64
}{
	{"KiB", 1 << 10},
	{"MiB", 1 << 20},
	{"GiB", 1 << 30},
	{"TiB", 1 << 40},
	{"kB", 1e3},
	{"KB", 1e3},
	{"MB", 1e6},
	{"GB", 1e9},
	{"TB", 1e12},
	{"B", 1},
}

func sizeForm(a *schema.Attribute, v cty.Value) (cty.Value, string, string) {
	summary := fmt.Sprintf("%s is not a size", a.Name)
	detail := fmt.Sprintf("Write a size such as \"64KiB\" or \"1MB\", or a number of bytes; it is %s here.", render(v))
	switch {
	case !v.IsKnown() || v.IsNull():
	case v.Type() == cty.Number:
		if f, _ := v.AsBigFloat().Float64(); f >= 0 {
			return v, "", ""
		}
	case v.Type() == cty.String:
		text := strings.TrimSpace(v.AsString())
		factor := 1.0
		for _, u := range sizeUnits {
			if n, ok := strings.CutSuffix(text, u.name); ok {
				text, factor = strings.TrimSpace(n), u.bytes
				break
			}
		}
		n, err := strconv.ParseFloat(text, 64)
		if err == nil && n >= 0 && n*factor < 1<<62 {
			return cty.NumberIntVal(int64(n * factor)), "", ""
		}
	}
	return v, summary, detail
}

func networkForm(a *schema.Attribute, v cty.Value) (cty.Value, string, string) {
	summary := fmt.Sprintf("%s is not a network", a.Name)
	if v.Type() != cty.String || !v.IsKnown() || v.IsNull() {
		return v, summary, fmt.Sprintf("Write an address range such as \"10.0.1.0/24\", or an address; it is %s here. The networks of a target are target.NAME.networks.", describe(v))
	}
	text := v.AsString()
	if p, err := netip.ParsePrefix(text); err == nil {
		return cty.StringVal(p.Masked().String()), "", ""
	}
	if ip, err := netip.ParseAddr(text); err == nil && ip.Zone() == "" {
		return cty.StringVal(netip.PrefixFrom(ip, ip.BitLen()).String()), "", ""
	}
	return v, summary, fmt.Sprintf("%q is neither an address range such as 10.0.1.0/24 nor an address.", clip(text))
}

// handleForm checks that a value is the handle of the right kind of thing.
func (s *scope) handleForm(a *schema.Attribute, v cty.Value) (cty.Value, string, string) {
	c := s.mod.c
	want := map[schema.Form]string{
		schema.TargetRef: "a target", schema.HostRef: "a host", schema.StepRef: "a step",
	}[a.Form]
	if a.Form == schema.StepRef && len(a.Kinds) > 0 {
		want = "a " + string(a.Kinds[0])
	}
	summary := fmt.Sprintf("%s is not %s", a.Name, want)
	example := ""
	if a.Example != "" {
		example = fmt.Sprintf(" Write a reference, such as %s.", strings.Trim(a.Example, "[]"))
	}
	h, ok := handleOf(v)
	if !ok {
		if v.Type() == cty.String && v.IsKnown() && !v.IsNull() {
			if t := c.targets[v.AsString()]; t != nil && a.Form == schema.TargetRef {
				example = fmt.Sprintf(" Write target.%s, without quotes.", t.name)
			}
			return v, summary, fmt.Sprintf("It is the string %q here.%s", clip(v.AsString()), example)
		}
		if !v.IsNull() && v.IsKnown() && v.CanIterateElements() && v.LengthInt() > 0 {
			it := v.ElementIterator()
			it.Next()
			if _, el := it.Element(); true {
				if first, ok := handleOf(el); ok {
					return v, summary, fmt.Sprintf("It is several here. Say which one is meant: %s.", first)
				}
			}
		}
		return v, summary, fmt.Sprintf("It is %s here.%s", describe(v), example)
	}
	wrong := func() (cty.Value, string, string) { return v, summary, fmt.Sprintf("It is %s here.%s", h, example) }
	parts := strings.Split(h, ".")
	switch a.Form { //nolint:exhaustive // all other forms are values
	case schema.TargetRef:
		if t := c.targets[strings.TrimPrefix(h, "target.")]; parts[0] == "target" && t != nil {
			return cty.StringVal(t.name), "", ""
		}
	case schema.HostRef:
		if len(parts) == 4 && parts[0] == "target" && parts[2] == "host" {
			if t := c.targets[parts[1]]; t != nil && t.hosts[parts[3]] != nil {
				return cty.StringVal(parts[1] + "." + parts[3]), "", ""
			}
		}
	case schema.StepRef:
		if in := c.instances[h]; in != nil && (len(a.Kinds) == 0 || hasKind(a.Kinds, in.addr.Kind)) {
			return cty.StringVal(h), "", ""
		}
	}
	return wrong()
}

func hasKind(kinds []addr.Kind, k addr.Kind) bool {
	return slices.Contains(kinds, k)
}

// jobPick is what a JobRef argument means.
type jobPick struct {
	path      string
	instances []*instance
}

// jobHandles returns the addresses of the jobs that a value is or holds.
func jobHandles(v cty.Value) ([]string, bool) {
	v, _ = v.Unmark()
	if h, ok := handleOf(v); ok {
		return []string{h}, true
	}
	if v == cty.NilVal || v.IsNull() || !v.IsKnown() || !v.CanIterateElements() || v.LengthInt() == 0 {
		return nil, false
	}
	var out []string
	for it := v.ElementIterator(); it.Next(); {
		_, el := it.Element()
		h, ok := handleOf(el)
		if !ok {
			return nil, false
		}
		out = append(out, h)
	}
	return out, true
}

func (s *scope) jobForm(a *schema.Attribute, v cty.Value, b *bag) (cty.Value, string, string) {
	summary := fmt.Sprintf("%s is not a job", a.Name)
	hs, ok := jobHandles(v)
	if !ok {
		return v, summary, fmt.Sprintf("Write a reference, such as job.orders, without quotes; it is %s here.", describe(v))
	}
	pick := &jobPick{}
	for _, h := range hs {
		in := s.mod.c.instances[h]
		if in == nil || in.addr.Kind != addr.Job {
			return v, summary, fmt.Sprintf("It is %s here. Write a reference, such as job.orders.", h)
		}
		path := in.jobPath()
		if pick.path != "" && pick.path != path {
			return v, summary, fmt.Sprintf("It is several jobs here, %s and %s. Name one of them.", pick.path, path)
		}
		pick.path = path
		pick.instances = append(pick.instances, in)
	}
	if b == nil {
		return cty.StringVal(pick.path), "", ""
	}
	at := b.opts.targets
	if t := b.str("target"); t != "" && len(at) == 0 {
		at = []string{t}
	}
	if ts := b.strs("targets"); len(ts) > 0 && len(at) == 0 {
		at = ts
	}
	if len(at) > 0 {
		var chosen []*instance
		for _, in := range pick.instances {
			for _, t := range at {
				if in.target == t {
					chosen = append(chosen, in)
				}
			}
		}
		if len(chosen) == 0 && allTargetsKnown(pick.instances) {
			return v, fmt.Sprintf("%s does not run there", pick.path), fmt.Sprintf("It runs on %s, and not on %s.", targetNames(pick.instances), strings.Join(at, ", "))
		}
		pick.instances = chosen
	}
	b.jobs[a.Name] = pick
	return cty.StringVal(pick.path), "", ""
}

func allTargetsKnown(ins []*instance) bool {
	for _, in := range ins {
		if in.target == "" {
			return false
		}
	}
	return true
}

func targetNames(ins []*instance) string {
	names := make([]string, len(ins))
	for i, in := range ins {
		names[i] = in.target
	}
	return strings.Join(names, ", ")
}
