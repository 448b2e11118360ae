package plan_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/engine/plan"
	"github.com/xdc-project/xdc/lang/check"
	"github.com/xdc-project/xdc/lang/config"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/source"
)

const savedText = `
variable "password" {
  type      = string
  sensitive = true
}
variable "names" {
  type    = list(string)
  default = ["x"]
}
variable "note" {
  type = string
}
target "dc1" {
  streams {
    password = var.password
  }
}
job "orders" {
  bundle     = "orders.sab"
  target     = target.dc1
  parameters = { note = var.note, when = timestamp(), who = env("WHO", "nobody"), names = join(",", var.names) }
}
wait "up" {
  until   = "dc1.job.orders.health is healthy"
  timeout = "1m"
}
`

// rebuild checks and plans savedText with inputs.
func rebuild(t *testing.T, text string, in check.Inputs, src *plan.Source) *plan.Plan {
	t.Helper()
	set := source.Memory(map[string]string{"plan.xdc.hcl": text})
	mod, ds := config.Load(set)
	in.AllowMissingSecrets = true
	prog, more := check.Run(mod, registry(), in)
	p, last := plan.New(prog, registry(), plan.Options{Version: "1.0.0", Source: src})
	if all := append(append(ds, more...), last...); all.HasErrors() {
		t.Fatal(all)
	}
	return p
}

