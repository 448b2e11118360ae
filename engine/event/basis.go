package event

import (
	"fmt"
	"strings"
	"time"

	"github.com/xdc-project/xdc/lang/signal"
)

// Basis says in words what a verdict rests on: the stretch of time that was judged, the instant and the part of the
// condition that decided, and the samples with the intervals in which they were taken. It is empty for what was not
// judged by samples.
func (j *Judged) Basis() string {
	if j.Part == "" {
		return ""
	}
	out := "judged at " + instant(j.At)
	if j.From != j.To {
		out = fmt.Sprintf("judged from %s to %s, decided at %s", instant(j.From), instant(j.To), instant(j.At))
	}
	if j.Part != j.Text {
		out += " by " + j.Part
	}
	var seen []string
	for _, s := range j.Samples {
		seen = append(seen, s.String())
	}
	if len(seen) > 0 {
		out += "; " + strings.Join(seen, ", ")
	}
	return out
}

// String is the sample in words.
func (s Seen) String() string {
	when := "at " + instant(s.High)
	if s.Low != s.High {
		when = fmt.Sprintf("in [%s, %s]", instant(s.Low), instant(s.High))
	}
	out := fmt.Sprintf("%s was %s %s", s.Signal, s.Value, when)
	if s.Evidence != "" {
		out += " (" + s.Evidence + ")"
	}
	return out
}

func instant(t time.Duration) string { return signal.Seconds(t.Seconds()) }
