package syntax

import (
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/xdc-project/xdc/lang/diag"
)

// classes maps what the HCL library calls its structural findings to codes.
var classes = []struct {
	summary string
	code    diag.Code
}{
	{"Unsupported block type", diag.UnknownBlock},
	{"Unexpected ", diag.UnknownBlock},
	{"Unsupported argument", diag.UnknownArgument},
	{"Extraneous JSON object property", diag.UnknownArgument},
	{"Missing required argument", diag.MissingArgument},
	{"Extraneous label", diag.BadLabels},
	{"Missing block label", diag.BadLabels},
	{"Missing name for", diag.BadLabels},
	{"Missing type for", diag.BadLabels},
	{"Missing target for", diag.BadLabels},
	{"Attribute redefined", diag.DuplicateArgument},
	{"Duplicate argument", diag.DuplicateArgument},
	{"Duplicate attribute definition", diag.DuplicateArgument},
	{"Incorrect JSON value type", diag.BadJSONStructure},
	{"Bad for_each", diag.BadDynamic},
	{"Invalid dynamic", diag.BadDynamic},
	{"Missing dynamic content block", diag.BadDynamic},
	{"Extraneous dynamic", diag.BadDynamic},
	{"Insufficient dynamic block labels", diag.BadDynamic},
}

// FromHCL translates findings of the HCL library about structure, giving each the code of its kind. Those
// it does not know keep diag.Unclassified.
func FromHCL(hds hcl.Diagnostics) diag.List {
	var out diag.List
	for _, h := range hds {
		list := diag.List(nil).Append(h)
		d := list[0]
		for _, c := range classes {
			if strings.HasPrefix(d.Summary, c.summary) {
				d.Code = c.code
				break
			}
		}
		if d.Code == diag.UnknownArgument && strings.Contains(d.Detail, "argument or block type is named") {
			d.Summary = "Unsupported argument or block"
		}
		out = append(out, d)
	}
	return out
}
