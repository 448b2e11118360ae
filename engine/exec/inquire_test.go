package exec

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/engine/trace"
	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/signal"
)

// A trace of ten minutes whose level rises by one a minute, asked while it is read.
func TestATraceIsAsked(t *testing.T) {
	var buf bytes.Buffer
	w := trace.NewWriter(&buf)
	for at := time.Duration(0); at < 10*time.Minute; at += time.Second {
		_ = w.Sample(signal.Sample{Signal: "dc1.level", Value: signal.NumberVal(float64(at / time.Minute)), Low: at, High: at})
	}
	_ = w.Happened("run.done", signal.Span{Low: 10 * time.Minute, High: 10 * time.Minute})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	ask := func(b []byte, text string, at time.Duration) (Recalled, error) {
		d := newDraft(t)
		c := d.cond(text, cond.Verdict)
		d.compile()
		return Inquire(func(to trace.Visitor) error { return trace.Visit(bytes.NewReader(b), to) }, c.Formula, at)
	}
	const m = time.Minute
	got, err := ask(buf.Bytes(), "dc1.level >= 2 and dc1.level < 4", 150*time.Second)
	if err != nil || got.Truth != cond.True || got.At != 150*time.Second || got.End != 10*m {
		t.Errorf("%+v, %v", got.Judged, err)
	}
	want := []cond.Stretch{{Truth: cond.False, To: 2 * m}, {Truth: cond.True, From: 2 * m, To: 4 * m}, {Truth: cond.False, From: 4 * m, To: 10 * m}}
	if diff := cmp.Diff(want, got.Stretches); diff != "" {
		t.Error(diff)
	}
	for text, want := range map[string]struct {
		at   time.Duration
		is   cond.Truth
		when time.Duration
	}{
		"always dc1.level < 5":     {4 * m, cond.True, 4 * m},
		"eventually dc1.level > 5": {AtEnd, cond.True, 6 * m},
		"dc1.level == 9":           {AtEnd, cond.True, 10 * m},
		"never dc1.level == 3":     {9 * m, cond.False, 3 * m},
	} {
		if got, err := ask(buf.Bytes(), text, want.at); err != nil || got.Truth != want.is || got.At != want.when {
			t.Errorf("%s is %s at %s (%s), want %s at %s: %v", text, got.Truth, got.At, got.Why, want.is, want.when, err)
		}
	}
	// Without its end, and with a part that is damaged.
	var short *ShortError
	if got, err := ask(buf.Bytes()[:buf.Len()/2], "dc1.level < 100", 9*m); !errors.As(err, &short) || got.Truth != cond.Unknown || got.End != short.At || len(got.Stretches) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	b := bytes.Clone(buf.Bytes())
	b[len(b)/5] ^= 1
	var damage *trace.DamageError
	got, err = ask(b, "dc1.level < 100", m)
	if !errors.As(err, &damage) || len(got.Stretches) < 2 || got.Stretches[0].Truth != cond.True || got.Stretches[1].Truth != cond.Unknown {
		t.Errorf("%+v, %v", got.Stretches, err)
	}
}
