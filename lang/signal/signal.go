// Package signal says what an observation is: a typed value, seen somewhere in an interval of time.
//
// It knows neither where observations come from (providers) nor what is concluded from them (lang/cond,
// engine/measure).
package signal

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Kind is the kind of a value. The zero value is invalid on purpose.
type Kind int

// The kinds of values a signal can have.
const (
	Invalid  Kind = iota
	Bool          // true or false
	Number        // a plain number
	Duration      // seconds
	Ratio         // a fraction: 1% is 0.01
	String        // text
	EnumKind      // one word of a closed or open set
)

var kindNames = []string{"invalid", "bool", "number", "duration", "ratio", "string", "enum"}

func (k Kind) String() string {
	if k < 0 || int(k) >= len(kindNames) {
		return "invalid"
	}
	return kindNames[k]
}

// KindOf finds a kind by its name.
func KindOf(name string) (Kind, bool) {
	k := slices.Index(kindNames, name)
	return Kind(max(k, 0)), k > 0
}

// Numeric reports whether values of this kind are held in Value.Num.
func (k Kind) Numeric() bool { return k == Number || k == Duration || k == Ratio }

// Enum is a set of words. An open one also admits words that a newer server may send.
type Enum struct {
	Name   string
	Values []string
	Open   bool
}

// Has reports whether word is one of the stated values.
func (e *Enum) Has(word string) bool { return slices.Contains(e.Values, word) }

// Type is the static type of a signal or of an expression over signals.
type Type struct {
	Kind Kind
	Enum *Enum // only for EnumKind
}

func (t Type) String() string {
	if t.Kind == EnumKind && t.Enum != nil {
		return t.Enum.Name
	}
	return t.Kind.String()
}

// Value is one value. Numeric values may be bounded: the truth lies in [Low, High], and Num is the
// figure to report. An unbounded one has Low == Num == High. High may be +Inf.
type Value struct {
	Kind      Kind
	Bool      bool
	Num       float64 // number; seconds; fraction
	Low, High float64
	Text      string // string and enum
}

// BoolVal is true or false.
func BoolVal(b bool) Value { return Value{Kind: Bool, Bool: b} }

// NumberVal is a plain number.
func NumberVal(n float64) Value { return Value{Kind: Number, Num: n, Low: n, High: n} }

// DurationVal is a duration.
func DurationVal(d time.Duration) Value {
	s := d.Seconds()
	return Value{Kind: Duration, Num: s, Low: s, High: s}
}

// RatioVal is a fraction; 0.01 is one percent.
func RatioVal(f float64) Value { return Value{Kind: Ratio, Num: f, Low: f, High: f} }

// StringVal is text.
func StringVal(s string) Value { return Value{Kind: String, Text: s} }

// EnumVal is one word.
func EnumVal(s string) Value { return Value{Kind: EnumKind, Text: s} }

// Bounded is a numeric value known only to lie in [low, high]; num is the one reported.
func Bounded(k Kind, num, low, high float64) Value {
	return Value{Kind: k, Num: num, Low: low, High: high}
}

// Equal reports whether two values are the same, bounds included. NaN equals nothing.
func (v Value) Equal(o Value) bool { return v == o }

// IsNaN reports whether the value is not a number, and therefore no sample.
func (v Value) IsNaN() bool { return v.Kind.Numeric() && math.IsNaN(v.Num) }

// String is the value for people. Numbers have six significant digits, or as many as whole ones have; bounds have those that
// their distance justifies, and are rounded outwards, so that what lay between them still does.
func (v Value) String() string {
	switch v.Kind {
	case Bool:
		return strconv.FormatBool(v.Bool)
	case Number:
		return v.number()
	case Duration:
		return v.span(Seconds)
	case Ratio:
		return v.span(func(f float64) string { return strconv.FormatFloat(f*100, 'g', 6, 64) + "%" })
	case String:
		return strconv.Quote(v.Text)
	case EnumKind:
		return v.Text
	case Invalid:
	}
	return "unknown"
}

// maxWhole is up to where every whole number is exact.
const maxWhole = 1 << 53

func (v Value) number() string {
	if v.Low == v.High {
		if v.Num == math.Trunc(v.Num) {
			return whole(v.Num)
		}
		for digits := 6; ; digits++ { // one that is no whole number does not look like one
			text := strconv.FormatFloat(v.Num, 'g', digits, 64)
			if at, err := strconv.ParseFloat(text, 64); err != nil || at != math.Trunc(at) || digits >= 17 {
				return short(text, v.Num)
			}
		}
	}
	unit := math.Pow10(int(math.Floor(math.Log10(v.High-v.Low))) - 1)
	outwards := func(f float64, round func(float64) float64) string {
		if math.IsInf(f, 0) || f == math.Trunc(f) {
			return whole(f)
		}
		if at := round(f/unit) * unit; unit > 0 && unit < 1 && !math.IsInf(at, 0) {
			return short(strconv.FormatFloat(at, 'g', 12, 64), f)
		}
		return whole(round(f))
	}
	return "[" + outwards(v.Low, math.Floor) + ", " + outwards(v.High, math.Ceil) + "]"
}

