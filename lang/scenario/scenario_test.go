package scenario_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/format"
	"github.com/xdc-project/xdc/lang/scenario"
)

func read(t *testing.T, name string) scenario.File {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return scenario.File{Name: name, Bytes: b}
}

func file(name, text string) scenario.File { return scenario.File{Name: name, Bytes: []byte(text)} }

// golden compares a text with a file. XDC_UPDATE=1 writes it again.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("XDC_UPDATE") != "" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
}

func lines(found diag.List) string {
	var b strings.Builder
	for _, d := range found.Sorted() {
		place := "nowhere"
		if d.Subject != nil {
			place = fmt.Sprintf("%s:%d,%d", d.Subject.Filename, d.Subject.Start.Line, d.Subject.Start.Column)
		}
		fmt.Fprintf(&b, "%s %s %s: %s\n", d.Severity, d.Code, place, d.Summary)
	}
	return b.String()
}

func TestGolden(t *testing.T) {
	for _, c := range []struct{ name, config string }{
		{"partition", "config.yaml"}, {"stop", "config.yaml"}, {"toolkit", "config_192.yaml"}, {"everything", "everything_config.yaml"}, {"alone", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := []scenario.File{read(t, c.name+".yaml")}
			if c.config != "" {
				files = append([]scenario.File{read(t, c.config)}, files...)
			}
			res, found := scenario.Import(scenario.Options{Files: files})
			if found.HasErrors() {
				t.Fatal(found.Err())
			}
			golden(t, c.name+".golden.hcl", string(res.Plan))
			golden(t, c.name+".findings", lines(found))
			again, ds := format.Source(res.Plan, "x.xdc.hcl")
			if ds.HasErrors() || !bytes.Equal(again, res.Plan) {
				t.Errorf("the plan is not in the canonical layout: %v", ds.Err())
			}
		})
	}
}

// What is imported must not depend on the order of the files, nor differ from run to run.
func TestOrderOfFiles(t *testing.T) {
	a, b := read(t, "config.yaml"), read(t, "partition.yaml")
	one, _ := scenario.Import(scenario.Options{Files: []scenario.File{a, b}})
	other, _ := scenario.Import(scenario.Options{Files: []scenario.File{b, a}})
	body := func(p []byte) string { _, after, _ := strings.Cut(string(p), "plan \""); return after }
	if diff := cmp.Diff(body(one.Plan), body(other.Plan)); diff != "" {
		t.Error(diff)
	}
}

func TestSecretsAreNowhere(t *testing.T) {
	res, found := scenario.Import(scenario.Options{Files: []scenario.File{read(t, "everything_config.yaml"), read(t, "everything.yaml")}})
	texts := func(name string) []byte { return res.Texts[name] }
	said := diag.Render(found, texts, diag.Options{}) + string(diag.JSON(found, texts)) + string(res.Plan)
	for _, secret := range []string{
		"hunter2", "pass-in-url", "literal-token", "key-in-plain", "ssh-in-plain", "gateway-pass", "prom-pass",
	} {
		if strings.Contains(said, secret) {
			t.Errorf("the secret %s is shown", secret)
		}
	}
	for name, text := range res.Texts {
		if len(text) != len(read(t, name).Bytes) {
			t.Errorf("%s: the text without secrets has %d bytes, want %d: places would be wrong", name, len(text), len(read(t, name).Bytes))
		}
	}
}

