package check_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/xdc-project/xdc/lang/check"
	"github.com/xdc-project/xdc/lang/config"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/source"
)

// TestGolden checks the plans in testdata and compares their findings, and their programs where a file asks for
// it, with what the file says. XDC_UPDATE=1 writes the files again.
//
// The first lines of a file are its comment and may hold settings: `--var NAME=TEXT`, `env NAME=TEXT`, `secrets required`,
// `version 1.2.3`, `hash files`.
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
			got := runGolden(ar)
			if os.Getenv("XDC_UPDATE") != "" {
				ar.Files = got
				if err := os.WriteFile(name, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(txtar.Format(ar)), string(txtar.Format(&txtar.Archive{Comment: ar.Comment, Files: got}))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// runGolden checks the plan of an archive and returns its files with the results in place.
func runGolden(ar *txtar.Archive) []txtar.File {
	in, plan := map[string]string{}, []txtar.File{}
	wantProgram := false
	for _, f := range ar.Files {
		switch f.Name {
		case "findings":
		case "program":
			wantProgram = true
		default:
			in[f.Name] = string(f.Data)
			plan = append(plan, f)
		}
	}
	prog, diags := runPlan(in, settings(string(ar.Comment)))
	plan = append(plan, txtar.File{Name: "findings", Data: []byte(text(diags))})
	if wantProgram {
		plan = append(plan, txtar.File{Name: "program", Data: programJSON(prog)})
	}
	return plan
}

func runPlan(files map[string]string, in check.Inputs) (*program.Program, diag.List) {
	mod, diags := config.Load(source.Memory(files))
	if in.Shipped == nil {
		in.Shipped = func(name string) (*source.Set, bool) {
			sub := map[string]string{}
			for n, b := range files {
				if rest, ok := strings.CutPrefix(n, "shipped/"+name+"/"); ok {
					sub[rest] = b
				}
			}
			return source.Memory(sub), len(sub) > 0
		}
	}
	prog, more := check.Run(mod, stub{}, in)
	return prog, append(diags, more...)
}

func settings(comment string) check.Inputs {
	in := check.Inputs{AllowMissingSecrets: true, Now: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)}
	env := map[string]string{}
	in.Env = func(n string) (string, bool) { v, ok := env[n]; return v, ok }
	for line := range strings.SplitSeq(comment, "\n") {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		name, value, _ := strings.Cut(rest, "=")
		switch word {
		case "--var":
			in.Vars = append(in.Vars, check.VarAssign{Name: name, Text: value, Source: "--var"})
		case "env":
			env[name] = value
		case "secrets":
			in.AllowMissingSecrets = false
		case "version":
			in.Version = rest
		case "hash":
			in.HashFiles = true
		}
	}
	return in
}

// text renders findings, one a paragraph.
func text(diags diag.List) string {
	var b strings.Builder
	for _, d := range diags.Sorted() {
		at := "-"
		if d.Subject != nil {
			at = d.Subject.String()
		}
		fmt.Fprintf(&b, "%s: %s %s: %s\n    %s\n", at, d.Severity, d.Code, d.Summary, strings.ReplaceAll(d.Detail, "\n", "\n    "))
		if d.Related != nil {
			fmt.Fprintf(&b, "    %s: %s\n", d.Related.Range, d.Related.Message)
		}
		for _, v := range d.Values {
			fmt.Fprintf(&b, "    with %s = %s\n", v.Name, v.Text)
		}
	}
	return b.String()
}

func programJSON(p *program.Program) []byte {
	type step struct {
		Address string `json:"address"`
		*program.Step
		Late bool `json:"late,omitempty"`
	}
	out := map[string]any{"name": p.Name, "timeout": p.Timeout, "targets": p.Targets, "variables": p.Variables}
	var steps []step
	for _, s := range p.Steps {
		steps = append(steps, step{s.Addr.String(), s, s.Late != nil})
	}
	out["steps"] = steps
	if len(p.Guards) > 0 {
		out["guards"] = p.Guards
	}
	if len(p.Outputs) > 0 {
		outs := map[string]any{}
		for _, o := range p.Outputs {
			outs[o.Name] = map[string]any{"known": o.Known, "sensitive": o.Sensitive}
		}
		out["outputs"] = outs
	}
	if m := p.Secrets.Missing(); len(m) > 0 {
		out["missing"] = m
	}
	if v := p.Secrets.Values(); len(v) > 0 {
		out["secrets"] = v
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(out); err != nil {
		return []byte(err.Error() + "\n")
	}
	return b.Bytes()
}

// TestEveryCodeIsShown holds that each code of the front end has a plan that provokes it.
func TestEveryCodeIsShown(t *testing.T) {
	seen := map[string]bool{}
	files, _ := filepath.Glob("testdata/*.txtar")
	for _, name := range files {
		ar, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range ar.Files {
			if f.Name != "findings" {
				continue
			}
			for word := range strings.FieldsSeq(string(f.Data)) {
				seen[strings.TrimSuffix(word, ":")] = true
			}
		}
	}
	atRun := []diag.Code{diag.StillUnknown} // found by Late, not by Run: TestLate
	for _, info := range diag.Codes() {
		// 1100-1199 are lang/source's, 1600-1699 lang/scenario's, 1700-1799 those of tests of conditions.
		if (info.Code < "XDC1100" || info.Code >= "XDC1200" && info.Code < "XDC1300" || info.Code >= "XDC1400" && info.Code < "XDC1600" || info.Code >= "XDC1800" && info.Code < "XDC2000") && !seen[string(info.Code)] && !slices.Contains(atRun, info.Code) {
			t.Errorf("no plan in testdata provokes %s (%s)", info.Code, info.Title)
		}
	}
}
