package measure

import (
	"bytes"
	"encoding/json"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Equal reports whether two JSON values mean the same: numbers by their exact value, texts by their characters,
// objects whatever the order of their members. A number never equals a text.
func Equal(a, b []byte) bool {
	return bytes.Equal(a, b) || bytes.Equal(canonical(a), canonical(b))
}

// canonical is one form for values that mean the same. What is not JSON stays as it is.
func canonical(v []byte) []byte {
	v = bytes.TrimSpace(v)
	if len(v) == 0 {
		return v
	}
	switch c := v[0]; {
	case numeric(c):
		return decimal(v)
	case c == '"' && bytes.IndexByte(v, '\\') < 0:
		return v
	}
	d := json.NewDecoder(bytes.NewReader(v))
	d.UseNumber()
	var x any
	if d.Decode(&x) != nil {
		return v
	}
	return appendCanonical(make([]byte, 0, len(v)), x)
}

// Whole is the value of a JSON number that is whole and fits into 64 bits, in whatever notation. It reports whether v is one.
func Whole(v []byte) (int64, bool) {
	v = canonical(v)
	if len(v) == 0 || !numeric(v[0]) {
		return 0, false
	}
	n, err := strconv.ParseInt(string(v), 10, 64)
	return n, err == nil
}

func numeric(c byte) bool { return c == '-' || c >= '0' && c <= '9' }

var quoting = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// appendCanonical writes a decoded value. Its depth is bounded by the decoder.
func appendCanonical(b []byte, x any) []byte {
	switch x := x.(type) {
	case json.Number:
		return append(b, decimal([]byte(x))...)
	case string:
		return append(append(append(b, '"'), quoting.Replace(x)...), '"')
	case bool:
		if x {
			return append(b, "true"...)
		}
		return append(b, "false"...)
	case map[string]any:
		b = append(b, '{')
		for i, k := range slices.Sorted(maps.Keys(x)) {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendCanonical(append(appendCanonical(b, k), ':'), x[k])
		}
		return append(b, '}')
	case []any:
		b = append(b, '[')
		for i, v := range x {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendCanonical(b, v)
		}
		return append(b, ']')
	}
	return append(b, "null"...)
}

// scalar is the text of a string or a number; an identifier may come back as either.
func scalar(v []byte) ([]byte, bool) {
	v = bytes.TrimSpace(v)
	if len(v) == 0 {
		return nil, false
	}
	switch c := v[0]; {
	case c == '"':
		if bytes.IndexByte(v, '\\') < 0 && len(v) > 1 {
			return v[1 : len(v)-1], true
		}
		var s string
		err := json.Unmarshal(v, &s)
		return []byte(s), err == nil
	case numeric(c):
		return decimal(v), true
	}
	return nil, false
}

// hash64 spreads texts evenly over all 64-bit numbers.
func hash64(text []byte) uint64 {
	h := fnv.New64a()
	_, _ = h.Write(text) // a hash never fails
	x := h.Sum64()
	x ^= x >> 32 // the first bits of fnv depend little on the last characters
	x *= 0x9e3779b97f4a7c15
	return x ^ x>>29
}
