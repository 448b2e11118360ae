// Package xdc_test holds what is true of the repository as a whole.
package xdc_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

const module = "github.com/xdc-project/xdc/"

// layers lists packages from the bottom up. A package may import its own line and the lines above it; "x/"
// stands for everything below x but not x itself. The longest match decides.
var layers = [][]string{
	{"lang/diag", "lang/addr", "lang/signal", "engine/graph"},
	{"lang/value", "lang/schema", "engine/event"},
	{"lang/"},
	{"providers/shell", "providers/throttle"},
	{"providers"},
	{"engine/plan", "engine/journal"},
	{"engine/"},
	{"providers/"},
	{"plans", "examples", "cmd/"},
}

// bans are directions that the layers alone would allow.
var bans = []struct{ from, to, why string }{
	{"lang/", "engine/", "lang describes; it never runs"},
	{"lang/", "providers", "schemas reach lang through lang/schema"},
	{"engine/", "providers/", "the engine meets providers through the contract alone"},
	{"providers/", "engine/", "a provider sees only the contract"},
	{"providers/", "lang/config", "a provider gets values, not syntax"},
	{"lang/cond", "hashicorp/hcl", "the condition language knows no HCL"},
}

func layerOf(pkg string) int {
	best, at := -1, -1
	for i, line := range layers {
		for _, p := range line {
			if pkg == p || (strings.HasSuffix(p, "/") && strings.HasPrefix(pkg, p)) {
				if len(p) > best {
					best, at = len(p), i
				}
			}
		}
	}
	return at
}

// The files are opened by the test itself, so that the test cache knows about them.
func TestImportsPointDown(t *testing.T) {
	fset := token.NewFileSet()
	seen := 0
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "bin") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		from := path.Dir(filepath.ToSlash(name))
		f, err := parser.ParseFile(fset, name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		if layerOf(from) < 0 {
			t.Errorf("%s is in no layer: give it a place in layers", from)
		}
		for _, im := range f.Imports {
			seen++
			checkImport(t, name, from, strings.Trim(im.Path.Value, `"`))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 100 {
		t.Fatalf("only %d imports were seen: the walk is broken", seen)
	}
}

func checkImport(t *testing.T, file, from, full string) {
	t.Helper()
	for _, b := range bans {
		if strings.HasPrefix(from+"/", b.from) && (strings.HasPrefix(full, module+b.to) || strings.Contains(full, "/"+b.to+"/")) {
			t.Errorf("%s imports %s: %s", file, full, b.why)
		}
	}
	to, ours := strings.CutPrefix(full, module)
	if ours && layerOf(to) > layerOf(from) {
		t.Errorf("%s imports %s, which is above it", file, full)
	}
}
