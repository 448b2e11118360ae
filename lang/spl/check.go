package spl

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Class says what is wrong with a value.
type Class int

// The classes.
const (
	// Wrong: the value is none of the type, and no reader can make one of it.
	Wrong Class = iota + 1
	// Unknown: the tuple has no such attribute; a lenient reader leaves it out.
	Unknown
	// Missing: the attribute is not there, or null; a lenient reader takes the type's default.
	Missing
)

// Problem is something wrong with a value.
type Problem struct {
	Class Class
	Path  string // "address.lines[2]"; "" is the value itself
	Text  string // "is a string, and int64 is a number"
	Near  string // with Unknown: an attribute that may have been meant
}

func (p Problem) String() string {
	if p.Path == "" {
		return "it " + p.Text
	}
	return p.Path + " " + p.Text
}

// maxProblems bounds how many problems of one value are told.
const maxProblems = 20

// Check holds a JSON value against the type. Problems come in the order of the type, then unknown attributes by name.
func (t Type) Check(raw json.RawMessage) []Problem {
	c := checker{}
	c.value(t, bytes.TrimSpace(raw), "", 0)
	return c.found
}

type checker struct{ found []Problem }

func (c *checker) say(class Class, path, format string, args ...any) {
	if len(c.found) < maxProblems {
		c.found = append(c.found, Problem{Class: class, Path: path, Text: fmt.Sprintf(format, args...)})
	}
}

// formOf is the JSON form of a value that is not null.
func formOf(raw []byte) Form {
	if len(raw) == 0 {
		return FormNone
	}
	switch raw[0] {
	case '{':
		return FormObject
	case '[':
		return FormArray
	case '"':
		return FormString
	case 't', 'f':
		return FormBoolean
	}
	return FormNumber
}

func (c *checker) value(t Type, raw []byte, path string, depth int) {
	if depth > maxDepth {
		c.say(Wrong, path, "is nested too deep")
		return
	}
	null := string(raw) == "null"
	if t.Kind == Optional {
		if !null {
			c.value(*t.Elem, raw, path, depth+1)
		}
		return
	}
	want := forms[t.Kind]
	switch have := formOf(raw); {
	case want == FormNone:
		c.say(Wrong, path, "is of the type %s, which has no JSON form", t.Kind)
		return
	case null:
		c.say(Missing, path, "is null, and %s is not optional", t.Kind)
		return
	case have != want:
		c.say(Wrong, path, "is %s, and %s is %s", article(have), t.Kind, article(want))
		return
	}
	switch want { //nolint:exhaustive // of the others nothing more can be said
	case FormNumber:
		if why := fits(t.Kind, string(raw)); why != "" {
			c.say(Wrong, path, "is %.40s, which as %s %s", raw, t.Kind, why)
		}
	case FormString:
		c.text(t, raw, path)
	case FormArray:
		c.array(t, raw, path, depth)
	case FormObject:
		c.object(t, raw, path, depth)
	}
}

func article(f Form) string {
	switch f { //nolint:exhaustive // the others begin with a consonant
	case FormArray, FormObject:
		return "an " + string(f)
	case FormNone:
		return "nothing"
	}
	return "a " + string(f)
}

func (c *checker) text(t Type, raw []byte, path string) {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		c.say(Wrong, path, "is not JSON")
		return
	}
	switch {
	case t.Kind == Enum && !slices.Contains(t.Words, s):
		c.say(Wrong, path, "is %s, and the enum has %s", quoted(s), some(t.Words))
	case t.Bound > 0 && len(s) > t.Bound:
		c.say(Wrong, path, "has %d bytes, and %s[%d] has at most %d", len(s), t.Kind, t.Bound, t.Bound)
	}
}

func quoted(s string) string {
	if len(s) > 40 {
		s = strings.ToValidUTF8(s[:40], "") + "..."
	}
	return strconv.Quote(s)
}

// some lists words, as many as are read easily, and says how many more there are.
func some(words []string) string {
	var b strings.Builder
	for i, w := range words {
		if i == 10 || b.Len()+len(w) > 300 {
			return b.String() + " and " + strconv.Itoa(len(words)-i) + " more"
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(w)
	}
	return b.String()
}

func (c *checker) array(t Type, raw []byte, path string, depth int) {
	var els []json.RawMessage
	if json.Unmarshal(raw, &els) != nil {
		c.say(Wrong, path, "is not JSON")
		return
	}
	if t.Bound > 0 && len(els) > t.Bound {
		c.say(Wrong, path, "has %d elements, and %s has at most %d", len(els), t.Kind, t.Bound)
	}
	for i, el := range els {
		if len(c.found) == maxProblems {
			return
		}
		c.value(*t.Elem, el, fmt.Sprintf("%s[%d]", path, i), depth+1)
	}
}

func (c *checker) object(t Type, raw []byte, path string, depth int) {
	var m map[string]json.RawMessage
	if json.Unmarshal(raw, &m) != nil {
		c.say(Wrong, path, "is not JSON")
		return
	}
	if t.Kind == Map {
		c.pairs(t, m, path, depth)
		return
	}
	for _, f := range t.Fields {
		v, ok := m[f.Name]
		if !ok {
			if f.Type.Kind != Optional {
				c.say(Missing, join(path, f.Name), "is missing, and %s is not optional", f.Type.Kind)
			}
			continue
		}
		delete(m, f.Name)
		c.value(f.Type, v, join(path, f.Name), depth+1)
	}
	for _, name := range sorted(m) {
		if len(c.found) == maxProblems {
			return
		}
		names := make([]string, len(t.Fields))
		for i, f := range t.Fields {
			names[i] = f.Name
		}
		c.say(Unknown, join(path, name), "is no attribute; there are %s", some(names))
		if len(c.found) > 0 {
			c.found[len(c.found)-1].Near = nearest(name, names)
		}
	}
}

func (c *checker) pairs(t Type, m map[string]json.RawMessage, path string, depth int) {
	if t.Bound > 0 && len(m) > t.Bound {
		c.say(Wrong, path, "has %d elements, and %s has at most %d", len(m), t.Kind, t.Bound)
	}
	for _, name := range sorted(m) {
		if len(c.found) == maxProblems {
			return
		}
		key := []byte(name)
		if t.Key.Form() == FormString {
			key, _ = json.Marshal(name) // a string always encodes
		}
		if t.Key.Form() != FormString && (!json.Valid(key) || formOf(key) != t.Key.Form()) {
			c.say(Wrong, path, "has the key %s, which is no %s", quoted(name), t.Key.Kind)
			continue
		}
		c.value(*t.Key, key, join(path, name), depth+1)
		c.value(*t.Elem, m[name], join(path, name), depth+1)
	}
}

func sorted(m map[string]json.RawMessage) []string {
	out := make([]string, 0, len(m))
	for name := range m {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// join adds a name to a path. What would not be read as a name is quoted.
func join(path, name string) string {
	plain := name != "" && utf8.ValidString(name) && len(name) <= 100 && !strings.ContainsFunc(name, func(r rune) bool {
		return r != '_' && r != '-' && (r < '0' || r > '9') && (r|0x20 < 'a' || r|0x20 > 'z')
	})
	if !plain {
		name = quoted(name)
	}
	if path == "" {
		return name
	}
	return path + "." + name
}
