package cond

import (
	"regexp"
	"strings"
)

// Rule is one rule of the grammar, or one kind of token, for documentation.
type Rule struct{ Name, Body string }

var (
	ruleName  = regexp.MustCompile(`\b([A-Z][a-z]+?)(?:Node)?\b`)
	fullNames = map[string]string{"Dur": "duration", "Seg": "segment", "Tail": "relation"}
)

// Grammar is what the parser reads, rule by rule, the first being the whole: EBNF with ? for what may be missing and
// * for what may be repeated. It is printed from the parser itself.
func Grammar() []Rule {
	var out []Rule
	for line := range strings.Lines(parser.String()) {
		name, body, ok := strings.Cut(strings.TrimSuffix(strings.TrimSpace(line), " ."), " = ")
		if ok {
			out = append(out, Rule{named(name), named(strings.ReplaceAll(body, "(?! <keyword>) ", ""))})
		}
	}
	return out
}

// named brings the names of rules, and nothing that is quoted or a token, into the form of documentation.
func named(text string) string {
	parts := strings.Split(text, `"`)
	for i := 0; i < len(parts); i += 2 {
		parts[i] = ruleName.ReplaceAllStringFunc(parts[i], func(s string) string {
			s = strings.TrimSuffix(s, "Node")
			if full, ok := fullNames[s]; ok {
				return full
			}
			return strings.ToLower(s)
		})
	}
	return strings.Join(parts, `"`)
}

// Tokens are the kinds of tokens with the patterns that they match, in RE2 syntax; the first that matches counts.
func Tokens() []Rule {
	var out []Rule
	for _, r := range tokenRules {
		if r.Name != "space" && r.Name != "Keyword" && r.Name != "Op" {
			out = append(out, Rule{strings.ToLower(r.Name), r.Pattern})
		}
	}
	return out
}

// Keywords are the words that are reserved.
func Keywords() []string { return append([]string(nil), keywords...) }
