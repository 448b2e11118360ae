package cli

import (
	"fmt"
	"strings"

	"github.com/xdc-project/xdc/cmd/internal/view"
	"github.com/xdc-project/xdc/lang/diag"
)

// Explain explains a code.
type Explain struct {
	Code string `arg:"" optional:"" help:"The code, as in XDC1204; without one, all codes are listed."`
}

// Help has an example.
func (Explain) Help() string { return "Examples:\n\n    xdc explain XDC1204\n    xdc explain\n" }

// Run explains it.
func (e *Explain) Run(c *Context) error {
	if e.Code == "" {
		if c.JSON {
			return c.encode(diag.Codes())
		}
		for _, i := range diag.Codes() {
			fmt.Fprintf(c.Out, "%s  %s\n", i.Code, i.Title)
		}
		return nil
	}
	code := strings.ToUpper(strings.TrimSpace(e.Code))
	if !strings.HasPrefix(code, "XDC") {
		code = "XDC" + code
	}
	info, ok := diag.Explain(diag.Code(code))
	if !ok {
		var known []string
		for _, i := range diag.Codes() {
			known = append(known, string(i.Code))
		}
		return fmt.Errorf("there is no code %q.%s", e.Code, diag.Suggest(code, known))
	}
	if c.JSON {
		return c.encode(info)
	}
	return view.Page(c.Out, fmt.Sprintf("%s: %s", info.Code, info.Title), info.Help, c.OutStyle)
}
