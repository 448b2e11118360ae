package measure

import (
	"bytes"
	"encoding/json"
)

// maxNesting bounds how deep a value may be nested.
const maxNesting = 1000

// Members calls fn with the name and the value of each member of a JSON object, in order, as they are written, without
// copying. It reports whether raw is one JSON object and nothing else; then fn has had every member.
func Members(raw []byte, fn func(name, value []byte)) bool {
	i := blank(raw, 0)
	if i >= len(raw) || raw[i] != '{' {
		return false
	}
	i = blank(raw, i+1)
	if i < len(raw) && raw[i] == '}' {
		return blank(raw, i+1) == len(raw)
	}
	for {
		from := i
		if i >= len(raw) || raw[i] != '"' {
			return false
		}
		if i = text(raw, i); i < 0 {
			return false
		}
		name := raw[from+1 : i-1]
		if bytes.IndexByte(name, '\\') >= 0 {
			var s string
			if json.Unmarshal(raw[from:i], &s) != nil {
				return false
			}
			name = []byte(s)
		}
		if i = blank(raw, i); i >= len(raw) || raw[i] != ':' {
			return false
		}
		from = blank(raw, i+1)
		if i = skip(raw, from, maxNesting); i < 0 {
			return false
		}
		fn(name, raw[from:i:i])
		if i = blank(raw, i); i >= len(raw) {
			return false
		}
		switch raw[i] {
		case ',':
			i = blank(raw, i+1)
		case '}':
			return blank(raw, i+1) == len(raw)
		default:
			return false
		}
	}
}

// blank is the first place from i on that is no space.
func blank(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// skip is where the value at i ends, or -1 when there is none.
func skip(b []byte, i, depth int) int {
	if i >= len(b) || depth == 0 {
		return -1
	}
	switch c := b[i]; {
	case c == '"':
		return text(b, i)
	case c == '{', c == '[':
		return nested(b, i, depth)
	case numeric(c):
		return digits(b, i)
	}
	for _, w := range []string{"true", "false", "null"} {
		if bytes.HasPrefix(b[i:], []byte(w)) {
			return i + len(w)
		}
	}
	return -1
}

// text is where the string at i ends.
func text(b []byte, i int) int {
	for i++; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			return i + 1
		case c < ' ':
			return -1
		case c == '\\':
			if i++; i >= len(b) {
				return -1
			}
			switch b[i] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				if i+4 >= len(b) || !hexadecimal(b[i+1:i+5]) {
					return -1
				}
				i += 4
			default:
				return -1
			}
		}
	}
	return -1
}

func hexadecimal(b []byte) bool {
	for _, c := range b {
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f') {
			return false
		}
	}
	return true
}

// digits is where the number at i ends.
func digits(b []byte, i int) int {
	run := func() bool {
		from := i
		for i < len(b) && b[i] >= '0' && b[i] <= '9' {
			i++
		}
		return i > from
	}
	if b[i] == '-' {
		i++
	}
	if i < len(b) && b[i] == '0' {
		i++
	} else if !run() {
		return -1
	}
	if i < len(b) && b[i] == '.' {
		if i++; !run() {
			return -1
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		if i++; i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if !run() {
			return -1
		}
	}
	return i
}

// nested is where the object or list at i ends.
func nested(b []byte, i, depth int) int {
	object, end := b[i] == '{', byte(']')
	if object {
		end = '}'
	}
	if i = blank(b, i+1); i < len(b) && b[i] == end {
		return i + 1
	}
	for {
		if object {
			if i >= len(b) || b[i] != '"' {
				return -1
			}
			if i = text(b, i); i < 0 {
				return -1
			}
			if i = blank(b, i); i >= len(b) || b[i] != ':' {
				return -1
			}
			i = blank(b, i+1)
		}
		if i = skip(b, i, depth-1); i < 0 {
			return -1
		}
		if i = blank(b, i); i >= len(b) {
			return -1
		}
		switch b[i] {
		case ',':
			i = blank(b, i+1)
		case end:
			return i + 1
		default:
			return -1
		}
	}
}

// Lookup finds the value at a path in a JSON object; dots lead into nested objects. A member whose own name is the
// whole path, dots and all, comes first. Of members of one name the last counts, as JSON decoders have it.
func Lookup(raw []byte, path string) (json.RawMessage, bool) {
	var found, inside json.RawMessage
	var rest string
	if !Members(raw, func(name, value []byte) {
		switch {
		case string(name) == path:
			found = value
		case len(name) < len(path) && path[len(name)] == '.' && path[:len(name)] == string(name):
			if inside == nil || len(rest) <= len(path)-len(name)-1 {
				inside, rest = value, path[len(name)+1:]
			}
		}
	}) {
		return nil, false
	}
	switch {
	case found != nil:
		return found, true
	case inside != nil:
		return Lookup(inside, rest)
	}
	return nil, false
}
