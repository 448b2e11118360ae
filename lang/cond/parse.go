package cond

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/participle/v2"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/signal"
)

// Bounds of a condition.
const (
	maxText  = 64 << 10
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
	var pe participle.Error
	if errors.As(err, &pe) {
		p.Offset = min(pe.Position().Offset, len(text))
		p.Length = tokenLength(text[p.Offset:])
		p.Detail = explainSyntax(text, p.Offset, pe.Message())
	}
	return nil, p
}

// tooDeep bounds nesting before the parser, which recurses, sees it.
func tooDeep(text string) *Problem {
	depth := 0
	for i, r := range text {
		switch r {
		case '(':
			depth++
		case ')':
			depth--
		}
		if depth > maxDepth {
			return &Problem{Code: diag.CondSyntax, Offset: i, Length: 1, Summary: "Condition nested too deeply", Detail: fmt.Sprintf("At most %d parentheses may be open at once.", maxDepth)}
		}
	}
	if n := strings.Count(text, "not ") + strings.Count(text, "- ") + strings.Count(text, "not("); n > 10*maxDepth {
		return &Problem{Code: diag.CondSyntax, Summary: "Condition nested too deeply", Detail: "It has too many signs and negations."}
	}
	return nil
}

func tokenLength(rest string) int {
	n := strings.IndexAny(rest, " \t\r\n()[],")
	switch {
	case rest == "":
		return 0
	case n < 0:
		return len(rest)
	case n == 0:
		return 1
	}
	return n
}

// explainSyntax says in words what was met and what could stand there.
func explainSyntax(text string, at int, message string) string {
	met := "the end"
	if n := tokenLength(text[at:]); n > 0 {
		met = strconv.Quote(text[at : at+n])
	}
	hint := "A condition is built from comparisons (`dc1.job.orders.health is healthy`, `wait.takeover.rto <= 60s`) joined by and, or, not."
	word := strings.ToLower(strings.Trim(met, `"`))
	before := strings.TrimRight(text[:at], " \t\r\n")
	switch {
	case word == "&&" || word == "&":
		hint = "Write `and`."
	case word == "||" || word == "|":
		hint = "Write `or`."
	case word == "!" || strings.HasPrefix(word, "!") && word != "!=":
		hint = "Write `not`."
	case word == "=":
		hint = "Write `==` or `is`."
	case strings.HasSuffix(before, ")") || strings.HasSuffix(before, "from") || strings.HasSuffix(before, "to"):
		hint = "After `from` and `to` stands an event such as fault.network_partition.cut.injected."
	case near(word, keywords) != "":
		hint = fmt.Sprintf("Did you mean `%s`?", near(word, keywords))
	case strings.Contains(message, "unexpected token") && word != "the end" && word != "":
		hint = "A name has a dot in it (`dc1.reachable`); a word without one may only stand behind `is` or opposite a name of that kind. Text is quoted."
	}
	return fmt.Sprintf("%s was not expected here. %s", strings.ToUpper(met[:1])+met[1:], hint)
}

// durationOf reads `1m30s`, `250ms`.
func durationOf(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is not a duration", text)
	}
	return d, nil
}

func formatDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	if d%time.Millisecond != 0 || strings.Contains(s, "µ") || strings.Contains(s, "n") {
		return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + "s"
	}
	return s
}

// unquote reads a string of either kind of quotes: a backslash takes the next character as it is.
func unquote(s string) string {
	if len(s) < 2 {
		return s
	}
	s = s[1 : len(s)-1]
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
			switch s[i] {
			case 'n':
				b.WriteByte('\n')
				continue
			case 't':
				b.WriteByte('\t')
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func quoted(s string) string {
	r := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`)
	return `"` + r.Replace(s) + `"`
}

// literalText prints a literal as the language reads it.
func literalText(v signal.Value) string {
	switch v.Kind {
	case signal.Duration:
		return formatDuration(time.Duration(v.Num * float64(time.Second)))
	case signal.Ratio:
		return strconv.FormatFloat(v.Num*100, 'f', -1, 64) + "%"
	case signal.Number:
		return strconv.FormatFloat(v.Num, 'g', -1, 64)
	case signal.String:
		return quoted(v.Text)
	case signal.Bool:
		return strconv.FormatBool(v.Bool)
	case signal.EnumKind, signal.Invalid:
	}
	return v.Text
}
