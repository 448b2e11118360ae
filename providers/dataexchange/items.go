package dataexchange

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// maxItems bounds how many items one answer or message may have.
const maxItems = 2_000_000

// itemList are the elements of an array as they are written. They share one copy of the text.
type itemList []json.RawMessage

// UnmarshalJSON implements json.Unmarshaler. Who calls it has looked whether the text is JSON.
func (l *itemList) UnmarshalJSON(text []byte) error {
	text = bytes.TrimSpace(text)
	if len(text) < 2 || text[0] != '[' {
		return errors.New("`items` is no array")
	}
	text = bytes.Clone(text[1 : len(text)-1])
	out := itemList{}
	depth, from, quoted := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			depth++
		case c == ']' || c == '}':
			depth--
		case c == ',' && depth == 0:
			if len(out) == maxItems {
				return fmt.Errorf("more than %d items", maxItems)
			}
			out = append(out, item(text[from:i]))
			from = i + 1
		}
	}
	if last := item(text[from:]); len(last) > 0 {
		out = append(out, last)
	}
	*l = out
	return nil
}

func item(text []byte) json.RawMessage {
	text = bytes.TrimSpace(text)
	return json.RawMessage(slices.Clip(text))
}
