// Package clock estimates how far a clock elsewhere is ahead of this machine's, with an error that is never too small.
//
// Each look at the other clock, as in RFC 5905 (NTP), is a question that left at one instant and an answer that came
// at another: the other clock showed its reading at some instant between them. That bounds the offset on both sides. No
// symmetry of the way is assumed, so the bounds are guaranteed as long as neither clock is set in between; several looks
// together bound it more closely than any of them.
package clock

import (
	"fmt"
	"net/http"
	"time"
)

// Offset is how far a clock is ahead of this machine's: at least Low, at most High. Behind is negative. The zero value
// is a clock that is right.
type Offset struct {
	Low  time.Duration `json:"low"`
	High time.Duration `json:"high"`
}

// Look bounds the offset by one look: the question left at sent, the answer was there at answered, and the clock read
// anything from reading until reading + grain, grain being the least difference that it shows.
func Look(sent, answered, reading time.Time, grain time.Duration) Offset {
	return Offset{Low: reading.Sub(answered), High: reading.Add(grain).Sub(sent)}
}

// Header is the bound by the Date of an answer of HTTP, which names whole seconds; ok is false without one.
func Header(h http.Header, sent, answered time.Time) (o Offset, ok bool) {
	at, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return Offset{}, false
	}
	return Look(sent, answered, at, time.Second), true
}

// Mid is the middle of the bounds and Error half their distance.
func (o Offset) Mid() time.Duration { return o.Low + (o.High-o.Low)/2 }

// Error is how far the truth can be from Mid.
func (o Offset) Error() time.Duration { return (o.High - o.Low) / 2 }

// Zero reports whether the clock may be right.
func (o Offset) Zero() bool { return o.Low <= 0 && o.High >= 0 }

// And is what two looks say together. Where they contradict each other, one of the clocks was set between them; then ok
// is false, and the second alone holds.
func (o Offset) And(b Offset) (both Offset, ok bool) {
	both = Offset{Low: max(o.Low, b.Low), High: min(o.High, b.High)}
	if both.Low > both.High {
		return b, false
	}
	return both, true
}

// String is "+120ms ± 3ms".
func (o Offset) String() string {
	unit := time.Millisecond
	if o.Error() < 5*time.Millisecond {
		unit = 100 * time.Microsecond
	}
	mid := o.Mid().Round(unit)
	sign := "+"
	if mid < 0 {
		sign = ""
	}
	e := o.Error() + unit - 1 // never shown smaller than it is
	return fmt.Sprintf("%s%s ± %s", sign, mid, e.Truncate(unit))
}
