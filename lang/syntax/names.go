package syntax

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/diag"
)

// names checks that labels are usable names and that no two blocks share one.
func names(blocks []*Block) diag.List {
	var diags diag.List
	first := map[string]*Block{}
	for _, b := range blocks {
		if b.Type == "locals" {
			continue
		}
		for i, l := range b.Labels {
			if b.Type != "plan" && !hclsyntax.ValidIdentifier(l) {
				diags = append(diags, badName(b, i, "A name begins with a letter and goes on with letters, digits, underscores and dashes."))
			}
		}
		if b.Type == "target" && len(b.Labels) == 1 && Reserved(b.Labels[0]) {
			diags = append(diags, badName(b, 0, fmt.Sprintf(
				"Conditions begin with the name of a target, and %q already means something there. Give the target another name.", b.Labels[0])))
		}
		key, code := b.Type+" "+strings.Join(b.Labels, " "), diag.DuplicateName
		if b.Type == "plan" {
			key, code = "plan", diag.SecondPlan
		}
		old, ok := first[key]
		if !ok {
			first[key] = b
			continue
		}
		diags = append(diags, again(b, old, code))
	}
	return diags
}

// Reserved reports whether a target must not bear the name, because it begins other paths in conditions.
func Reserved(name string) bool {
	switch name {
	case "run", "module", "true", "false":
		return true
	}
	for _, k := range addr.Kinds() {
		if name == string(k) {
			return true
		}
	}
	return false
}

func badName(b *Block, label int, why string) diag.Diagnostic {
	return diag.Diagnostic{
		Severity: diag.Error, Code: diag.BadName,
		Summary: fmt.Sprintf("%q cannot be a name here", b.Labels[label]), Detail: why,
		Subject: labelRange(b, label), Context: &b.Range,
	}
}

func labelRange(b *Block, label int) *hcl.Range {
	if label < len(b.LabelRanges) {
		return &b.LabelRanges[label]
	}
	return &b.Range
}

func again(b, old *Block, code diag.Code) diag.Diagnostic {
	d := diag.Diagnostic{
		Severity: diag.Error, Code: code, Subject: &b.Range,
		Related: &diag.Related{Message: "first declared here", Range: old.Range},
	}
	if code == diag.SecondPlan {
		d.Summary = "There are two plan blocks"
		d.Detail = fmt.Sprintf("All files read together form one plan, and %s has a plan block already. Remove one of them.", old.Range.Filename)
		return d
	}
	d.Summary = fmt.Sprintf("There are two blocks %s", describe(b))
	d.Detail = fmt.Sprintf("The first is at %s, line %d. Give one of them another name.", old.Range.Filename, old.Range.Start.Line)
	return d
}

func describe(b *Block) string {
	var s strings.Builder
	s.WriteString(b.Type)
	for _, l := range b.Labels {
		fmt.Fprintf(&s, " %q", l)
	}
	return s.String()
}
