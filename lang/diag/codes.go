package diag

import "github.com/hashicorp/hcl/v2"

// Code names a kind of finding. Codes never change their meaning and are never used again.
type Code string

// Unclassified is the code of findings that came from outside this program's own tables.
const Unclassified Code = "XDC0000"

// fromHCL translates a finding of the HCL library.
func fromHCL(d *hcl.Diagnostic) Diagnostic {
	sev := Error
	if d.Severity == hcl.DiagWarning {
		sev = Warning
	}
	return Diagnostic{Severity: sev, Code: Unclassified, Summary: d.Summary, Detail: d.Detail, Subject: d.Subject, Context: d.Context}
}
