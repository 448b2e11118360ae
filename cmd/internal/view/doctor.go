package view

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/xdc-project/xdc/providers"
)

// Examination shows what a look at the targets found, and a last line that says whether anything is in the way.
func Examination(w io.Writer, found []providers.Finding, st Style) error {
	var b strings.Builder
	wide := 0
	for _, f := range found {
		wide = max(wide, len([]rune(Clean(f.Subject))))
	}
	wide = min(wide, 40)
	bad := 0
	for _, f := range found {
		mark := st.ink(green, "ok  ")
		if !f.OK {
			mark = st.ink(red, "FAIL")
			bad++
		}
		fmt.Fprintf(&b, "%s  %-*s  %s\n", mark, wide, Clean(f.Subject), Clean(f.Text)+code(f))
		if f.Remedy != "" {
			fmt.Fprintf(&b, "      %-*s  %s\n", wide, "", Clean(f.Remedy))
		}
	}
	switch {
	case len(found) == 0:
		b.WriteString("The plan drives and watches nothing that could be looked at.\n")
	case bad == 0:
		fmt.Fprintf(&b, "\nNothing is in the way. Nothing was changed.\n")
	default:
		fmt.Fprintf(&b, "\n%d of %d looks found something in the way. Nothing was changed.\n", bad, len(found))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// code is a finding's diagnostic code as it stands at the end of a line.
func code(f providers.Finding) string {
	if f.Code == "" {
		return ""
	}
	return " [" + string(f.Code) + "]"
}

// Assumption is a statement about the platform and what each target says of it.
type Assumption struct {
	ID, Statement string
	At            map[string]providers.Claim
}

// Assumptions shows which assumptions hold where.
func Assumptions(w io.Writer, all []Assumption, st Style) error {
	var b strings.Builder
	b.WriteString("\nAssumptions about the platform, which no public source confirms:\n")
	count := map[providers.Holds]int{}
	for _, a := range all {
		fmt.Fprintf(&b, "\n%s\n  %s\n", st.ink(bold, a.ID), Clean(a.Statement))
		said := map[providers.Claim][]string{}
		for target, c := range a.At {
			said[c] = append(said[c], Clean(target))
			count[c.Holds]++
		}
		for _, c := range slices.SortedFunc(maps.Keys(said), func(a, b providers.Claim) int { return strings.Compare(slices.Min(said[a]), slices.Min(said[b])) }) {
			slices.Sort(said[c])
			p := faint
			switch c.Holds {
			case providers.HoldsYes:
				p = green
			case providers.HoldsNot:
				p = yellow
			case providers.HoldsUnknown:
			}
			fmt.Fprintf(&b, "  %s: %s: %s\n", strings.Join(said[c], ", "), st.ink(p, string(c.Holds)), Clean(c.Text))
		}
	}
	fmt.Fprintf(&b, "\n%d hold, %d do not, %d cannot be told by reading.\n", count[providers.HoldsYes], count[providers.HoldsNot], count[providers.HoldsUnknown])
	_, err := io.WriteString(w, b.String())
	return err
}
