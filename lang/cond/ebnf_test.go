package cond_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/xdc-project/xdc/lang/cond"
)

// Each name that the printed grammar uses is a rule or a token of it, and each rule but the first is used.
func TestThePrintedGrammarIsWhole(t *testing.T) {
	rules := cond.Grammar()
	if len(rules) < 15 || rules[0].Name != "or" {
		t.Fatalf("%d rules: %v", len(rules), rules)
	}
	quoted, token, word := regexp.MustCompile(`"[^"]*"`), regexp.MustCompile(`<(\w+)>`), regexp.MustCompile(`\w+`)
	var defined, used, tokens []string
	for _, r := range rules {
		defined = append(defined, r.Name)
		body := quoted.ReplaceAllString(r.Body, "")
		for _, m := range token.FindAllStringSubmatch(body, -1) {
			tokens = append(tokens, m[1])
		}
		used = append(used, word.FindAllString(token.ReplaceAllString(body, ""), -1)...)
	}
	for _, name := range used {
		if !slices.Contains(defined, name) {
			t.Errorf("%s is used and not defined", name)
		}
	}
	for _, name := range defined[1:] {
		if !slices.Contains(used, name) {
			t.Errorf("%s is defined and not used", name)
		}
	}
	for _, name := range tokens {
		if name != "keyword" && !slices.ContainsFunc(cond.Tokens(), func(r cond.Rule) bool { return r.Name == name }) {
			t.Errorf("the token %s is not listed", name)
		}
	}
	if !slices.Contains(cond.Keywords(), "whenever") || !strings.Contains(rules[3].Body, `"whenever"`) {
		t.Errorf("whenever is missing in %v and %v", cond.Keywords(), rules[3])
	}
}
