package twin

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
)

// operations are the calculator's, in the order of its enum. Reference: section 11.
var operations = []string{"add", "subtract", "divide", "multiply"}

// steer sets the operation to that of the last of some tuples. a.mu is held.
func (a *application) steer(tuples []held) {
	for _, t := range slices.Backward(tuples) {
		var op string
		if json.Unmarshal(at(t.Data, "op"), &op) == nil && slices.Contains(operations, op) {
			a.op = op
			return
		}
	}
}

// calculate is the calculator's result. Its tuples have the attributes of its types and no others: what else came in is
// gone, and what is missing is 0. A result that JSON has no number for is null. Assumption data.calculator.
func calculate(item json.RawMessage, op string) json.RawMessage {
	var in struct{ X, Y float64 }
	var m map[string]json.RawMessage
	_ = json.Unmarshal(item, &m) // the endpoint takes objects only
	_ = json.Unmarshal(m["x"], &in.X)
	_ = json.Unmarshal(m["y"], &in.Y)
	result := 0.0
	switch op {
	case "subtract":
		result = in.X - in.Y
	case "divide":
		result = in.X / in.Y
	case "multiply":
		result = in.X * in.Y
	default:
		op, result = "add", in.X+in.Y
	}
	b := appendFloat([]byte(`{"x":`), in.X)
	b = appendFloat(append(b, `,"y":`...), in.Y)
	b = appendFloat(append(b, `,"result":`...), result)
	b = strconv.AppendQuote(append(b, `,"op":`...), op)
	return append(b, '}')
}

func appendFloat(b []byte, x float64) []byte {
	if math.IsInf(x, 0) || math.IsNaN(x) {
		return append(b, "null"...)
	}
	return strconv.AppendFloat(b, x, 'g', -1, 64)
}
