package cond_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/xdc-project/xdc/lang/cond"
)

var fenced = regexp.MustCompile("(?s)```condition\n(.*?)```")

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
