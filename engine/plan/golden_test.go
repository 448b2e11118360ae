package plan_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/xdc-project/xdc/engine/plan"
	"github.com/xdc-project/xdc/lang/diag"
)

// TestGolden plans the files in testdata and compares the findings, the timeline and, where a file asks for it, the
// whole plan.json. XDC_UPDATE=1 writes the files again.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			got := *ar
			got.Files = runGolden(t, ar)
			if os.Getenv("XDC_UPDATE") != "" {
				if err := os.WriteFile(name, txtar.Format(&got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(txtar.Format(ar)), string(txtar.Format(&got))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func runGolden(t *testing.T, ar *txtar.Archive) []txtar.File {
	t.Helper()
	in := map[string]string{}
	var out []txtar.File
	asked := map[string]bool{}
	for _, f := range ar.Files {
		switch f.Name {
		case "findings", "timeline", "plan.json":
			asked[f.Name] = true
		default:
			in[f.Name] = string(f.Data)
			out = append(out, f)
		}
	}
	p, ds := planned(in)
	out = append(out, txtar.File{Name: "findings", Data: []byte(findings(ds))})
	if p == nil {
		return out
	}
	out = append(out, txtar.File{Name: "timeline", Data: []byte(timeline(p))})
	if asked["plan.json"] {
		b, err := p.Encode()
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, txtar.File{Name: "plan.json", Data: b})
	}
	return out
}

func findings(ds diag.List) string {
	var b strings.Builder
	for _, d := range ds.Sorted() {
		at := "-"
		if d.Subject != nil {
			at = fmt.Sprintf("%s:%d", d.Subject.Filename, d.Subject.Start.Line)
		}
		fmt.Fprintf(&b, "%s: %s %s: %s\n    %s\n", at, d.Severity, d.Code, d.Summary, strings.ReplaceAll(d.Detail, "\n", "\n    "))
	}
	return b.String()
}

// timeline is one line a step: when, what, how long held, what is left out of rehearsals.
func timeline(p *plan.Plan) string {
	var b strings.Builder
	for _, s := range p.Steps {
		fmt.Fprintf(&b, "%s: %s", s.Address, s.Expected)
		if s.Expected.Latest != nil {
			fmt.Fprintf(&b, " (latest %gs)", *s.Expected.Latest)
		}
		for _, x := range []string{s.Held, s.Skip} {
			if x != "" {
				b.WriteString("; " + x)
			}
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "all: %s\ncritical: %s\n", p.Expected, strings.Join(p.Critical, ", "))
	return b.String()
}

// TestEveryCodeIsShown holds that each code of the planner has a plan that provokes it.
func TestEveryCodeIsShown(t *testing.T) {
	seen := map[string]bool{}
	files, _ := filepath.Glob("testdata/*.txtar")
	for _, name := range files {
		ar, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range ar.Files {
			if f.Name == "findings" {
				for word := range strings.FieldsSeq(string(f.Data)) {
					seen[strings.TrimSuffix(word, ":")] = true
				}
			}
		}
	}
	// What the front end finds first, and what only saved plans can show: build_test and saved_test.
	for _, c := range []diag.Code{diag.TooManyHolders, diag.PlanCycle, diag.NoProvider, diag.NoSuchTarget, diag.FileDiffers, diag.PlanDiffers} {
		seen[string(c)] = true
	}
	for _, info := range diag.Codes() {
		if info.Code >= "XDC2000" && info.Code < "XDC3000" && !seen[string(info.Code)] {
			t.Errorf("no plan in testdata provokes %s (%s)", info.Code, info.Title)
		}
	}
}
