package exec

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/trace"
	"github.com/xdc-project/xdc/lang/signal"
)

// What a damaged trace, or one that ends before its run did, does not have is unknown: a signal that never expires does not
// hold for ever, and what was decided before the loss is.
func TestWhatATraceDoesNotHaveIsUnknown(t *testing.T) {
	end := 10 * time.Minute
	written := func(done bool) []byte {
		var buf bytes.Buffer
		w := trace.NewWriter(&buf)
		for at := time.Duration(0); at < end; at += time.Second {
			_ = w.Sample(signal.Sample{Signal: "dc1.level", Value: signal.NumberVal(float64(at / time.Minute)), Low: at, High: at})
		}
		if done {
			_ = w.Happened("run.done", signal.Span{Low: end, High: end})
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return buf.Bytes()
	}
	d := newDraft(t)
	for name, text := range map[string]string{
		"all": "always dc1.level < 100", "first": "always dc1.level < 100 within 1m", "broken": "never dc1.level == 1", "came": "eventually dc1.level == 2",
		"last": "dc1.level < 100", "ended": "eventually dc1.level == 9",
	} {
		d.expect(name, text)
	}
	p := d.compile()
	whole := written(true)
	damaged := bytes.Clone(whole)
	damaged[len(whole)*3/5] ^= 0x10
	for _, c := range []struct {
		name  string
		trace []byte
		want  map[string]event.Verdict
	}{
		{"whole", whole, map[string]event.Verdict{"all": event.Met, "first": event.Met, "broken": event.NotMet, "came": event.Met, "last": event.Met, "ended": event.Met}},
		{"without its end", written(false), map[string]event.Verdict{"all": event.Inconclusive, "first": event.Met, "broken": event.NotMet, "came": event.Met, "last": event.Inconclusive, "ended": event.Met}},
		{"cut in half", whole[:len(whole)/2], map[string]event.Verdict{"all": event.Inconclusive, "first": event.Met, "broken": event.NotMet, "came": event.Met, "last": event.Inconclusive, "ended": event.Inconclusive}},
		{"damaged", damaged, map[string]event.Verdict{"all": event.Inconclusive, "first": event.Met, "broken": event.NotMet, "came": event.Met}},
		{"empty", whole[:bytes.IndexByte(whole, '\n')+1], map[string]event.Verdict{"all": event.Inconclusive, "first": event.Inconclusive, "broken": event.Inconclusive, "last": event.Inconclusive}},
	} {
		got, err := Rejudge(p, Recording{
			Events: func(yield func(event.Event, error) bool) {
				yield(event.Event{At: end, Body: &event.Happened{Name: "run.done", Low: end, High: end}}, nil)
			},
			Trace: func(to trace.Visitor) error { return trace.Visit(bytes.NewReader(c.trace), to) },
		})
		var short *ShortError
		var damage *trace.DamageError
		if whole := c.name == "whole"; whole != (err == nil) || !whole && !errors.As(err, &short) && !errors.As(err, &damage) || (c.name == "damaged") != (damage != nil) {
			t.Errorf("%s: %v", c.name, err)
		}
		for _, j := range got {
			if want, ok := c.want[j.Step[len("expect."):]]; ok && j.Verdict != want {
				t.Errorf("%s: %s is %s (%s), want %s", c.name, j.Step, j.Verdict, j.Why, want)
			}
		}
	}
}

// A run that was killed has no end: what was to hold until then is not known to have, however quiet its events were.
func TestARunThatWasKilledHasNoEnd(t *testing.T) {
	d := newDraft(t)
	d.expect("all", "always dc1.level < 100")
	d.expect("last", "dc1.level < 100")
	d.expect("broken", "never dc1.level == 30")
	got, err := Rejudge(d.compile(), Recording{
		Events: func(yield func(event.Event, error) bool) {
			yield(event.Event{At: time.Second, Body: &event.Happened{Name: "run.started"}}, nil)
		},
		Trace: func(to trace.Visitor) error {
			for at := time.Duration(0); at < time.Minute; at += time.Second {
				to.Sample(signal.Sample{Signal: "dc1.level", Value: signal.NumberVal(at.Seconds()), Low: at, High: at})
			}
			return nil
		},
	})
	var short *ShortError
	if !errors.As(err, &short) || short.At != 59*time.Second {
		t.Error(err)
	}
	want := map[string]event.Verdict{"expect.all": event.Inconclusive, "expect.last": event.Inconclusive, "expect.broken": event.NotMet}
	for _, j := range got {
		if j.Verdict != want[j.Step] {
			t.Errorf("%s is %s (%s), want %s", j.Step, j.Verdict, j.Why, want[j.Step])
		}
	}
}
