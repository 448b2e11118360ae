package cond

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"

	"github.com/xdc-project/xdc/lang/diag"
)

// Bounds of a condition.
const (
	maxText  = 16 << 10
	maxDepth = 100
)

// parse reads text into the parse tree, or says what is wrong and where.
func parse(text string) (*orNode, *Problem) {
	if len(text) > maxText {
		return nil, &Problem{Code: diag.CondSyntax, Summary: "Condition too long", Detail: fmt.Sprintf("It has %d bytes; at most %d are read.", len(text), maxText)}
	}
	if strings.TrimSpace(text) == "" {
		return nil, &Problem{Code: diag.CondSyntax, Summary: "Empty condition", Detail: "Write a comparison such as dc2.job.orders.health is healthy."}
	}
	if p := tooDeep(text); p != nil {
		return nil, p
	}
	tree, err := parser.ParseString("", text)
	if err == nil {
		return tree, nil
	}
	p := &Problem{Code: diag.CondSyntax, Summary: "Condition not understood", Detail: err.Error() + "."}
	if pe, ok := errors.AsType[participle.Error](err); ok {
		p.Offset = min(pe.Position().Offset, len(text))
		p.Length = tokenLength(text[p.Offset:])
		p.Detail = explainSyntax(text, p.Offset)
	}
	return nil, p
}

// lexed lists the tokens of a text, without space, as far as it can be read.
func lexed(text string) []lexer.Token {
	var out []lexer.Token
	lex, err := tokens.LexString("", text)
	for err == nil {
		var t lexer.Token
		if t, err = lex.Next(); err != nil || t.EOF() {
			break
		}
		if strings.TrimSpace(t.Value) != "" {
			out = append(out, t)
		}
	}
	return out
}

// tooDeep bounds nesting before the parser, which recurses, sees it.
func tooDeep(text string) *Problem {
	depth, signs := 0, 0
	for _, t := range lexed(text) {
		switch t.Value {
		case "(":
			depth++
		case ")":
			depth--
			signs = 0
		case "-", "not":
			signs++
		default:
			signs = 0
		}
		if depth > maxDepth || signs > maxDepth {
			return &Problem{
				Code: diag.CondSyntax, Offset: t.Pos.Offset, Length: len(t.Value), Summary: "Condition nested too deeply",
				Detail: fmt.Sprintf("At most %d parentheses may be open at once, and as many signs follow one another.", maxDepth),
			}
		}
	}
	return nil
}

// tokenLength is the length of the token that the text begins with.
func tokenLength(rest string) int {
	if rest == "" {
		return 0
	}
	if lex, err := tokens.LexString("", rest); err == nil {
		if t, err := lex.Next(); err == nil {
			return len(t.Value)
		}
	}
	if n := len(rest) - len(strings.TrimLeft(rest, "&|!=~")); n > 0 {
		return n
	}
	if n := strings.IndexAny(rest, " \t\r\n()[],"); n > 0 {
		return n
	} else if n == 0 {
		return 1
	}
	return len(rest)
}

// before is the token in front of an offset.
func before(text string, offset int) lexer.Token {
	all := lexed(text[:offset])
	if len(all) == 0 {
		return lexer.Token{}
	}
	return all[len(all)-1]
}

// explainSyntax says in words what was met and what could stand there.
func explainSyntax(text string, offset int) string {
	met := text[offset : offset+tokenLength(text[offset:])]
	said := "The end"
	if met != "" {
		said = strconv.Quote(met)
	}
	return fmt.Sprintf("%s was not expected here. %s", said, syntaxHint(met, before(text, offset), offset))
}

func syntaxHint(met string, last lexer.Token, offset int) string {
	symbols := map[string]string{
		"&": "`and`", "|": "`or`", "!": "`not`", "=": "`==` or `is`", "~": "`matches`",
	}
	if met != "" && symbols[met[:1]] != "" {
		return fmt.Sprintf("Write %s.", symbols[met[:1]])
	}
	adjacent := last.Value != "" && last.Pos.Offset+len(last.Value) == offset
	kind := last.Type
	switch {
	case met != "" && strings.ContainsAny(met[:1], `"'`):
		if tokenIsWhole(met) {
			return "Text may only stand opposite a name that has text as its value."
		}
		return "The text that begins here has no closing quote."
	case adjacent && (kind == tokens.Symbols()["Duration"] || kind == tokens.Symbols()["Number"]):
		return "Durations are written with the units ms, s, m and h, as in 250ms, 10s or 1m30s."
	case last.Value == "from" || last.Value == "to":
		return "Here stands an event, such as fault.network_partition.cut.injected."
	case last.Value == "within" || last.Value == "for":
		return "Here stands a duration, such as 250ms, 10s or 1m30s."
	case last.Value == "is" || last.Value == "in" || last.Value == "not" && met == "":
		return "Here stands a value, as in `dc1.job.orders.health is healthy` or `dc1.job.orders.health in (healthy, partially_healthy)`."
	case last.Value == "matches":
		return "Here stands a pattern in quotes."
	case met == "":
		return "The condition stops in the middle: a comparison or a closing parenthesis is missing."
	case met == "," || last.Value == ",":
		return "A window is a duration, as in `rate(x.y, 10s)`, or lies between two events, as in `rate(x.y, from A to B)`."
	case met == "(" && adjacent:
		return "Functions are rate, avg, min, max, p50, p90, p99, count, delta, changes, age and time."
	case !slices.Contains(keywords, met) && near(strings.ToLower(met), keywords) != "":
		return fmt.Sprintf("Did you mean `%s`?", near(strings.ToLower(met), keywords))
	case kind == tokens.Symbols()["Ident"] && near(last.Value, keywords) != "":
		return fmt.Sprintf("Did you mean `%s` in front of it?", near(last.Value, keywords))
	case comparisons[met]:
		return "Comparisons are not chained. Write two, joined by `and`."
	case met == ")":
		return "There is nothing in front of it, or it closes nothing."
	case kind == tokens.Symbols()["Ident"] || last.Value == "]":
		return "A name has a dot in it (`dc1.reachable`), and comparisons are joined by and, or, not. Text is quoted."
	}
	return "A condition is built from comparisons (`dc1.job.orders.health is healthy`, `wait.takeover.rto <= 60s`) joined by and, or, not."
}

var comparisons = map[string]bool{"==": true, "!=": true, "<": true, "<=": true, ">": true, ">=": true, "is": true, "in": true, "matches": true}

// tokenIsWhole reports whether a text has both of its quotes.
func tokenIsWhole(s string) bool { return len(s) > 1 && s[len(s)-1] == s[0] }
