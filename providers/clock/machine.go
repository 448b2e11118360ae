package clock

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/shell"
)

// clockLooks is how often a machine's clock is asked for one estimate.
const clockLooks = 4

// errClock says that a machine's date shows no time.
var errClock = errors.New("its date program shows no seconds since 1970")

// Of estimates how far a machine's clock is ahead of this one's. Where the machine's date knows no fractions of a
// second (busybox), the error is half a second.
func Of(ctx context.Context, m providers.Machine) (Offset, error) {
	var known Offset
	for i := range clockLooks {
		sent := time.Now()
		out, err := m.Run(ctx, shell.Script{Name: "clock", Text: "date -u +%s.%N", Plain: true})
		answered := time.Now()
		if err != nil {
			return known, err
		}
		at, grain, err := Parse(strings.TrimSpace(out.Stdout))
		if err != nil || out.Exit != 0 {
			return known, fmt.Errorf("read the clock: %w (%.100q, status %d)", errClock, out.Stdout, out.Exit)
		}
		one := Look(sent, answered, at, grain)
		if i == 0 {
			known = one
			continue
		}
		known, _ = known.And(one) // a clock that is being set is known by its last reading
	}
	return known, nil
}

// Parse reads what `date -u +%s.%N` prints: seconds since 1970 with nine digits of fraction, or without.
func Parse(s string) (at time.Time, grain time.Duration, err error) {
	whole, rest, _ := strings.Cut(s, ".")
	sec, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || sec < 0 || sec > 1<<40 {
		return at, 0, errClock
	}
	if n, err := strconv.ParseUint(rest, 10, 32); err == nil && len(rest) == 9 {
		return time.Unix(sec, int64(n)), time.Nanosecond, nil
	}
	return time.Unix(sec, 0), time.Second, nil
}