func whole(f float64) string {
	if math.Abs(f) <= maxWhole {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

// short is the text of a number or, where that has no more digits, the number itself.
func short(text string, f float64) string {
	if all := strconv.FormatFloat(f, 'g', -1, 64); len(all) <= len(text) {
		return all
	}
	return text
}

func (v Value) span(f func(float64) string) string {
	if v.Low == v.High {
		return f(v.Num)
	}
	return "[" + f(v.Low) + ", " + f(v.High) + "]"
}

// Seconds prints a number of seconds as people read it: "1m4.25s", "250ms", "unbounded".
func Seconds(s float64) string {
	switch {
	case math.IsInf(s, 1):
		return "unbounded"
	case math.IsNaN(s):
		return "unknown"
	}
	d := time.Duration(s * float64(time.Second))
	switch {
	case d >= time.Minute || d <= -time.Minute:
		d = d.Round(10 * time.Millisecond)
	case d >= time.Second || d <= -time.Second:
		d = d.Round(time.Millisecond)
	default:
		d = d.Round(time.Microsecond)
	}
	t := d.String()
	if strings.HasSuffix(t, "m0s") {
		t = strings.TrimSuffix(t, "0s")
	}
	if strings.HasSuffix(t, "h0m") {
		t = strings.TrimSuffix(t, "0m")
	}
	return t
}

type valueJSON struct {
	Kind  string   `json:"kind"`
	Value any      `json:"value,omitempty"`
	Low   *float64 `json:"low,omitempty"`
	High  *float64 `json:"high,omitempty"` // absent together with "unbounded": true when infinite
	Inf   bool     `json:"unbounded,omitempty"`
}

// MarshalJSON writes the kind beside the value, and bounds only where they differ from it.
func (v Value) MarshalJSON() ([]byte, error) {
	out := valueJSON{Kind: v.Kind.String()}
	switch {
	case v.Kind == Bool:
		out.Value = v.Bool
	case v.Kind == String || v.Kind == EnumKind:
		out.Value = v.Text
	case v.Kind.Numeric():
		if !math.IsInf(v.Num, 0) && !math.IsNaN(v.Num) {
			out.Value = v.Num
		}
		if v.Low != v.High {
			out.Low = &v.Low
			if math.IsInf(v.High, 1) {
				out.Inf = true
			} else {
				out.High = &v.High
			}
		}
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (v *Value) UnmarshalJSON(b []byte) error {
	var in struct {
		Kind  string          `json:"kind"`
		Value json.RawMessage `json:"value"`
		Low   *float64        `json:"low"`
		High  *float64        `json:"high"`
		Inf   bool            `json:"unbounded"`
	}
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	k := slices.Index(kindNames, in.Kind)
	if k < 0 {
		return fmt.Errorf("value of unknown kind %q", in.Kind)
	}
	*v = Value{Kind: Kind(k)}
	switch {
	case v.Kind == Bool:
		return json.Unmarshal(in.Value, &v.Bool)
	case v.Kind == String || v.Kind == EnumKind:
		return json.Unmarshal(in.Value, &v.Text)
	case v.Kind.Numeric():
		v.Num = math.Inf(1)
		if len(in.Value) > 0 {
			if err := json.Unmarshal(in.Value, &v.Num); err != nil {
				return err
			}
		}
		v.Low, v.High = v.Num, v.Num
		if in.Low != nil {
			v.Low = *in.Low
		}
		if in.High != nil {
			v.High = *in.High
		}
		if in.Inf {
			v.High = math.Inf(1)
		}
	}
	return nil
}

// Sample says: at some instant in [Low, High] the signal had this value. Instants are time since the
// run started, on its monotonic clock. High is when xdc knew.
type Sample struct {
	Signal   string        `json:"signal"` // canonical path
	Value    Value         `json:"value"`
	Low      time.Duration `json:"low"`
	High     time.Duration `json:"high"`
	ValidFor time.Duration `json:"valid_for"` // from High; 0 means until the next sample
	Seq      uint64        `json:"seq"`       // order among samples with the same High
	Evidence string        `json:"evidence,omitempty"`
	// Strength is how much the evidence of a conclusion is worth; empty for observations.
	Strength Strength `json:"strength,omitempty"`
}

// Span is an interval of the run's time in which something happened.
type Span struct {
	Low  time.Duration `json:"low"`
	High time.Duration `json:"high"`
}
