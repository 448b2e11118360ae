package exec

import (
	"time"

	"github.com/xdc-project/xdc/engine/trace"
	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/signal"
)

// Recalled is what a trace says about a condition or an operand.
type Recalled struct {
	cond.Judged
	// Value is that of an operand, where it is known.
	Value signal.Value
	Known bool
	// Stretches are those of one truth each, in order, of a condition about one instant; of a verdict there are none. More
	// is how many there are that are not among them.
	Stretches []cond.Stretch
	More      int
	// End is the end of the run, or of what is known of it.
	End time.Duration
}

// AtEnd asks about the end of the run.
const AtEnd = time.Duration(-1)

// maxStretches bounds how many stretches an answer has.
const maxStretches = 100

// Inquire asks a trace about a formula: its truth or value at an instant, or its verdict by then, with the start of the run as
// the start of ranges that have none. The error says that the trace could not be read whole, or ends before the run did; the
// answer is by what could be read.
func Inquire(read func(trace.Visitor) error, f *cond.Formula, at time.Duration) (Recalled, error) {
	end := newBench()
	if at == AtEnd { // which is known when the trace has been read
		err := read(trace.Visitor{Sample: end.sample, Happened: end.happened, Lost: end.lost})
		if at = end.seen; end.over {
			at = end.end
		} else if at == 0 && err != nil {
			return Recalled{}, err
		}
	}
	var out Recalled
	b := newBench()
	var finish func(last time.Duration)
	if f.Temporal() {
		var m *cond.Monitor
		b.kept.Judge(func(v cond.View) { m = f.Monitor(v, 0) })
		b.follow(f, m.Passed, func(upTo time.Duration) { b.kept.Judge(func(cond.View) { m.Pass(min(upTo, at), min(upTo, at)) }) })
		finish = func(last time.Duration) { out.Judged = m.Finish(min(at, last)) }
	} else {
		var c *cond.Course
		each := func(s cond.Stretch) {
			if len(out.Stretches) == maxStretches {
				out.More++
				return
			}
			out.Stretches = append(out.Stretches, s)
		}
		b.kept.Judge(func(v cond.View) { c = f.Course(v, at, each) })
		b.follow(f, c.Passed, func(upTo time.Duration) { b.kept.Judge(func(cond.View) { c.Pass(upTo) }) })
		finish = func(last time.Duration) { out.Judged, out.Value, out.Known = c.Finish(last) }
	}
	err := read(trace.Visitor{Sample: b.sample, Happened: b.happened, Lost: b.lost})
	out.End = b.seen
	if b.over {
		out.End = b.end
	} else if err == nil {
		err = &ShortError{b.seen}
	}
	b.kept.Judge(func(cond.View) { finish(out.End) })
	return out, err
}

func newBench() *bench { return &bench{kept: trace.NewStore(nil), wanted: map[string]bool{}} }
