package clock

import (
	"net/http"
	"testing"
	"time"
)

// FuzzParse: what a machine's date prints is a time within what it can print, or none.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"1700000000.123456789", "1700000000.%N", "1700000000", "", "-1.5", "9223372036854775807.9"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		at, grain, err := Parse(s)
		if err == nil && (grain <= 0 || grain > time.Second) {
			t.Errorf("%q is %s, exact to %s", s, at, grain)
		}
	})
}

// FuzzHeader: a Date is a bound of an offset, or nothing.
func FuzzHeader(f *testing.F) {
	for _, s := range []string{"Sat, 28 Nov 2026 14:00:00 GMT", "Saturday, 28-Nov-26 14:00:00 GMT", "never", "Sat, 28 Nov 9999 14:00:00 GMT"} {
		f.Add(s)
	}
	now := time.Date(2026, 11, 28, 14, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, s string) {
		o, ok := Header(http.Header{"Date": {s}}, now, now.Add(time.Second))
		if ok && o.Low > o.High {
			t.Errorf("%q: %+v", s, o)
		}
	})
}
