package diag

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
)

// Code names a kind of finding. Codes never change their meaning and are never used again.
type Code string

// Unclassified is the code of findings that came from outside this program's own tables.
const Unclassified Code = "XDC0000"

// Info is what the reference says about a code.
type Info struct {
	Code  Code
	Title string
	// Help is a paragraph: what it means, why it matters, what to do.
	Help string
}

// Codes lists every code in order. Bands: 1000 syntax, 1100 files, 1200 decoding, 1300 conditions, 1400 checking, 1600 importing, 1700 testing conditions, 2000
// planning, 3000 running, 4000 healing, 5000 providers.
func Codes() []Info {
	return slices.Concat(syntaxCodes, sourceCodes, condCodes, checkCodes, importCodes, testLanguageCodes, planCodes, runCodes, providerCodes)
}

// Explain returns what the reference says about a code.
func Explain(c Code) (Info, bool) {
	for _, i := range Codes() {
		if i.Code == c {
			return i, true
		}
	}
	return Info{}, false
}

// fromHCL translates a finding of the HCL library.
func fromHCL(d *hcl.Diagnostic) Diagnostic {
	sev := Error
	if d.Severity == hcl.DiagWarning {
		sev = Warning
	}
	return Diagnostic{Severity: sev, Code: Unclassified, Summary: d.Summary, Detail: d.Detail, Subject: d.Subject, Context: d.Context}
}
