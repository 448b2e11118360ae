package clock

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/shell"
)

// skewed is a machine whose clock is wrong, behind a slow line.
type skewed struct {
	by      time.Duration
	there   time.Duration
	back    time.Duration
	format  func(time.Time) string
	status  int
	refused error
}

func (s skewed) Facts(context.Context) (providers.Facts, error) { return providers.Facts{}, s.refused }

func (s skewed) Run(context.Context, shell.Script) (shell.Output, error) {
	time.Sleep(s.there)
	at := time.Now().Add(s.by)
	time.Sleep(s.back)
	return shell.Output{Stdout: s.format(at) + "\n", Exit: s.status}, s.refused
}

func TestTheClockOfAMachineIsEstimatedWithinItsBounds(t *testing.T) {
	nanos := func(at time.Time) string { return fmt.Sprintf("%d.%09d", at.Unix(), at.Nanosecond()) }
	coarse := func(at time.Time) string { return fmt.Sprintf("%d.%%N", at.Unix()) }
	for _, c := range []struct {
		name string
		m    skewed
		most time.Duration // error
	}{
		{"right", skewed{there: 10 * time.Millisecond, back: 10 * time.Millisecond, format: nanos}, 10 * time.Millisecond},
		{"ahead, behind a line that is slow one way", skewed{by: 90 * time.Second, there: 200 * time.Millisecond, format: nanos}, 100*time.Millisecond + time.Microsecond},
		{"behind", skewed{by: -3 * time.Hour, back: 5 * time.Millisecond, format: nanos}, 3 * time.Millisecond},
		{"a date without fractions", skewed{by: 2500 * time.Millisecond, there: 130 * time.Millisecond, back: 40 * time.Millisecond, format: coarse}, 600 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got, err := Of(t.Context(), c.m)
				if err != nil {
					t.Fatal(err)
				}
				if c.m.by < got.Low || c.m.by > got.High || got.Error() > c.most {
					t.Fatalf("got %v in [%s, %s], the truth is %s", got, got.Low, got.High, c.m.by)
				}
			})
		})
	}
}

func TestAMachineWithoutAClockSaysSo(t *testing.T) {
	for _, text := range []string{"", "date: invalid option", "-5.0", "99999999999999999"} {
		_, err := Of(t.Context(), skewed{format: func(time.Time) string { return text }})
		if err == nil {
			t.Errorf("%q was taken for a time", text)
		}
	}
	if _, err := Of(t.Context(), skewed{status: 1, format: func(time.Time) string { return "1.000000000" }}); err == nil {
		t.Error("a date that failed was believed")
	}
}
