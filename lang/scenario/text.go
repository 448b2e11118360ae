package scenario

import (
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
)

// quote is a text as a plan has it. Nothing in it can end the quotes or begin a template.
func quote(s string) string { return string(hclwrite.TokensForValue(cty.StringVal(s)).Bytes()) }

// longName is how long a name may become.
const longName = 60

// identifier makes a name of any text.
func identifier(s, fallback string) string {
	var b strings.Builder
	for _, r := range s {
		if b.Len() >= longName {
			break
		}
		switch {
		case r < unicode.MaxASCII && (unicode.IsLetter(r) || b.Len() > 0 && (unicode.IsDigit(r) || r == '-')):
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "_"):
			b.WriteByte('_')
		}
	}
	name := strings.Trim(b.String(), "_-")
	if name == "" || !hclsyntax.ValidIdentifier(name) {
		return fallback
	}
	return name
}

// key is a name in an object.
func key(s string) string {
	if hclsyntax.ValidIdentifier(s) && s != "for" && s != "null" && s != "true" && s != "false" {
		return s
	}
	return quote(s)
}

// longText is how much of a text from outside is shown.
const longText = 120

// shown makes a text from outside fit for comments and findings: one line, nothing that a terminal obeys.
func shown(s string) string {
	var b strings.Builder
	for i, r := range s {
		if i >= longText {
			b.WriteString("...")
			break
		}
		switch {
		case unicode.IsSpace(r):
			b.WriteByte(' ')
		case !unicode.IsPrint(r):
			b.WriteRune(unicode.ReplacementChar)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// wide is how long lines of comments become.
const wide = 110

// comment is a text as the lines of a comment.
func comment(s string) string {
	var b strings.Builder
	at := 0
	for w := range strings.FieldsSeq(s) {
		if at > 0 && at+1+len(w) > wide {
			b.WriteByte('\n')
			at = 0
		}
		if at == 0 {
			b.WriteByte('#')
			at = 1
		}
		b.WriteString(" " + w)
		at += 1 + len(w)
	}
	b.WriteByte('\n')
	return b.String()
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
