package seed

import (
	"math/rand/v2"
	"testing"
	"time"
)

// A service that asks to be left alone is left alone that long, and not for ever; one that does not is tried again soon.
func TestALaneWaitsForAsLongAsItWasAsked(t *testing.T) {
	for asked, want := range map[time.Duration][2]time.Duration{
		0:                {firstWait / 2, 2 * firstWait},
		10 * time.Second: {10 * time.Second, 10 * time.Second},
		24 * time.Hour:   {maxAsked, maxAsked},
	} {
		l := &lane{rng: rand.New(rand.NewPCG(1, 2))}
		now := time.Unix(1000, 0)
		l.backOff(now, asked)
		if got := l.notBefore.Sub(now); got < want[0] || got > want[1] {
			t.Errorf("asked for %s, it waits for %s, want %s to %s", asked, got, want[0], want[1])
		}
		if l.works(); !l.notBefore.IsZero() {
			t.Error("it waits on after something was taken")
		}
	}
}
