package clock_test

import (
	"net/http"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/xdc-project/xdc/providers/clock"
)

// The truth is always within the bounds, whatever the way there and back takes, and more looks never make them wider.
func TestTheTrueOffsetIsWithinTheBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		truth := time.Duration(rapid.Int64Range(-5e12, 5e12).Draw(t, "truth"))
		grain := time.Duration(rapid.SampledFrom([]int64{1, 1e3, 1e6, 1e9}).Draw(t, "grain"))
		now := time.Unix(1_800_000_000, 0)
		var known clock.Offset
		for i := range rapid.IntRange(1, 20).Draw(t, "looks") {
			now = now.Add(time.Duration(rapid.Int64Range(0, 2e9).Draw(t, "pause")))
			sent := now
			there := sent.Add(time.Duration(rapid.Int64Range(0, 3e9).Draw(t, "there")))
			answered := there.Add(time.Duration(rapid.Int64Range(0, 3e9).Draw(t, "back")))
			one := clock.Look(sent, answered, there.Add(truth).Truncate(grain), grain)
			if truth < one.Low || truth > one.High {
				t.Fatalf("the truth %s is not in [%s, %s]", truth, one.Low, one.High)
			}
			if i == 0 {
				known = one
				now = answered
				continue
			}
			both, ok := known.And(one)
			if !ok {
				t.Fatalf("%v and %v contradict each other", known, one)
			}
			if both.Error() > known.Error() || truth < both.Low || truth > both.High {
				t.Fatalf("together %v, the truth is %s", both, truth)
			}
			known, now = both, answered
		}
		if e := known.Error(); e < 0 || known.Mid()-e > known.High || known.Zero() != (known.Low <= 0 && known.High >= 0) {
			t.Fatalf("%v: mid %s, error %s", known, known.Mid(), e)
		}
	})
}

func TestAClockThatWasSetBetweenTwoLooksIsKnownByTheSecondAlone(t *testing.T) {
	a, b := clock.Offset{Low: 0, High: time.Second}, clock.Offset{Low: time.Minute, High: 61 * time.Second}
	if got, ok := a.And(b); ok || got != b {
		t.Fatalf("got %v, %v", got, ok)
	}
}

func TestTheDateOfAnAnswerBoundsTheOffset(t *testing.T) {
	sent := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	h := http.Header{"Date": {"Fri, 02 Jan 2026 03:04:07 GMT"}}
	got, ok := clock.Header(h, sent, sent.Add(200*time.Millisecond))
	if want := (clock.Offset{Low: 1800 * time.Millisecond, High: 3 * time.Second}); !ok || got != want {
		t.Fatalf("got %v, %v; want %v", got, ok, want)
	}
	for _, bad := range []string{"", "yesterday"} {
		if _, ok := clock.Header(http.Header{"Date": {bad}}, sent, sent); ok {
			t.Errorf("%q was taken for a date", bad)
		}
	}
}

func TestAnOffsetIsWrittenWithItsError(t *testing.T) {
	for _, c := range []struct {
		o    clock.Offset
		want string
	}{
		{clock.Offset{Low: 117 * time.Millisecond, High: 123 * time.Millisecond}, "+120ms ± 3ms"},
		{clock.Offset{Low: -2 * time.Second, High: -time.Second}, "-1.5s ± 500ms"},
		{clock.Offset{Low: -1234567, High: 1234567}, "+0s ± 1.3ms"},
	} {
		if got := c.o.String(); got != c.want {
			t.Errorf("%d, %d: %q, want %q", c.o.Low, c.o.High, got, c.want)
		}
	}
}
