package jolokia

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/providers/endpoint"
)

const (
	// maxShown bounds what is shown of an answer, in bytes.
	maxShown = 200
	// maxText bounds a text that is a value, in bytes.
	maxText = 4 << 10
)

// ErrForeign says that something is not an answer of a Jolokia agent at all.
var ErrForeign = errors.New("no answer of Jolokia")

// Answer is what an agent says to one read.
type Answer struct {
	Status int             `json:"status"` // as in HTTP
	Value  json.RawMessage `json:"value"`
	Error  string          `json:"error"`
	Kind   string          `json:"error_type"`
}

// Decode reads the answer to a bulk request of n reads. The error wraps ErrForeign where it is none. An agent that can
// make nothing of the whole request answers with one object, which is an error in the agent's words.
func Decode(body []byte, n int) ([]Answer, error) {
	if b := bytes.TrimLeft(body, " \t\r\n"); len(b) > 0 && b[0] == '{' {
		var one Answer
		if err := json.Unmarshal(body, &one); err != nil || one.Status == 0 {
			return nil, ErrForeign
		}
		return nil, fmt.Errorf("the agent refuses the whole request: %w", one.refused())
	}
	var all []Answer
	if err := json.Unmarshal(body, &all); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForeign, err)
	}
	if len(all) != n {
		return nil, fmt.Errorf("the agent gave %d answers to %d reads; look whether a proxy in between changes what it says", len(all), n)
	}
	return all, nil
}

func (a *Answer) refused() error {
	text := endpoint.Clip(strings.ToValidUTF8(a.Error, "?"), maxShown)
	if a.Status == 404 {
		text += " (is the name right, and is the bean registered?)"
	}
	return fmt.Errorf("status %d: %s", a.Status, text)
}

// value turns an answer into the value that the plan expects; ok is false where it has none.
func (r *read) value(a Answer) (v signal.Value, ok bool, err error) {
	if a.Status != 200 {
		return v, false, a.refused()
	}
	if len(a.Value) == 0 || string(a.Value) == "null" {
		return v, false, nil
	}
	var x any
	d := json.NewDecoder(bytes.NewReader(a.Value))
	d.UseNumber()
	if err := d.Decode(&x); err != nil {
		return v, false, fmt.Errorf("%w: %w", ErrForeign, err)
	}
	switch r.Type {
	case "bool":
		if b, is := x.(bool); is {
			return signal.BoolVal(b), true, nil
		}
	case "string":
		if s, is := x.(string); is {
			if len(s) > maxText {
				return v, false, fmt.Errorf("the text has %d bytes, and %d are the most that is kept", len(s), maxText)
			}
			return signal.StringVal(s), true, nil
		}
	default:
		if n, is := number(x); is {
			v, ok = r.quantity(n)
			return v, ok, nil
		}
	}
	kind := r.Type
	if kind == "" {
		kind = "number"
	}
	return v, false, fmt.Errorf("the value is %s, and a %s is expected: %s", kindOf(x), kind, "give `path` to what is meant inside it, or another `type`")
}

// number reads a number. Agents write what JSON has no numbers for, and long numbers on request, as text.
func number(x any) (float64, bool) {
	text := ""
	switch x := x.(type) {
	case json.Number:
		text = x.String()
	case string:
		text = x
	default:
		return 0, false
	}
	if strings.ContainsAny(text, "xX_pP") { // Go's own ways of writing numbers
		return 0, false
	}
	n, err := strconv.ParseFloat(text, 64)
	return n, err == nil || math.IsInf(n, 0)
}

func (r *read) quantity(n float64) (signal.Value, bool) {
	if math.IsNaN(n) || math.IsInf(n, 0) {
		return signal.Value{}, false
	}
	switch r.Unit {
	case "seconds":
		return signal.Bounded(signal.Duration, n, n, n), true
	case "milliseconds":
		n /= 1000
		return signal.Bounded(signal.Duration, n, n, n), true
	case "ratio":
		return signal.RatioVal(n), true
	}
	return signal.NumberVal(n), true
}

// kindOf names what a JSON value is, and shows it where it is short.
func kindOf(x any) string {
	switch x := x.(type) {
	case map[string]any:
		return "an object"
	case []any:
		return "a list"
	case bool:
		return "the bool " + strconv.FormatBool(x)
	case json.Number:
		return "the number " + endpoint.Clip(x.String(), maxShown)
	case string:
		return fmt.Sprintf("the text %q", endpoint.Clip(x, maxShown))
	}
	return "nothing"
}
