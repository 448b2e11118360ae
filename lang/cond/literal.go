package cond

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/signal"
)

// literal makes a constant; a word takes the type of what stands opposite.
func (c *compiler) literal(n *literalNode, opposite valueNode) valueNode {
	if n.Word == nil {
		return c.plain(n)
	}
	if opposite == nil {
		return nil
	}
	t := opposite.typ()
	if t.Kind != signal.EnumKind || t.Enum == nil {
		hint := ""
		if t.Kind == signal.String {
			hint = " Put text in quotes."
		}
		c.problem(diag.CondLoneWord, n.Pos.Offset, len(*n.Word), "Word without a meaning here", "%s is a %s, which has no words.%s", show(opposite), t, hint)
		return nil
	}
	if !t.Enum.Has(*n.Word) {
		hint := "It is one of " + strings.Join(t.Enum.Values, ", ") + "."
		if w := near(*n.Word, t.Enum.Values); w != "" {
			hint = fmt.Sprintf("Did you mean `%s`? ", w) + hint
		}
		if t.Enum.Open {
			hint += fmt.Sprintf(" For a word that a newer server may send, write it in quotes: %q.", *n.Word)
		}
		c.problem(diag.CondEnumWord, n.Pos.Offset, len(*n.Word), "Unknown word", "%s is never %q. %s", show(opposite), *n.Word, hint)
		return nil
	}
	return word{*n.Word, t}
}

// word is an enum word with its type.
type word struct {
	text string
	t    signal.Type
}

func (n word) print(b *strings.Builder, _ int)  { b.WriteString(n.text) }
func (n word) value(*look) (signal.Value, bool) { return signal.EnumVal(n.text), true }
func (n word) typ() signal.Type                 { return n.t }

func (c *compiler) plain(n *literalNode) valueNode {
	switch {
	case n.Duration != nil:
		d, err := durationOf(*n.Duration)
		if err != nil {
			c.problem(diag.CondDuration, n.Pos.Offset, len(*n.Duration), "Duration out of range", "%s.", err)
		}
		return constant{signal.DurationVal(d), formatDuration(d)}
	case n.Percent != nil:
		f, _ := strconv.ParseFloat(strings.TrimSuffix(*n.Percent, "%"), 64)
		return constant{signal.RatioVal(f / 100), *n.Percent}
	case n.Number != nil:
		f, err := strconv.ParseFloat(*n.Number, 64)
		if err != nil || math.IsInf(f, 0) {
			c.problem(diag.CondTypes, n.Pos.Offset, len(*n.Number), "Number out of range", "%s cannot be held.", *n.Number)
		}
		return constant{signal.NumberVal(f), strconv.FormatFloat(f, 'g', -1, 64)}
	case n.String != nil:
		s := unquote(*n.String)
		return constant{signal.StringVal(s), quoted(s)}
	case n.Bool != nil:
		return constant{signal.BoolVal(*n.Bool == "true"), *n.Bool}
	}
	return nil
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

// escapes are what a backslash means in front of a character. In front of any other it stays, so that patterns need
// not double it.
var escapes = map[byte]byte{'\\': '\\', '"': '"', '\'': '\'', 'n': '\n', 't': '\t'}

// unquote reads a string of either kind of quotes.
func unquote(s string) string {
	if len(s) < 2 {
		return s
	}
	s = s[1 : len(s)-1]
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			if c, ok := escapes[s[i+1]]; ok {
				b.WriteByte(c)
				i++
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
