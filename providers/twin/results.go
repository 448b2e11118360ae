package twin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// keyOf is what a record is counted by: its customer or key, else nothing.
func keyOf(item json.RawMessage) string {
	var m map[string]json.RawMessage
	if json.Unmarshal(item, &m) != nil {
		return ""
	}
	for _, k := range []string{"key", "customer"} {
		if v, ok := m[k]; ok {
			return string(v)
		}
	}
	return ""
}

// result is a record with the data centre and its key's count appended; its own fields stay as they came.
func result(item json.RawMessage, dc string, count int64) json.RawMessage {
	trimmed := bytes.TrimRight(item, " \t\r\n")
	if len(trimmed) < 2 || trimmed[len(trimmed)-1] != '}' {
		return item
	}
	sep := ","
	if bytes.Equal(bytes.TrimSpace(trimmed[1:len(trimmed)-1]), nil) {
		sep = ""
	}
	name, _ := json.Marshal(dc) // a string always encodes
	return fmt.Appendf(slices.Clone(trimmed[:len(trimmed)-1]), `%s"dc":%s,"count":%d}`, sep, name, count)
}

// invented is a result with another identifier, which no record that went in has.
func invented(item json.RawMessage, key, id string) json.RawMessage {
	return with(item, key, strconv.Quote(id))
}

// changed is a result in which one value is another. The identifier stays.
func changed(item json.RawMessage, key string) json.RawMessage {
	var m map[string]json.RawMessage
	if json.Unmarshal(item, &m) != nil {
		return item
	}
	names := make([]string, 0, len(m))
	for n := range m {
		if n != key && n != "dc" && n != "count" {
			names = append(names, n)
		}
	}
	if len(names) == 0 {
		return item
	}
	return with(item, slices.Min(names), `"changed"`)
}

// with is an object in which a member has another value.
func with(item json.RawMessage, name, value string) json.RawMessage {
	var m map[string]json.RawMessage
	if json.Unmarshal(item, &m) != nil {
		return item
	}
	m[name] = json.RawMessage(value)
	b, err := json.Marshal(m)
	if err != nil {
		return item
	}
	return b
}
