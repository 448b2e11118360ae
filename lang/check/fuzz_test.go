package check_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/xdc-project/xdc/lang/check"
)

// FuzzCheck holds that no text whatever makes the front end panic or hang, and that a program without errors
// can be written as JSON.
func FuzzCheck(f *testing.F) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		ar, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range ar.Files {
			if strings.HasSuffix(file.Name, ".xdc.hcl") || strings.HasSuffix(file.Name, ".json") {
				f.Add(string(file.Data), strings.HasSuffix(file.Name, ".json"))
			}
		}
	}
	f.Fuzz(func(t *testing.T, plan string, asJSON bool) {
		name := "p.xdc.hcl"
		if asJSON {
			name += ".json"
		}
		prog, ds := runPlan(map[string]string{name: plan}, check.Inputs{AllowMissingSecrets: true, MaxSteps: 500})
		if prog == nil {
			t.Fatal("no program")
		}
		if ds.HasErrors() {
			return
		}
		for _, s := range prog.Steps {
			if _, err := json.Marshal(s); err != nil {
				t.Fatalf("%s: %v", s.Addr, err)
			}
			if s.Late != nil {
				s.Late(results(nil))
			}
		}
	})
}