func TestRefused(t *testing.T) {
	const good = "test_id: t\ndescription: d\nstreams_application_sab: a.sab\n"
	deep := strings.Repeat("[", 200) + strings.Repeat("]", 200)
	bomb := "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c <= 'i'; c++ {
		p := c - 1
		bomb += fmt.Sprintf("%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n", c, c, p, p, p, p, p, p, p, p, p, p)
	}
	var said strings.Builder
	for _, c := range []struct {
		name, text string
		code       diag.Code
		line       int
	}{
		{"not YAML", good + "fault_scenario: {type\n", diag.ImportNotYAML, 0},
		{"no mapping", "- a\n- b\n", diag.ImportNotYAML, 1},
		{"empty", "", diag.ImportNotYAML, 1},
		{"two documents", good + "---\nx: 1\n", diag.ImportNotYAML, 4},
		{"a key twice", good + "test_id: u\n", diag.ImportNotYAML, 4},
		{"not UTF-8", good + "x: \xff\n", diag.NotText, 1},
		{"too large", good + "x: " + strings.Repeat("y", scenario.MaxFile), diag.TooMuch, 1},
		{"too deep", good + "x: " + deep + "\n", diag.ImportNotYAML, 4},
		{"too many aliases", bomb, diag.ImportNotYAML, 0},
		{"an alias in itself", good + "x: &x [*x]\n", diag.ImportNotYAML, 4},
		{"a list as a key", good + "? [a]\n: b\n", diag.ImportNotYAML, 4},
		{"no scenario", "datacenters: {}\n", diag.ImportMissing, 1},
		{"both in one", good + "datacenters: {}\n", diag.ImportShape, 1},
		{"no fault", good, diag.ImportMissing, 1},
		{"an unknown fault", good + "fault_scenario:\n  type: meteor\n", diag.ImportUnsupported, 5},
		{"no trigger", good + "fault_scenario: {type: api_initiated, api_operation: trigger_failover}\n", diag.ImportTrigger, 4},
		{"manual", good + "fault_scenario: {type: network_partition}\nfailover_trigger_method: manual\n", diag.ImportTrigger, 5},
		{"by the API", good + "fault_scenario: {type: network_partition}\nfailover_condition: api_initiated\n", diag.ImportTrigger, 5},
		{"an unknown operation", good + "fault_scenario: {type: api_initiated, api_operation: stop_jbo}\n", diag.ImportUnsupported, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			res, found := scenario.Import(scenario.Options{Files: []scenario.File{file("s.yaml", c.text)}})
			if res.Plan != nil || !found.HasErrors() {
				t.Fatal("it was imported")
			}
			fmt.Fprintf(&said, "-- %s --\n%s", c.name, lines(found))
			d := found.Errors()[0]
			if d.Code != c.code || d.Subject == nil || c.line > 0 && d.Subject.Start.Line != c.line {
				t.Errorf("got %s in line %v, want %s in line %d: %s", d.Code, d.Subject, c.code, c.line, d.Detail)
			}
		})
	}
	golden(t, "refused.findings", said.String())
}

// A syntax error shows no text of the file: nobody knows where its secrets are.
func TestBrokenFileShowsNothing(t *testing.T) {
	res, found := scenario.Import(scenario.Options{Files: []scenario.File{file("c.yaml", "datacenters:\n  primary: {auth_token: hush-hush\n")}})
	if got := diag.Render(found, func(n string) []byte { return res.Texts[n] }, diag.Options{}); strings.Contains(got, "hush") {
		t.Error(got)
	}
}

func FuzzImport(f *testing.F) {
	names, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, n := range names {
		b, err := os.ReadFile(n)
		if err != nil {
			f.Fatal(err)
		}
		for _, m := range names {
			c, err := os.ReadFile(m)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(b, c)
		}
	}
	f.Add([]byte("a: &a [*a]"), []byte("<<: [{a: 1}, {b: 2}]\ntest_id: !!binary aGk="))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		res, found := scenario.Import(scenario.Options{Files: []scenario.File{{Name: "a.yaml", Bytes: a}, {Name: "b.yaml", Bytes: b}}})
		if (res.Plan == nil) != found.HasErrors() {
			t.Fatalf("a plan of %d bytes, errors: %v", len(res.Plan), found.HasErrors())
		}
		texts := func(n string) []byte { return res.Texts[n] }
		_ = diag.Render(found, texts, diag.Options{Width: 80})
		_ = diag.JSON(found, texts)
		if res.Plan == nil {
			return
		}
		out, ds := format.Source(res.Plan, "x.xdc.hcl")
		if ds.HasErrors() || !bytes.Equal(out, res.Plan) {
			t.Fatalf("not canonical: %v\n%s", ds.Err(), res.Plan)
		}
	})
}

func TestEveryCodeIsShown(t *testing.T) {
	files, err := filepath.Glob("testdata/*.findings")
	if err != nil {
		t.Fatal(err)
	}
	var seen strings.Builder
	for _, f := range files {
		seen.Write(read(t, filepath.Base(f)).Bytes)
	}
	for _, info := range diag.Codes() {
		if info.Code >= "XDC1600" && info.Code < "XDC1700" && !strings.Contains(seen.String(), string(info.Code)) {
			t.Errorf("no scenario in testdata provokes %s (%s)", info.Code, info.Title)
		}
	}
}
