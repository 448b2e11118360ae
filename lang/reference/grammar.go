package reference

import (
	"fmt"
	"strings"

	"github.com/xdc-project/xdc/lang/cond"
)

// grammar is the page of the grammar of conditions.
func grammar() *page {
	pg := newPage("Grammar of conditions")
	pg.para("This is what the parser reads: it is printed from the parser itself. `?` marks what may be missing, `*` what may be repeated, `<...>` a token. What conditions mean stands in docs/conditions.md.")
	pg.code("ebnf", rules(cond.Grammar(), ";"))
	pg.heading(2, "Tokens")
	pg.para("The patterns are in RE2 syntax. Space separates tokens and means nothing. Reserved words are no `ident`, but may be segments of a path after the first.")
	pg.code("text", rules(cond.Tokens(), ""))
	pg.para("Reserved words: `" + strings.Join(cond.Keywords(), "`, `") + "`.")
	pg.heading(2, "Beyond the grammar")
	pg.para("Some things are checked after reading: temporal operators stand only in `that` of an expectation and not inside one another, in comparisons or in front of `for`; the bounds of a range are events; words are those of the signal opposite; like is compared with like. `or` inside parentheses is a whole condition or a sum, depending on what stands around it.")
	return pg
}

// rules lists rules with their equals signs below one another.
func rules(rs []cond.Rule, end string) string {
	width := 0
	for _, r := range rs {
		width = max(width, len(r.Name))
	}
	var b strings.Builder
	for _, r := range rs {
		fmt.Fprintf(&b, "%-*s = %s%s\n", width, r.Name, r.Body, spaced(end))
	}
	return b.String()
}

func spaced(end string) string {
	if end == "" {
		return ""
	}
	return " " + end
}
