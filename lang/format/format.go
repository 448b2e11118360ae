// Package format puts plan files into their canonical layout.
//
// It changes spaces and line ends only, never a word: whoever compares the tokens before and after finds them
// the same. It reads one file at a time and does not know what plans mean; lang/check does.
package format

import (
	"bytes"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/xdc-project/xdc/lang/diag"
)

// maxPasses is how often the layout is applied until it no longer changes.
const maxPasses = 4

// Source returns the canonical layout of a plan file: two spaces for each level, equals signs and comments of
// neighbouring lines aligned, a line end at the end. A file with errors is returned as it is, with findings. A
// file in JSON syntax (its name ends with .json) has no canonical layout and is returned as it is, without.
func Source(b []byte, name string) ([]byte, diag.List) {
	if strings.HasSuffix(name, ".json") {
		return b, nil
	}
	in := bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	if len(in) > 0 && in[len(in)-1] != '\n' {
		in = append(bytes.Clone(in), '\n')
	}
	if _, diags := hclsyntax.ParseConfig(in, name, hcl.InitialPos); diags.HasErrors() {
		return b, findings(diags)
	}
	out := in
	for range maxPasses {
		next := hclwrite.Format(out)
		if bytes.Equal(next, out) {
			break
		}
		out = next
	}
	if !sameTokens(in, out, name) || !bytes.Equal(hclwrite.Format(out), out) {
		// The layout of something very odd would change what it means, or never come to rest: better leave it.
		return b, nil
	}
	return out, nil
}

// findings are those of the parser, each with the code for bad syntax.
func findings(hds hcl.Diagnostics) diag.List {
	l := diag.List(nil).Append(hds)
	for i := range l {
		if l[i].Code == diag.Unclassified {
			l[i].Code = diag.BadSyntax
		}
	}
	return l
}

// sameTokens reports whether two texts consist of the same words.
func sameTokens(a, b []byte, name string) bool {
	ta, da := hclsyntax.LexConfig(a, name, hcl.InitialPos)
	tb, db := hclsyntax.LexConfig(b, name, hcl.InitialPos)
	if da.HasErrors() || db.HasErrors() || len(ta) != len(tb) {
		return false
	}
	for i := range ta {
		if ta[i].Type != tb[i].Type || !bytes.Equal(word(ta[i]), word(tb[i])) {
			return false
		}
	}
	return true
}

// word is what a token says, without the white space around a heredoc's end.
func word(t hclsyntax.Token) []byte {
	if t.Type == hclsyntax.TokenCHeredoc {
		return bytes.TrimSpace(t.Bytes)
	}
	return t.Bytes
}
