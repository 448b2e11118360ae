// Package openapi learns from a server's OpenAPI document by which calls its resources are stopped, started and the like.
//
// It is careful: a call is learnt only where exactly one fits and all that the call needs is known.
package openapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Bounds of what is read of a document.
const (
	// MaxSize bounds a document, in bytes.
	MaxSize = 8 << 20

	maxPaths  = 20_000
	maxDepth  = 16     // of references and compositions of one schema
	maxVisits = 10_000 // schemas looked at for one call
)

// Want is something to be done to a resource.
type Want struct {
	// Collections are the path segments in front of the resource's id, in lower case: "pes".
	Collections []string
	// Words are how a document may call the resource: "pe".
	Words []string
	// Verb is what is to be done: "stop".
	Verb string
}

// Call is a call that does it.
type Call struct {
	Method string
	// Suffix is the path below the resource's own link; it may be empty.
	Suffix string
	// Body is JSON; nil where there is none.
	Body json.RawMessage
}

// Document is a parsed document.
type Document struct {
	whole map[string]any
	paths map[string]any
}

// Parse reads an OpenAPI (3) or Swagger (2) document in JSON.
func Parse(raw []byte) (*Document, error) {
	if len(raw) > MaxSize {
		return nil, fmt.Errorf("the document has more than %d bytes", MaxSize)
	}
	var d Document
	if err := json.Unmarshal(raw, &d.whole); err != nil {
		return nil, fmt.Errorf("it is not an OpenAPI document in JSON: %w", err)
	}
	d.paths, _ = d.whole["paths"].(map[string]any)
	switch {
	case d.paths == nil || d.whole["openapi"] == nil && d.whole["swagger"] == nil:
		return nil, errors.New("it is not an OpenAPI document: it has no version or no paths")
	case len(d.paths) > maxPaths:
		return nil, fmt.Errorf("it has more than %d paths", maxPaths)
	}
	return &d, nil
}

// Find returns the calls that do what is wanted, each once, in a stable order. Only a single one can be relied on.
func (d *Document) Find(w Want) []Call {
	var out []Call
	for path, item := range d.paths {
		suffix, ok := below(path, w.Collections)
		methods, isItem := item.(map[string]any)
		if !ok || !isItem {
			continue
		}
		for _, method := range []string{"post", "put", "patch"} {
			op, ok := methods[method].(map[string]any)
			if !ok {
				continue
			}
			body, ok := d.fits(w, method, suffix, op)
			c := Call{Method: strings.ToUpper(method), Suffix: suffix, Body: body}
			if ok && !slices.ContainsFunc(out, c.same) {
				out = append(out, c)
			}
		}
	}
	slices.SortFunc(out, func(a, b Call) int {
		return strings.Compare(a.Suffix+" "+a.Method+string(a.Body), b.Suffix+" "+b.Method+string(b.Body))
	})
	return out
}

func (c Call) same(o Call) bool {
	return c.Method == o.Method && c.Suffix == o.Suffix && string(c.Body) == string(o.Body)
}

// below returns what follows the id of a resource in a path: "/stop" of "/instances/{i}/pes/{p}/stop". A resource
// that lies below a job has another link than the one that is known.
func below(path string, collections []string) (suffix string, ok bool) {
	segs := strings.Split(strings.Trim(path, "/"), "/")
	last := -1
	for i, s := range segs {
		if strings.Contains(s, "{") {
			last = i
		}
		if strings.EqualFold(s, "jobs") && !slices.Contains(collections, "jobs") {
			return "", false
		}
	}
	if last < 1 || !slices.Contains(collections, strings.ToLower(segs[last-1])) {
		return "", false
	}
	if last == len(segs)-1 {
		return "", true
	}
	suffix = "/" + strings.Join(segs[last+1:], "/")
	return suffix, !strings.ContainsAny(suffix, "?#%\\ {}") && !strings.Contains(suffix, "..") && len(suffix) < 100
}

// fits reports whether a call does what is wanted, and with which body.
func (d *Document) fits(w Want, method, suffix string, op map[string]any) (body json.RawMessage, ok bool) {
	if needsParameters(op) {
		return nil, false
	}
	schema, required := d.body(op)
	name := strings.ToLower(strings.TrimPrefix(suffix, "/"))
	for _, typed := range []string{"", "action", "actions"} {
		if name != typed || typed != "" && method != "post" {
			continue
		}
		word, found := d.enumWord(schema, w.Verb)
		if !found || len(d.required(schema, "type")) > 0 {
			break
		}
		body, err := json.Marshal(map[string]string{"type": word})
		return body, err == nil
	}
	named := name == w.Verb || slices.ContainsFunc(w.Words, func(x string) bool {
		return name == w.Verb+x || name == w.Verb+"-"+x || name == w.Verb+"_"+x
	})
	if suffix == "" || !named && !said(w, op) {
		return nil, false
	}
	if !required {
		return nil, true
	}
	if schema == nil || len(d.required(schema, "")) > 0 {
		return nil, false // it needs something that nobody knows
	}
	return json.RawMessage("{}"), true
}

// needsParameters reports whether a call has required parameters beside those in its path and its body.
func needsParameters(op map[string]any) bool {
	list, _ := op["parameters"].([]any)
	return slices.ContainsFunc(list, func(x any) bool {
		p, _ := x.(map[string]any)
		need, _ := p["required"].(bool)
		return need && p["in"] != "path" && p["in"] != "body"
	})
}

// said reports whether the id or the summary of a call is the wish in words: "stopPe", "Stop a processing element".
func said(w Want, op map[string]any) bool {
	for _, key := range []string{"operationId", "summary"} {
		text, _ := op[key].(string)
		ws := strings.Join(slices.DeleteFunc(words(text), func(x string) bool {
			return x == "a" || x == "an" || x == "the" || x == "one"
		}), " ")
		if slices.ContainsFunc(w.Words, func(x string) bool { return ws == w.Verb+" "+x }) {
			return true
		}
	}
	return false
}

// words splits "stopPe", "stop_pe" and "Stop the PE" into words in lower case.
func words(text string) []string {
	if len(text) > 200 {
		return nil
	}
	var b strings.Builder
	var before rune
	for _, r := range text {
		switch {
		case !unicode.IsLetter(r):
			r = ' '
		case unicode.IsUpper(r) && unicode.IsLower(before):
			b.WriteByte(' ')
		}
		b.WriteRune(unicode.ToLower(r))
		before = r
	}
	return strings.Fields(b.String())
}
