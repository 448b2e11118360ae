package toolkit

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/xdc-project/xdc/lang/signal"
)

// files is what is known of the files with the other side's state that are stored here.
type files struct {
	known   bool
	n       int                // at the latest look
	at      signal.Sample      // the latest look
	written map[string]written // by name, of all that were ever seen
}

// written is when a file was written, between two instants of the run.
type written struct{ low, high time.Duration }

// since reports whether the latest look was begun after an instant.
func (f *files) since(t time.Duration) bool { return f.known && f.at.Low >= t }

// stored draws conclusions from a look at the files: first the age of each, last how many there are.
func (s *state) stored(rest string, in signal.Sample) []signal.Sample {
	f := &s.files
	name, file := strings.CutPrefix(rest, `snapshot["`)
	switch {
	case file && strings.HasSuffix(name, `"].age`) && in.Value.Kind.Numeric():
		if f.written == nil {
			f.written = map[string]written{}
		}
		f.written[strings.TrimSuffix(name, `"].age`)] = written{in.Low - seconds(in.Value.High), in.High - seconds(in.Value.Low)}
		return nil
	case rest == "snapshots" && in.Value.Kind.Numeric():
		f.known, f.n, f.at = true, int(in.Value.Num), in
		return append(s.storedAge(in), s.storing(in)...)
	}
	return nil
}

func seconds(f float64) time.Duration { return time.Duration(f * float64(time.Second)) }

// storedAge is the age of what is stored: that of the oldest part, since a takeover needs them all. A file that is gone
// counts as when it was written last.
func (s *state) storedAge(in signal.Sample) []signal.Sample {
	f := &s.files
	if len(f.written) == 0 {
		return nil
	}
	names := slices.Sorted(maps.Keys(f.written))
	oldest := names[0]
	for _, n := range names[1:] {
		if f.written[n].low < f.written[oldest].low {
			oldest = n
		}
	}
	w := f.written[oldest]
	low, high := max(in.Low-w.high, 0).Seconds(), max(in.High-w.low, 0).Seconds()
	why := fmt.Sprintf("of the %d files with the other side's state that were seen here, %s was written the longest ago", len(names), oldest)
	if f.n < len(names) {
		why += fmt.Sprintf("; %d are there now", f.n)
	}
	return []signal.Sample{s.conclude("replication_age", signal.Bounded(signal.Duration, high, low, high), in, signal.Strong, why)}
}

// arrives notes an arrival of state; the earliest of those that are kept goes.
func (s *state) arrives(came signal.Sample) {
	const kept = 32
	if len(s.arrivals) == kept {
		s.arrivals = append(s.arrivals[:0], s.arrivals[1:]...)
	}
	s.arrivals = append(s.arrivals, came)
	s.arrived = &came
}

// settled is how long after its arrival a piece of state may take to be seen as a file: network file systems answer from
// what they remember for a while.
const settled = 5 * time.Second

// storing says whether what arrives is stored: a file was written after the latest arrival, or surely none was.
func (s *state) storing(in signal.Sample) []signal.Sample {
	var came *signal.Sample // the latest arrival that must be seen by now
	for i := range s.arrivals {
		if s.arrivals[i].High+settled <= in.Low {
			came = &s.arrivals[i]
		}
	}
	if came == nil {
		return nil
	}
	newest := time.Duration(-1 << 62)
	for _, w := range s.files.written {
		newest = max(newest, w.high)
	}
	say := func(yes bool, why string) []signal.Sample {
		return []signal.Sample{s.conclude("storing", signal.BoolVal(yes), in, signal.Strong, why)}
	}
	switch {
	case s.files.n == 0 && s.transitions.n%2 == 0:
		return nil // it was handed over, and nothing has come since
	case newest < came.Low:
		return say(false, fmt.Sprintf("state of the other side arrived between %s and %s, and no file was written since: %d are there",
			signal.Seconds(came.Low.Seconds()), signal.Seconds(came.High.Seconds()), s.files.n)+s.unwritten())
	case newest >= came.High:
		return say(true, fmt.Sprintf("%d files are there, and the newest was written after state last arrived, or as it did", s.files.n))
	}
	return nil
}

// unwritten is what the toolkit has written of snapshots that it could not store, to stand beside what the folder shows.
func (s *state) unwritten() string {
	if s.said.storing.at == 0 || s.said.storing.yes {
		return ""
	}
	return "; " + s.said.because
}