func save(t *testing.T) ([]byte, *plan.Plan) {
	t.Helper()
	src := &plan.Source{Folder: ".", Paths: []string{"plan.xdc.hcl"}, Now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	env := map[string]string{"WHO": "ann", "XDC_VAR_password": "hunter2"}
	p := rebuild(t, savedText, check.Inputs{
		Now: src.Now, Env: src.Record(func(n string) (string, bool) { v, ok := env[n]; return v, ok }),
		Vars: []check.VarAssign{{Name: "note", Text: "${a} \"b\" <c>", Source: "--var"}},
	}, src)
	b, err := plan.Save(p)
	if err != nil {
		t.Fatal(err)
	}
	return b, p
}

func again(t *testing.T, s *plan.Saved, text string) *plan.Plan {
	t.Helper()
	f, err := s.VarFile()
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := map[string]string{"WHO": "eve", "XDC_VAR_note": "other", "XDC_VAR_password": "other secret"}
	return rebuild(t, text, check.Inputs{
		Now: s.Source.Now, VarFiles: []*source.File{f},
		Env: s.Lookup(func(n string) (string, bool) { v, ok := elsewhere[n]; return v, ok }),
	}, nil)
}

func TestASavedPlanIsBuiltAgainTheSame(t *testing.T) {
	b, p := save(t)
	if strings.Contains(string(b), "hunter2") {
		t.Error("a secret is in the saved plan")
	}
	if !strings.HasPrefix(string(b), "{\n  \"format\": \"xdc.plan/1\"") {
		t.Errorf("it begins with %.40s", b)
	}
	s, err := plan.Load(b)
	if err != nil {
		t.Fatal(err)
	}
	if ds := s.Verify(again(t, s, savedText), p.Files); len(ds) > 0 {
		t.Error(ds)
	}
	if diff := cmp.Diff([]string{"var.password"}, s.Secrets); diff != "" {
		t.Error(diff)
	}
}

func TestVerifySaysWhatDiffers(t *testing.T) {
	b, p := save(t)
	s, err := plan.Load(b)
	if err != nil {
		t.Fatal(err)
	}
	changed := func(f func(*program.File)) []program.File {
		out := append([]program.File(nil), p.Files...)
		f(&out[0])
		return out
	}
	for _, tc := range []struct {
		name  string
		text  string
		files []program.File
		want  []string
	}{
		{"another byte", savedText, changed(func(f *program.File) { f.SHA256 = strings.Repeat("0", 64) }), []string{"XDC2200 plan.xdc.hcl has changed"}},
		{"another size", savedText, changed(func(f *program.File) { f.Size++ }), []string{"XDC2200 plan.xdc.hcl has changed"}},
		{"a file gone", savedText, nil, []string{"XDC2200 plan.xdc.hcl is missing"}},
		{"a file more", savedText, append([]program.File{{Path: "b.xdc.hcl", Kind: "configuration"}}, p.Files...), []string{"XDC2200 b.xdc.hcl is new"}},
		{"another timeout", strings.Replace(savedText, `"1m"`, `"2m"`, 1), p.Files, []string{"XDC2201 wait.up differs from the saved plan"}},
		{"a step more", savedText + `action "approve" "go" { prompt = "?" }`, p.Files, []string{"XDC2201 action.approve.go is not in the saved plan"}},
		{"a step renamed", strings.Replace(savedText, `wait "up"`, `wait "down"`, 1), p.Files, []string{"XDC2201 wait.up is not in the plan any more", "XDC2201 wait.down is not in the saved plan"}},
		{"another target", strings.Replace(savedText, `target "dc1" {`, `target "dc1" {
  networks = ["10.0.0.0/8"]`, 1), p.Files, []string{"XDC2201 targets of the plan differs from the saved one"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []string
			for _, d := range s.Verify(again(t, s, tc.text), tc.files) {
				if d.Severity != diag.Error || d.Detail == "" {
					t.Errorf("%+v", d)
				}
				if d.Summary != "expected of the plan differs from the saved one" { // times follow from the rest
					got = append(got, string(d.Code)+" "+d.Summary)
				}
			}
			if len(got) > len(tc.want) {
				got = got[:len(tc.want)]
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAnEditedDigestIsNoticed(t *testing.T) {
	b, p := save(t)
	s, err := plan.Load([]byte(strings.Replace(string(b), p.Digest, strings.Repeat("a", 64), 1)))
	if err != nil {
		t.Fatal(err)
	}
	if ds := s.Verify(again(t, s, savedText), p.Files); !ds.HasErrors() {
		t.Error("it was not")
	}
}

func TestLoadRefusesWhatItDoesNotUnderstand(t *testing.T) {
	b, p := save(t)
	plain, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ text, want string }{
		"nothing":         {"", "not one JSON object"},
		"half":            {string(b[:len(b)/2]), "not one JSON object"},
		"another kind":    {strings.Replace(string(b), "xdc.plan/1", "xdc.journal/1", 1), `a plan has "xdc.plan/1"`},
		"a newer major":   {strings.Replace(string(b), "xdc.plan/1", "xdc.plan/2", 1), `reads up to xdc.plan/1: use the version of xdc that wrote it ("1.0.0")`},
		"no source":       {string(plain), "what it was made from"},
		"a wrong type":    {strings.Replace(string(b), `"secrets": [`, `"secrets": [[],`, 1), "read the saved plan"},
		"format a number": {`{"format": 1}`, "read the saved plan"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := plan.Load([]byte(tc.text)); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
	extra := strings.Replace(string(b), "{\n", "{\n  \"from_the_future\": {\"x\": 1},\n", 1)
	s, err := plan.Load([]byte(extra))
	if err != nil {
		t.Fatal("a field that is not known is refused:", err)
	}
	if ds := s.Verify(again(t, s, savedText), p.Files); len(ds) > 0 {
		t.Error(ds)
	}
}

func TestAPlanWithoutASourceIsNotSaved(t *testing.T) {
	if _, err := plan.Save(rebuild(t, `variable "x" { default = 1 }`, check.Inputs{}, nil)); err == nil {
		t.Error("it was")
	}
}

func FuzzLoad(f *testing.F) {
	p := &plan.Plan{Format: plan.Format, Digest: "d", Source: &plan.Source{Paths: []string{"."}}, Steps: []*plan.Step{{Address: "wait.x", Step: &program.Step{}}}}
	b, err := plan.Save(p)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"format":"xdc.plan/1","digest":"x","source":{},"steps":[{"address":1},null,[]],"files":[{"path":"a"}],"warnings":7}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := plan.Load(b)
		if err != nil {
			return
		}
		ds := s.Verify(p, nil)
		if len(ds) == 0 && s.Digest != p.Digest {
			t.Error("a different plan passes")
		}
		if len(ds) > 100 {
			t.Errorf("%d findings", len(ds))
		}
		if _, err := s.VarFile(); err != nil && json.Valid(b) {
			t.Error(err)
		}
		s.Lookup(nil)("XDC_VAR_x")
	})
}
