package value

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"html"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// minPart is how long a form that is only a part of a secret must be to be looked for.
const minPart = 8

// forms are the ways in which a secret may stand in output.
func forms(secret string) []string {
	var out []string
	bases := []string{secret}
	if strings.Contains(secret, "\n") {
		for line := range strings.SplitSeq(secret, "\n") {
			if line = strings.TrimSpace(line); len(line) >= minPart && !strings.HasPrefix(line, "-----") {
				bases = append(bases, line)
			}
		}
	}
	if s := strings.TrimSpace(secret); len(s) >= minSecret {
		bases = append(bases, s)
	}
	for _, s := range bases {
		quoted := append(shellForms(s), urlForms(s)...)
		quoted = append(quoted, s, html.EscapeString(s))
		out = append(out, quoted...)
		for _, q := range quoted {
			for _, once := range jsonForms(q) {
				out = append(out, once)
				out = append(out, jsonForms(once)...)
			}
		}
		out = append(out, base64Forms(s)...)
	}
	return out
}

// jsonForms are the insides of string literals.
func jsonForms(s string) []string {
	inside := func(q string) string { return q[1 : len(q)-1] }
	out := []string{inside(strconv.Quote(s)), inside(strconv.QuoteToASCII(s))}
	if b, err := json.Marshal(s); err == nil {
		out = append(out, inside(string(b)))
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err == nil {
		out = append(out, inside(strings.TrimSuffix(b.String(), "\n")))
	}
	return append(out, strings.ReplaceAll(out[len(out)-1], "/", `\/`))
}

var shellSpecial = regexp.MustCompile(`[^A-Za-z0-9_@%+=:,./-]`)

func shellForms(s string) []string {
	return []string{
		strings.ReplaceAll(s, `'`, `'\''`),
		strings.ReplaceAll(s, `'`, `'"'"'`),
		shellSpecial.ReplaceAllString(s, `\$0`),
		strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "`", "\\`").Replace(s),
	}
}

var percentCode = regexp.MustCompile(`%[0-9A-F]{2}`)

func urlForms(s string) []string {
	every := strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
	out := []string{url.QueryEscape(s), url.PathEscape(s), every}
	if user, ok := strings.CutPrefix(url.UserPassword("", s).String(), ":"); ok {
		out = append(out, user)
	}
	for _, f := range out {
		out = append(out, percentCode.ReplaceAllStringFunc(f, strings.ToLower))
	}
	return out
}

// base64Forms are the encodings by themselves, and those with one or two bytes before them, of which only the
// characters are fixed that no neighbour has a part in.
func base64Forms(s string) []string {
	var out []string
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		out = append(out, enc.EncodeToString([]byte(s)), enc.WithPadding(base64.NoPadding).EncodeToString([]byte(s)))
		for k := range 3 {
			text := enc.EncodeToString(append(make([]byte, k), s...))
			fixed := text[(k*8+5)/6 : (k+len(s))*8/6]
			if len(fixed) >= minPart {
				out = append(out, fixed)
			}
		}
	}
	return out
}
