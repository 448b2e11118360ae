package cond_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/testfile"
)

var fenced = regexp.MustCompile("(?s)```condition\n(.*?)```")

// The tests that the documentation shows pass.
func TestTestsOfTheDocumentation(t *testing.T) {
	for _, name := range []string{"../../docs/condition-tests.md", "../../docs/condition-cookbook.md"} {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		f, found := testfile.Parse(name, testfile.Page(src))
		for _, r := range testfile.Run(f, testfile.Online{}) {
			found = append(found, r.Found...)
		}
		if len(f.Tests) == 0 || len(found) > 0 {
			t.Errorf("%d tests\n%s", len(f.Tests), diag.Render(found, func(string) []byte { return src }, diag.Options{Width: 140}))
		}
	}
}

// The names that the cookbook declares are those of the product, with the same types.
func TestNamesOfTheCookbook(t *testing.T) {
	src, err := os.ReadFile("../../docs/condition-cookbook.md")
	if err != nil {
		t.Fatal(err)
	}
	f, _ := testfile.Parse("cookbook", testfile.Page(src))
	conditions := 0
	for _, one := range f.Tests {
		for _, c := range one.Conditions {
			conditions++
			if _, problems := cond.Compile(c.Text, cond.Verdict, everything); len(problems) > 0 {
				t.Errorf("%s\n%v", c.Text, problems)
			}
		}
	}
	if conditions < 30 {
		t.Errorf("%d conditions", conditions)
	}
}

// Every condition that the documentation shows is one.
func TestConditionsOfTheDocumentation(t *testing.T) {
	text, err := os.ReadFile("../../docs/conditions.md")
	if err != nil {
		t.Fatal(err)
	}
	found := fenced.FindAllStringSubmatch(string(text), -1)
	if len(found) < 30 {
		t.Fatalf("found %d conditions; the cookbook has more than 30", len(found))
	}
	for _, m := range found {
		c := strings.TrimSpace(m[1])
		f, problems := cond.Compile(c, cond.Verdict, everything)
		if len(problems) > 0 {
			t.Errorf("%s\n%v", c, problems)
			continue
		}
		again, problems := cond.Compile(f.String(), cond.Verdict, everything)
		if len(problems) > 0 || again.String() != f.String() {
			t.Errorf("%s\nprints as %s, which is read as %v %v", c, f, again, problems)
		}
	}
}
