package toolkit

import (
	"fmt"
	"time"

	"github.com/xdc-project/xdc/lang/signal"
)

// takeover is what is known of the takeover by one job.
type takeover struct {
	before int64         // tuples handed over when the other side was last not believed down
	since  time.Duration // when it was first seen to be believed down
	down   bool
	launch map[string]int64 // launch counts of the PEs that hold the counters
	lines  int64            // lines of the application that said that it had taken over, by then
	stored int              // files that were there when the other side was last not believed down
}

// launched notes the launch count of the PE of an operator. Counters begin anew with each launch.
func (t *takeover) launched(part string, n int64) {
	if old, ok := t.launch[part]; ok && old != n && part == merger {
		t.before = 0
	}
	if t.launch == nil {
		t.launch = map[string]int64{}
	}
	t.launch[part] = n
}

// takenOver concludes how far the takeover is. It waits until the counters of the watchdog and the merger come from
// one answer of the server, so that a takeover between two answers is not seen in halves.
func (s *state) takenOver(in signal.Sample) []signal.Sample {
	if s.info.Launched != "" || !s.transitions.known {
		return nil
	}
	if s.merged.known && s.merged.at.High != s.transitions.at.High {
		return nil
	}
	word, worth, why := s.howFar(in)
	return []signal.Sample{s.conclude("takeover", signal.EnumVal(word), in, worth, why)}
}

func (s *state) howFar(in signal.Sample) (word string, worth signal.Strength, why string) {
	t, n := &s.takeover, s.merged.n
	if n < t.before {
		t.before = 0 // it was launched again
	}
	if s.transitions.n == 0 || s.transitions.n%2 == 1 {
		t.down, t.before, t.stored, t.lines = false, n, s.files.n, s.said.by(LineTakenOver, in.Low)
		return takeoverNone, signal.Strong, "the other side is not believed down"
	}
	if s.info.Toolkit != nil && s.info.Toolkit.Mode == rolePassive {
		return takeoverNone, signal.Medium, "a passive side reads nothing when it believes the other down"
	}
	if !t.down {
		t.down, t.since = true, in.High
	}
	got := int64(0)
	for _, r := range s.received {
		got += r.n
	}
	vanished := s.files.since(t.since) && t.stored > 0 && s.files.n == 0
	wrote := s.said.kinds[LineTakenOver].n > t.lines
	switch {
	case n > t.before:
		why = fmt.Sprintf("the other side is believed down, and %s has handed %d pieces of its state to the application", merger, n-t.before)
		if vanished {
			why += fmt.Sprintf("; the %d files with its state that were stored here are gone", t.stored)
		}
		if wrote {
			why += "; the application has written " + s.said.quote(LineTakenOver)
		}
		return takeoverDone, signal.Strong, why
	case wrote && !s.merged.known:
		return takeoverDone, signal.Strong, "the other side is believed down, and the application has written " + s.said.quote(LineTakenOver)
	case vanished && !s.merged.known:
		return takeoverDone, signal.Strong, fmt.Sprintf("the other side is believed down, and the %d files with its state that were stored here are gone", t.stored)
	case s.files.since(t.since) && t.stored == 0 && s.files.n == 0:
		return takeoverDone, signal.Medium, "the other side is believed down, and none of its state is stored here: there is nothing to take over"
	case s.merged.known && len(s.received) > 0 && got == 0:
		return takeoverDone, signal.Medium, "the other side is believed down, and no state of it was ever replicated here: there is nothing to take over"
	case in.High-t.since >= patience:
		return takeoverDone, signal.Weak, fmt.Sprintf("the other side has been believed down for %s and nothing was handed over: there is nothing to take over", signal.Seconds(patience.Seconds()))
	}
	return takeoverRunning, signal.Medium, fmt.Sprintf("the other side is believed down, and %s has handed nothing over yet", merger)
}
