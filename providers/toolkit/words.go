package toolkit

import (
	"fmt"
	"strings"
	"time"

	"github.com/xdc-project/xdc/lang/signal"
)

// words are what the traces of a job say.
type words struct {
	word  string        // what the last line about the other side says; empty: none is known
	at    signal.Sample // the latest reading
	since signal.Sample // the first of the readings that said so in a row
	kinds map[Line]mention
	// storing is the verdict of the latest lines about storage.
	storing verdict
	because string
}

// mention is how often a kind of line was written.
type mention struct {
	n, before int64         // at the latest reading, and before it last rose
	rose      signal.Sample // the reading that showed the latest rise
	at        signal.Sample
}

// wrote notes a count of lines, and reports whether it has risen.
func (s *words) wrote(kind Line, in signal.Sample) bool {
	if s.kinds == nil {
		s.kinds = map[Line]mention{}
	}
	w, n := s.kinds[kind], int64(in.Value.Num)
	rose := n > w.n
	if rose {
		w.before, w.rose = w.n, in
	}
	w.n, w.at = n, in
	s.kinds[kind] = w
	return rose
}

// by is how many lines of a kind had surely been written by an instant, as far as the latest rise tells.
func (s *words) by(kind Line, t time.Duration) int64 {
	w := s.kinds[kind]
	if w.rose.High > t {
		return w.before
	}
	return w.n
}

// quote is the latest line of a kind, for evidence.
func (s *words) quote(kind Line) string { return fmt.Sprintf("%q", s.kinds[kind].rose.Evidence) }

// lines draws conclusions from a reading of the traces.
func (s *state) lines(rest string, in signal.Sample) []signal.Sample {
	name, ok := strings.CutPrefix(rest, `line["`)
	kind := Line(strings.TrimSuffix(name, `"]`))
	switch {
	case rest == "said" && in.Value.Text != "":
		return s.saysOf(in)
	case !ok || !in.Value.Kind.Numeric():
		return nil
	}
	rose := s.said.wrote(kind, in)
	switch kind { //nolint:exhaustive // the others are evidence beside something else
	case LineNotStored:
		if rose {
			s.said.storing, s.said.because = verdict{false, in.High}, "the toolkit has written "+s.said.quote(kind)
		}
	case LineStored:
		if rose && s.said.storing.at != in.High { // else a piece of the same reading was not
			s.said.storing, s.said.because = verdict{true, in.High}, "the toolkit has written "+s.said.quote(kind)
		}
		if s.said.storing.at > 0 && !s.files.known {
			return []signal.Sample{s.conclude("storing", signal.BoolVal(s.said.storing.yes), in, signal.Strong, s.said.because)}
		}
	}
	return nil
}

// saysOf takes what the application last said of the other side. It is what is concluded where the watchdog's count is not
// known; else it stands beside that.
func (s *state) saysOf(in signal.Sample) []signal.Sample {
	if in.Value.Text != s.said.word {
		s.said.since = in
	}
	s.said.word, s.said.at = in.Value.Text, in
	if s.counted(in) {
		return nil
	}
	out := []signal.Sample{s.conclude("remote", signal.EnumVal(s.said.word), in, signal.Medium, fmt.Sprintf("the application has written %q; how many status tuples %s has submitted is not known", in.Evidence, watchdog))}
	if s.info.Launched != "" {
		return out
	}
	word, worth, why := s.saidTakeover(in)
	return append(out, s.conclude("takeover", signal.EnumVal(word), in, worth, why))
}

// counted reports whether the watchdog's count is known at a reading of something else.
func (s *state) counted(in signal.Sample) bool {
	t := s.transitions
	return t.known && in.High <= t.at.High+t.at.ValidFor
}

// saidTakeover is how far a takeover is by the application's lines alone.
func (s *state) saidTakeover(in signal.Sample) (word string, worth signal.Strength, why string) {
	t := &s.takeover
	done := s.said.kinds[LineTakenOver].n
	if s.said.word != remoteDown {
		t.down, t.lines = false, done
		return takeoverNone, signal.Medium, "the application does not say that the other side is down"
	}
	if s.info.Toolkit != nil && s.info.Toolkit.Mode == rolePassive {
		return takeoverNone, signal.Medium, "a passive side reads nothing when it believes the other down"
	}
	if !t.down {
		t.down, t.since = true, in.High
	}
	switch {
	case done > t.lines:
		return takeoverDone, signal.Medium, "the application has written " + s.said.quote(LineTakenOver)
	case in.High-t.since >= patience:
		return takeoverDone, signal.Weak, fmt.Sprintf("the application has said for %s that the other side is down, and not that it takes over: there is nothing to take over", signal.Seconds(patience.Seconds()))
	}
	return takeoverRunning, signal.Medium, "the application says that the other side is down, and not yet that it has taken over"
}

// beside is what the application says, to stand beside what the watchdog's count says.
func (s *state) beside(word string, in signal.Sample) string {
	switch {
	case s.said.word == "" || in.High > s.said.at.High+s.said.at.ValidFor:
		return ""
	case s.said.word == word:
		return fmt.Sprintf("; the application has written %q", s.said.at.Evidence)
	}
	return fmt.Sprintf("; the last that the application has written is %q", s.said.at.Evidence)
}
