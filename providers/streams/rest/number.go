package rest

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
)

// Int is a whole number from a server, which may come as a number, as text, or not at all.
type Int struct {
	V   int64
	Set bool
}

// UnmarshalJSON never fails: what is no whole number is not set.
func (n *Int) UnmarshalJSON(b []byte) error {
	*n = Int{}
	b = bytes.Trim(b, `"`)
	if v, err := strconv.ParseInt(string(b), 10, 64); err == nil {
		*n = Int{v, true}
		return nil
	}
	if f, err := strconv.ParseFloat(string(b), 64); err == nil && f == math.Trunc(f) && math.Abs(f) < 1<<62 {
		*n = Int{int64(f), true}
	}
	return nil
}

// ID is an identifier from a server: text, or a number taken as text.
type ID string

// UnmarshalJSON never fails.
func (i *ID) UnmarshalJSON(b []byte) error {
	*i = ""
	var s string
	if json.Unmarshal(b, &s) == nil {
		*i = ID(s)
		return nil
	}
	if _, err := strconv.ParseFloat(string(b), 64); err == nil {
		*i = ID(b)
	}
	return nil
}
