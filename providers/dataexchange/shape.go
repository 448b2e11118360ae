package dataexchange

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/spl"
)

// shape is what a document says of a value: its type of SPL where it names one, and else its schema.
type shape struct {
	typ      *spl.Type
	kinds    []string // JSON types; none: any
	nullable bool
	words    []string // of an enum of strings
	props    map[string]*shape
	required []string
	open     bool // other properties may be there
	items    *shape
}

// shape compiles a schema. What it does not understand it takes for anything.
func (d *document) shape(v any, depth int, left *int) *shape {
	m := d.follow(v)
	if *left--; m == nil || depth > maxReferences || *left < 0 {
		return nil
	}
	out := &shape{}
	if text, ok := m["description"].(string); ok {
		if t, ok := spl.Described(text); ok {
			out.typ = &t
		}
	}
	switch k := m["type"].(type) {
	case string:
		out.kinds = []string{k}
	case []any: // 3.1
		for _, x := range k {
			if s, ok := x.(string); ok {
				out.kinds = append(out.kinds, s)
			}
		}
	}
	nullable, _ := m["nullable"].(bool)
	out.nullable = nullable || slices.Contains(out.kinds, "null")
	if list, ok := m["enum"].([]any); ok {
		for _, x := range list {
			if s, ok := x.(string); ok {
				out.words = append(out.words, s)
			}
		}
	}
	out.items = d.shape(m["items"], depth+1, left)
	out.object(d, m, depth, left)
	if parts, ok := m["allOf"].([]any); ok {
		for _, p := range parts {
			out.join(d.shape(p, depth+1, left))
		}
	}
	if m["oneOf"] != nil || m["anyOf"] != nil || m["not"] != nil {
		return &shape{open: true} // which of them it is cannot be said
	}
	return out
}

// object compiles what a schema says of properties.
func (s *shape) object(d *document, m map[string]any, depth int, left *int) {
	props, _ := m["properties"].(map[string]any)
	for name, v := range props {
		if s.props == nil {
			s.props = map[string]*shape{}
		}
		s.props[name] = d.shape(v, depth+1, left)
	}
	if list, ok := m["required"].([]any); ok {
		for _, x := range list {
			if name, ok := x.(string); ok {
				s.required = append(s.required, name)
			}
		}
	}
	switch extra := m["additionalProperties"].(type) {
	case bool:
		s.open = extra
	case map[string]any:
		s.open = true
	}
}

// join adds what another schema says of the same value.
func (s *shape) join(o *shape) {
	if o == nil {
		return
	}
	if s.typ == nil {
		s.typ = o.typ
	}
	if len(s.kinds) == 0 {
		s.kinds = o.kinds
	}
	if len(s.words) == 0 {
		s.words = o.words
	}
	if s.items == nil {
		s.items = o.items
	}
	if s.props == nil {
		s.props = o.props
	} else {
		maps.Copy(s.props, o.props)
	}
	s.required = append(s.required, o.required...)
	s.nullable, s.open = s.nullable || o.nullable, s.open || o.open
}

// check holds a record against the shape.
func (s *shape) check(raw json.RawMessage) []spl.Problem {
	return s.value(bytes.TrimSpace(raw), "", 0)
}

func (s *shape) value(raw []byte, path string, depth int) []spl.Problem {
	if s == nil || depth > maxReferences {
		return nil
	}
	if s.typ != nil && (len(s.props) == 0 || s.typ.Form() != spl.FormObject) {
		return under(path, s.typ.Check(raw))
	}
	kind := kindOf(raw)
	switch {
	case kind == "null" && (s.nullable || len(s.kinds) == 0):
		return nil
	case kind == "null":
		return []spl.Problem{{Class: spl.Missing, Path: path, Text: "is null, and the endpoint takes " + strings.Join(s.kinds, " or ")}}
	case len(s.kinds) > 0 && !slices.ContainsFunc(s.kinds, func(k string) bool { return k == kind || k == "number" && kind == "integer" }):
		return []spl.Problem{{Class: spl.Wrong, Path: path, Text: fmt.Sprintf("is %s, and the endpoint takes %s", kind, strings.Join(s.kinds, " or "))}}
	}
	switch kind {
	case "string":
		var text string
		if len(s.words) > 0 && json.Unmarshal(raw, &text) == nil && !slices.Contains(s.words, text) {
			return []spl.Problem{{Class: spl.Wrong, Path: path, Text: fmt.Sprintf("is %.40q, and the endpoint takes %s", text, strings.Join(s.words[:min(len(s.words), 10)], ", "))}}
		}
	case "array":
		return s.array(raw, path, depth)
	case "object":
		return s.fields(raw, path, depth)
	}
	return nil
}

func (s *shape) array(raw []byte, path string, depth int) (out []spl.Problem) {
	var els []json.RawMessage
	if s.items == nil || json.Unmarshal(raw, &els) != nil {
		return nil
	}
	for i, el := range els {
		out = append(out, s.items.value(bytes.TrimSpace(el), fmt.Sprintf("%s[%d]", path, i), depth+1)...)
		if len(out) >= maxSaid {
			return out[:maxSaid]
		}
	}
	return out
}

// fields checks an object: its required properties, then those it has, by name.
func (s *shape) fields(raw []byte, path string, depth int) (out []spl.Problem) {
	var m map[string]json.RawMessage
	if json.Unmarshal(raw, &m) != nil {
		return nil
	}
	names := slices.Sorted(maps.Keys(s.props))
	for _, name := range names {
		if _, ok := m[name]; ok {
			continue
		}
		p := spl.Problem{Class: spl.Missing, Path: within(path, name), Text: "is missing, and gets the default of its type"}
		switch of := s.props[name]; {
		case slices.Contains(s.required, name):
			p.Class, p.Text = spl.Wrong, "is missing, and the endpoint requires it"
		case of == nil || of.nullable || of.typ != nil && of.typ.Kind == spl.Optional:
			continue
		}
		out = append(out, p)
	}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		of, known := s.props[name]
		switch {
		case known:
			out = append(out, of.value(bytes.TrimSpace(m[name]), within(path, name), depth+1)...)
		case len(s.props) > 0 && !s.open:
			out = append(out, spl.Problem{Class: spl.Unknown, Path: within(path, name), Text: "is no attribute of it, which has " + listing(names), Near: diag.Near(name, names)})
		}
		if len(out) >= maxSaid {
			return out[:maxSaid]
		}
	}
	return out
}

// maxSaid bounds how many problems of one value are told.
const maxSaid = 20

func listing(names []string) string {
	out := strings.Join(names[:min(len(names), 10)], ", ")
	if len(names) > 10 {
		out += fmt.Sprintf(" and %d more", len(names)-10)
	}
	if len(out) > maxMessage {
		out = strings.ToValidUTF8(out[:maxMessage], "") + "..."
	}
	return out
}

// under puts problems below a path.
func under(path string, found []spl.Problem) []spl.Problem {
	for i := range found {
		switch p := &found[i]; {
		case p.Path == "":
			p.Path = path
		case path != "" && p.Path[0] != '[':
			p.Path = path + "." + p.Path
		default:
			p.Path = path + p.Path
		}
	}
	return found
}

func within(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// kindOf is the type of a JSON value in the words of JSON Schema.
func kindOf(raw []byte) string {
	if len(raw) == 0 {
		return "null"
	}
	switch raw[0] {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case 't', 'f':
		return "boolean"
	case 'n':
		return "null"
	}
	if !spl.Whole(string(raw)) {
		return "number"
	}
	return "integer"
}
