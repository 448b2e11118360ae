// Package value has the values of the plan language that plain cty types do not cover: durations, sizes,
// secrets and record generators, their conversions to and from JSON, and the function library.
package value

import (
	"fmt"
	"strings"
	"time"
)

// Duration is a time.Duration that travels as text: "250ms", "1m30s".
type Duration time.Duration

// D returns it as the standard type.
func (d Duration) D() time.Duration { return time.Duration(d) }

// String prints without superfluous zero parts: "1m", not "1m0s".
func (d Duration) String() string {
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// MarshalText is String.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText is ParseDuration.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := ParseDuration(string(b))
	*d = v
	return err
}

// ParseDuration reads a duration of units h, m, s, ms; negative ones and units below a millisecond are
// refused.
func ParseDuration(s string) (Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || s == "" || strings.ContainsAny(s, "+-") || strings.Contains(s, "us") || strings.Contains(s, "µs") || strings.Contains(s, "ns") {
		return 0, fmt.Errorf("%q is not a duration: write it as 250ms, 60s, 5m or 1m30s", s)
	}
	return Duration(d), nil
}
