package trace

import (
	"fmt"
	"math"
	"time"

	"github.com/xdc-project/xdc/lang/signal"
)

// ToTheEnd is where a loss ends after which nothing could be read.
const ToTheEnd = time.Duration(math.MaxInt64)

// maxLosses bounds how many losses are told apart; what is lost after so many counts to the last of them, and so does
// what was read in between.
const maxLosses = 1024

// DamageError says that parts of a trace could not be read. What comes before, between and after them was.
type DamageError struct {
	// At is the offset of the first damage in the file, in bytes.
	At int64
	// Bytes is how much of the file could not be used.
	Bytes int64
	// Lost says between which times of the run something is missing, in order: from the latest sample or event read
	// before to the first one after, which is ToTheEnd where none is.
	Lost []signal.Span
	// Cause is what was wrong where it began.
	Cause error
}

func (e *DamageError) Error() string {
	first := e.Lost[0]
	out := fmt.Sprintf("the trace is damaged at byte %d: %v; what was seen from %s ", e.At, e.Cause, signal.Seconds(first.Low.Seconds()))
	if first.High == ToTheEnd {
		return out + "of the run on is missing, what comes before was read"
	}
	out += fmt.Sprintf("to %s of the run is missing", signal.Seconds(first.High.Seconds()))
	switch more := e.Lost[1:]; {
	case len(more) == 0:
	case more[len(more)-1].High == ToTheEnd:
		out += fmt.Sprintf(", and all from %s on", signal.Seconds(more[len(more)-1].Low.Seconds()))
	default:
		out += fmt.Sprintf(", and more in %d other places up to %s", len(more), signal.Seconds(more[len(more)-1].High.Seconds()))
	}
	return out + "; the rest was read"
}

func (e *DamageError) Unwrap() error { return e.Cause }

// spoil notes that a part of the file could not be used, and that nothing can until the next key block.
func (d *decoder) spoil(at, bytes int64, cause error) {
	if d.damage == nil {
		d.damage = &DamageError{At: at, Cause: cause}
	}
	d.damage.Bytes += bytes
	d.skipping = true
	if d.missing {
		return
	}
	d.missing = true
	if n := len(d.damage.Lost); n == maxLosses {
		d.damage.Lost[n-1].High = ToTheEnd
		return
	}
	d.damage.Lost = append(d.damage.Lost, signal.Span{Low: d.now, High: ToTheEnd})
}

// resume says that something was seen at t, and so ends a loss.
func (d *decoder) resume(t time.Duration) {
	if d.missing {
		d.missing = false
		last := &d.damage.Lost[len(d.damage.Lost)-1]
		last.High = max(last.Low, t)
		d.lost(*last)
	}
	d.now = max(d.now, t)
}

// end is what there is to say when the file is over.
func (d *decoder) end() error {
	if d.in.err != nil {
		return d.in.err
	}
	if d.damage == nil {
		return nil
	}
	if d.missing {
		d.lost(d.damage.Lost[len(d.damage.Lost)-1])
	}
	return d.damage
}
