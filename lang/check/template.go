package check

import (
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/value"
)

// spliced is a condition's text after its template was evaluated, and where its parts came from.
type spliced struct {
	text  string
	parts []part
	whole hcl.Range
}

// part is a stretch of the text.
type part struct {
	from, to int // in the text
	rng      hcl.Range
	// source is the literal as it is written; nil for spliced values and where it cannot be told.
	source []byte
	quoted bool
}

// splice evaluates the template of a condition. Targets, jobs and other steps are spliced as conditions name
// them.
func (s *scope) splice(expr hcl.Expression) (*spliced, bool) {
	out := &spliced{whole: expr.Range()}
	parts := s.templateParts(expr)
	ok := true
	for _, p := range parts {
		text, good := s.spliceOne(p.expr, p.literal)
		ok = ok && good
		if !good {
			continue
		}
		from := len(out.text)
		out.text += text
		pt := part{from: from, to: len(out.text), rng: p.expr.Range()}
		if p.literal && p.precise {
			pt.source, pt.quoted = s.mod.source(p.expr.Range()), p.quoted
		}
		out.parts = append(out.parts, pt)
	}
	return out, ok
}

type templatePart struct {
	expr    hcl.Expression
	literal bool
	// precise says that the literal's range covers exactly its source text; quoted that backslashes escape.
	precise, quoted bool
}

// templateParts takes a template apart; anything else is one part.
func (s *scope) templateParts(expr hcl.Expression) []templatePart {
	expr = hcl.UnwrapExpression(expr)
	switch e := expr.(type) {
	case *hclsyntax.ParenthesesExpr:
		return s.templateParts(e.Expression)
	case *hclsyntax.TemplateWrapExpr:
		return []templatePart{{expr: e.Wrapped}}
	case *hclsyntax.TemplateExpr:
		return literalParts(e.Parts, quotedAt(s.mod.source(e.SrcRange)))
	case hclsyntax.Node:
		return []templatePart{{expr: expr}}
	}
	// JSON syntax: the string is a template whose source cannot be mapped back because of JSON's own escapes.
	v, hds := expr.Value(nil)
	if hds.HasErrors() || v.IsNull() || v.Type() != cty.String {
		return []templatePart{{expr: expr}}
	}
	rng := expr.Range()
	tmpl, hds := hclsyntax.ParseTemplate([]byte(v.AsString()), rng.Filename, rng.Start)
	if hds.HasErrors() {
		return []templatePart{{expr: expr}}
	}
	switch e := tmpl.(type) {
	case *hclsyntax.TemplateWrapExpr:
		return []templatePart{{expr: e.Wrapped}}
	case *hclsyntax.TemplateExpr:
		parts := literalParts(e.Parts, false)
		for i := range parts {
			parts[i].precise = false
		}
		return parts
	}
	return []templatePart{{expr: tmpl}}
}

func literalParts(exprs []hclsyntax.Expression, quoted bool) []templatePart {
	out := make([]templatePart, len(exprs))
	for i, e := range exprs {
		_, lit := e.(*hclsyntax.LiteralValueExpr)
		out[i] = templatePart{expr: e, literal: lit, precise: lit, quoted: quoted}
	}
	return out
}

func quotedAt(src []byte) bool { return len(src) > 0 && src[0] == '"' }

// source is the text of a range of the module's files; nil if it cannot be told.
func (m *module) source(r hcl.Range) []byte {
	b := m.conf.Set.Bytes(r.Filename)
	if r.Start.Byte < 0 || r.End.Byte > len(b) || r.Start.Byte > r.End.Byte {
		return nil
	}
	return b[r.Start.Byte:r.End.Byte]
}

// spliceOne is the text of one part.
func (s *scope) spliceOne(expr hcl.Expression, literal bool) (string, bool) {
	v, ok := s.eval(expr)
	if !ok {
		return "", false
	}
	fail := func(code diag.Code, summary, detail string) (string, bool) {
		s.report(diag.Diagnostic{Code: code, Subject: expr.Range().Ptr(), Summary: summary, Detail: detail, Values: s.valuesIn(expr)})
		return "", false
	}
	if value.IsSensitive(v) {
		return fail(diag.SensitiveHere, "A condition must not hold a secret", "Conditions are shown in plans and reports. Use a value that is not sensitive.")
	}
	if h, ok := handleOf(v); ok {
		return conditionName(h), true
	}
	if hs, ok := jobHandles(v); ok && len(hs) > 0 {
		if in := s.mod.c.instances[hs[0]]; in != nil && in.copyOf.target != "" {
			return in.jobPath(), true
		}
	}
	v, _ = v.UnmarkDeep()
	if !v.IsKnown() {
		return fail(diag.MustBeKnown, "Only values known while planning can stand in a condition",
			"The result of a step is written as a path, without ${}: \"wait.takeover.rto <= 60s\".")
	}
	str, err := convert.Convert(v, cty.String)
	if err != nil || str.IsNull() {
		what := "null"
		if !v.IsNull() {
			what = describe(v)
		}
		return fail(diag.NotCondition, "This cannot stand in a condition", "It is "+what+" here; a condition takes strings, numbers, bools, targets, hosts, jobs and steps.")
	}
	_ = literal
	return str.AsString(), true
}

