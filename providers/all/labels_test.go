package all_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/xdc-project/xdc/providers/all"
)

var label = regexp.MustCompile(`[Aa]ssumptions? ((?:[a-z_]+(?:\.[a-z_]+)+(?:, | and )?)+)`)

// What the code takes for granted without a public source is labelled where it does, and is a row of the table; and each row of the table
// is labelled in the code that rests on it.
func TestLabelsAndTableOfAssumptionsAgree(t *testing.T) {
	table := map[string]bool{}
	for _, p := range all.Registry().Providers() {
		for _, a := range p.Assumptions {
			if table[a.ID] {
				t.Errorf("%s stands in the table twice", a.ID)
			}
			table[a.ID] = true
		}
	}
	labelled := map[string]string{}
	err := filepath.WalkDir("..", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return err
		}
		b, err := os.ReadFile(name)
		text := regexp.MustCompile(`\n\s*// ?`).ReplaceAllString(string(b), " ") // a label may be broken over two lines
		for _, m := range label.FindAllStringSubmatch(text, -1) {
			for _, id := range regexp.MustCompile(`[a-z_]+(?:\.[a-z_]+)+`).FindAllString(m[1], -1) {
				labelled[id] = name
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(labelled) < 20 {
		t.Fatalf("only %d labels were found", len(labelled))
	}
	for id, where := range labelled {
		if !table[id] {
			t.Errorf("%s: assumption %s is no row of the table", where, id)
		}
	}
	var missing []string
	for id := range table {
		if labelled[id] == "" {
			missing = append(missing, id)
		}
	}
	slices.Sort(missing)
	if len(missing) > 0 {
		t.Errorf("no code is labelled with %s", strings.Join(missing, ", "))
	}
}
