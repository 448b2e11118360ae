package syntax_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/source"
	"github.com/xdc-project/xdc/lang/syntax"
)

func headers(t *syntax.Tree) []string {
	var out []string
	for _, b := range t.Blocks {
		out = append(out, strings.Join(append([]string{b.Type}, b.Labels...), " "))
	}
	return out
}

func TestFilesOfAFolderAreOnePlan(t *testing.T) {
	tree, ds := syntax.Parse(source.Memory(map[string]string{
		"a.xdc.hcl":      "plan \"p\" {}\nwait \"b\" {}\nwait \"a\" {}\n",
		"b.xdc.hcl.json": `{"fault": {"cut": {"x": {"duration": "1s"}}}, "wait": {"c": {}}}`,
		"other.txt":      "not a plan {",
	}))
	if ds.HasErrors() {
		t.Fatal(ds.Err())
	}
	want := []string{"plan p", "wait b", "wait a", "fault cut x", "wait c"}
	if diff := cmp.Diff(want, headers(tree)); diff != "" {
		t.Error(diff)
	}
}

func TestTheFirstOfTwoPlacesIsShown(t *testing.T) {
	_, ds := syntax.Parse(source.Memory(map[string]string{
		"a.xdc.hcl": "wait \"x\" {}\n",
		"b.xdc.hcl": "\nwait \"x\" {}\n",
	}))
	if len(ds) != 1 || ds[0].Code != diag.DuplicateName {
		t.Fatalf("got %v", ds)
	}
	if ds[0].Subject.Filename != "b.xdc.hcl" || ds[0].Related == nil || ds[0].Related.Range.Filename != "a.xdc.hcl" {
		t.Errorf("got %+v", ds[0])
	}
}

func TestADamagedFileDoesNotHideTheOthers(t *testing.T) {
	tree, ds := syntax.Parse(source.Memory(map[string]string{
		"a.xdc.hcl": "wait \"x\" {\n",
		"b.xdc.hcl": "tarket \"x\" {}\nwait \"y\" {}\n",
	}))
	var codes []diag.Code
	for _, d := range ds {
		codes = append(codes, d.Code)
	}
	if diff := cmp.Diff([]diag.Code{diag.BadSyntax, diag.UnknownBlock}, codes); diff != "" {
		t.Error(diff)
	}
	if !tree.Damaged {
		t.Error("the tree does not say that it is damaged")
	}
}

func FuzzParse(f *testing.F) {
	f.Add("plan \"p\" {}\nfault \"a\" \"b\" {}\n", false)
	f.Add(`{"wait": [{"a": {}}, {"a": {}}]}`, true)
	f.Fuzz(func(t *testing.T, text string, asJSON bool) {
		name := "a.xdc.hcl"
		if asJSON {
			name += ".json"
		}
		tree, _ := syntax.Parse(source.Memory(map[string]string{name: text}))
		for _, b := range tree.Blocks {
			if b.Body == nil {
				t.Error("a block without a body")
			}
		}
	})
}