// conditionName is a handle as conditions name it: a target and its hosts without `target.`.
func conditionName(h string) string {
	if rest, ok := strings.CutPrefix(h, "target."); ok {
		return rest
	}
	return h
}

// rangeOf is where a stretch of the text stands in the file.
func (sp *spliced) rangeOf(offset, length int) hcl.Range {
	start, ok1 := sp.pos(offset, false)
	end, ok2 := sp.pos(offset+length, true)
	if !ok1 || !ok2 || start.Filename != end.Filename || end.End.Byte < start.Start.Byte {
		return sp.whole
	}
	return hcl.Range{Filename: start.Filename, Start: start.Start, End: end.End}
}

// pos returns the place of an offset: of the part around it, or within a literal.
func (sp *spliced) pos(offset int, end bool) (hcl.Range, bool) {
	for i, p := range sp.parts {
		inside := offset >= p.from && offset < p.to
		if end {
			inside = offset > p.from && offset <= p.to
		}
		if !inside && (i != len(sp.parts)-1 || offset < p.to) && (!end || offset != p.from || i != 0) {
			continue
		}
		if p.source == nil {
			// A spliced value, or a literal that cannot be mapped.
			return p.rng, len(sp.parts) != 1 || !p.rng.Empty()
		}
		at, ok := sourceOffset(p.source, sp.text[p.from:p.to], min(offset, p.to)-p.from, p.quoted)
		if !ok {
			return p.rng, true
		}
		pos := advance(p.rng.Start, p.source[:at])
		return hcl.Range{Filename: p.rng.Filename, Start: pos, End: pos}, true
	}
	return sp.whole, len(sp.parts) > 0
}

// advance moves a position over text.
func advance(pos hcl.Pos, text []byte) hcl.Pos {
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		text = text[n:]
		pos.Byte += n
		pos.Column++
		if r == '\n' {
			pos.Line++
			pos.Column = 1
		}
	}
	return pos
}

// sourceOffset finds where byte `want` of a literal's value stands in its source text, which may have escapes
// and, in a heredoc, indentation that is not part of the value.
func sourceOffset(src []byte, val string, want int, quoted bool) (int, bool) {
	i, j := 0, 0
	lineStart := true
	for j < want {
		if i >= len(src) {
			return 0, false
		}
		n, decoded := unit(src[i:], quoted)
		switch {
		case strings.HasPrefix(val[j:], decoded):
			lineStart = decoded == "\n" || lineStart && (decoded == " " || decoded == "\t")
			i, j = i+n, j+len(decoded)
		case lineStart && !quoted && (src[i] == ' ' || src[i] == '\t'):
			i++ // indentation that <<- takes away
		default:
			return 0, false
		}
	}
	for lineStart && !quoted && j < len(val) && i < len(src) && (src[i] == ' ' || src[i] == '\t') && val[j] != src[i] {
		i++
	}
	return i, true
}

// unit decodes one character of a template's literal text: its length in the source, and what it stands for.
func unit(src []byte, quoted bool) (int, string) {
	s := string(src[:min(len(src), 10)])
	if strings.HasPrefix(s, "$${") {
		return 3, "${"
	}
	if strings.HasPrefix(s, "%%{") {
		return 3, "%{"
	}
	if quoted && strings.HasPrefix(s, `\`) && len(s) > 1 {
		switch s[1] {
		case 'n':
			return 2, "\n"
		case 'r':
			return 2, "\r"
		case 't':
			return 2, "\t"
		case '"', '\\':
			return 2, s[1:2]
		case 'u', 'U':
			n := map[byte]int{'u': 4, 'U': 8}[s[1]]
			if r, ok := hexRune(s[2:], n); ok {
				return 2 + n, string(r)
			}
		}
	}
	_, n := utf8.DecodeRune(src)
	return n, string(src[:n])
}

func hexRune(s string, n int) (rune, bool) {
	if len(s) < n {
		return 0, false
	}
	var r rune
	for _, c := range s[:n] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | (c - '0')
		case c >= 'a' && c <= 'f':
			r = r<<4 | (c - 'a' + 10)
		case c >= 'A' && c <= 'F':
			r = r<<4 | (c - 'A' + 10)
		default:
			return 0, false
		}
	}
	return r, true
}
