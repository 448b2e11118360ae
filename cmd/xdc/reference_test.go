package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/cmd/internal/cli"
	"github.com/xdc-project/xdc/plans"
	"github.com/xdc-project/xdc/providers/all"
)

const reference = "../../docs/reference"

// byHand are the pages of the reference that are not generated.
var byHand = map[string]bool{"report-json.md": true}

func pagesIn(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		if rel = filepath.ToSlash(rel); !byHand[rel] {
			out[rel] = string(b)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestReferenceIsWhatMakeDocsWrites(t *testing.T) {
	dir := t.TempDir()
	var out, side bytes.Buffer
	p := cli.Program{Registry: all.Registry, Shipped: plans.Find, Version: cli.Version{Number: "test"}}
	none := func(string) (string, bool) { return "", false }
	if code := p.Main([]string{"internal", "docs", dir}, strings.NewReader(""), &out, &side, none); code != 0 {
		t.Fatalf("xdc internal docs ends with %d: %s", code, side.String())
	}
	fresh := pagesIn(t, dir)
	if len(fresh) < 20 {
		t.Fatalf("only %d pages were made", len(fresh))
	}
	if diff := cmp.Diff(fresh, pagesIn(t, reference)); diff != "" {
		t.Errorf("docs/reference is stale: run make docs (-fresh +docs/reference)\n%s", diff)
	}
}

// What the program has, and nothing less, is on a page of its own.
func TestReferenceCoversTheRegistry(t *testing.T) {
	has := pagesIn(t, reference)
	want := func(kind, name string) {
		if _, ok := has[kind+"/"+name+".md"]; !ok {
			t.Errorf("docs/reference/%s has no page for %s", kind, name)
		}
	}
	for _, p := range all.Registry().Providers() {
		if p.Connection != nil {
			want("connections", p.Name)
		}
		for _, f := range p.Faults {
			want("faults", f.Name)
		}
		for _, a := range p.Actions {
			want("actions", a.Name)
		}
		for _, s := range p.Seeds {
			want("seeds", s.Name)
		}
	}
}
