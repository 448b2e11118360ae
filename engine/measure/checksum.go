package measure

import (
	"bytes"
	"encoding/json"
	"hash/crc32"
	"hash/fnv"
	"strconv"
	"strings"
)

// Same reports whether the fields of an item that the record was sent with still have their values. Fields that
// the application added are left out of account, and so are those it dropped.
func (l *Ledger) Same(seq int64, item map[string]json.RawMessage) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for i, name := range l.fields {
		if seq >= int64(len(l.sums[i])) || l.sums[i][seq] == 0 {
			continue
		}
		if v, ok := item[name]; ok && checksum(v) != l.sums[i][seq] {
			return false
		}
	}
	return true
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum is that of a value's canonical form; never 0.
func checksum(v json.RawMessage) uint32 {
	return max(1, crc32.Checksum(canonical(v), castagnoli))
}

func hash64(v json.RawMessage) uint64 {
	h := fnv.New64a()
	text, ok := scalar(v)
	if !ok {
		text = string(canonical(v))
	}
	_, _ = h.Write([]byte(text)) // a hash never fails
	return h.Sum64()
}

// scalar is the text of a string or a number; an identifier may come back as either.
func scalar(v json.RawMessage) (string, bool) {
	v = bytes.TrimSpace(v)
	if len(v) == 0 {
		return "", false
	}
	switch c := v[0]; {
	case c == '"':
		if bytes.IndexByte(v, '\\') < 0 && len(v) > 1 {
			return string(v[1 : len(v)-1]), true
		}
		var s string
		err := json.Unmarshal(v, &s)
		return s, err == nil
	case c == '-' || c >= '0' && c <= '9':
		return number(string(v)), true
	}
	return "", false
}

// canonical is one form for values that mean the same: sorted members, no spaces, numbers in one notation. What
// is not JSON stays as it is.
func canonical(v json.RawMessage) []byte {
	v = bytes.TrimSpace(v)
	if len(v) == 0 {
		return v
	}
	switch c := v[0]; {
	case c == '-' || c >= '0' && c <= '9':
		return []byte(number(string(v)))
	case c == '"' && bytes.IndexByte(v, '\\') < 0 && bytes.IndexByte(v, '<') < 0:
		return v
	}
	d := json.NewDecoder(bytes.NewReader(v))
	d.UseNumber()
	var x any
	if d.Decode(&x) != nil {
		return v
	}
	b, err := json.Marshal(normal(x))
	if err != nil {
		return v
	}
	return b
}

// normal rewrites the numbers inside x. Depth is bounded by the decoder.
func normal(x any) any {
	switch x := x.(type) {
	case json.Number:
		return json.RawMessage(strconv.Quote(number(x.String())))
	case map[string]any:
		for k, v := range x {
			x[k] = normal(v)
		}
	case []any:
		for i, v := range x {
			x[i] = normal(v)
		}
	}
	return x
}

// number is the shortest text of a decimal number's float value, except that integers too long for a float keep
// their digits.
func number(s string) string {
	if !strings.ContainsAny(s, ".eE") {
		return s
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return s
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}
