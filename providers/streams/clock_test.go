package streams

import (
	"net/http"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/xdc-project/xdc/providers/https"
)

// Whatever the way takes, and however long it goes on, the true offset is within what is told, and it is told seldom.
func TestTheServersClockIsKnownFromItsAnswers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		truth := time.Duration(rapid.Int64Range(-1e13, 1e13).Draw(t, "truth"))
		var p timepiece
		now := time.Unix(1_800_000_000, 0)
		if _, ok := p.reading(); ok {
			t.Fatal("something is known before the first answer")
		}
		changes, last := 0, ""
		for range rapid.IntRange(1, 60).Draw(t, "answers") {
			now = now.Add(time.Duration(rapid.Int64Range(0, 3e9).Draw(t, "pause")))
			sent := now
			there := sent.Add(time.Duration(rapid.Int64Range(0, 1e8).Draw(t, "there")))
			now = there.Add(time.Duration(rapid.Int64Range(0, 1e8).Draw(t, "back")))
			h := http.Header{"Date": {there.Add(truth).UTC().Format(http.TimeFormat)}}
			p.see(&https.Answer{Header: h, Sent: sent, Answered: now})
			r, ok := p.reading()
			if !ok {
				t.Fatal("nothing is known after an answer")
			}
			if s := truth.Seconds(); s < r.Value.Low-1e-9 || s > r.Value.High+1e-9 || r.Value.High-r.Value.Low > 1.2+1e-9 {
				t.Fatalf("the truth %v is not in [%v, %v]", s, r.Value.Low, r.Value.High)
			}
			if r.Evidence != last {
				changes, last = changes+1, r.Evidence
			}
		}
		if changes > 12 {
			t.Fatalf("it was told %d times anew", changes)
		}
	})
}

func TestAServersClockThatIsSetIsToldAnew(t *testing.T) {
	var p timepiece
	at := time.Unix(1_800_000_000, 0)
	for i, ahead := range []time.Duration{0, 0, time.Hour, time.Hour} {
		sent := at.Add(time.Duration(i) * 1300 * time.Millisecond)
		p.see(&https.Answer{Header: http.Header{"Date": {sent.Add(ahead).UTC().Format(http.TimeFormat)}}, Sent: sent, Answered: sent.Add(time.Millisecond)})
		r, _ := p.reading()
		if s := ahead.Seconds(); s < r.Value.Low || s > r.Value.High {
			t.Errorf("look %d: %v is not in [%v, %v]", i, ahead, r.Value.Low, r.Value.High)
		}
	}
	p.see(&https.Answer{}) // no Date: nothing is learnt, and nothing is forgotten
	if _, ok := p.reading(); !ok {
		t.Error("an answer without a Date made it forget")
	}
}
