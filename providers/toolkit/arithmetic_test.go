package toolkit

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestEffectivePeriodIsCountedInHeartbeats(t *testing.T) {
	for _, tc := range []struct{ h, s, want int }{{30, 180, 150}, {30, 60, 30}, {30, 90, 60}, {30, 30, 30}, {20, 50, 80}} {
		got, ok := EffectivePeriod(time.Duration(tc.h)*time.Second, time.Duration(tc.s)*time.Second)
		if !ok || got != float64(tc.want) {
			t.Errorf("H=%d S=%d: got %v, want %v", tc.h, tc.s, got, tc.want)
		}
	}
	if _, ok := EffectivePeriod(500*time.Millisecond, time.Minute); ok {
		t.Error("a heartbeat below a second has no period that can be stated")
	}
}

func TestDetectionOfTheTemplateIsNinetyToAHundredAndFiftySeconds(t *testing.T) {
	if got, want := Detection(30*time.Second, 4, 30*time.Second), (Window{90, 150}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

// The counter goes by whole seconds, and ticks come when they come.
func TestSnapshotsComeWithTicksOfFractions(t *testing.T) {
	for _, tc := range []struct {
		h, s string
		want float64
	}{{"2.5s", "6s", 5}, {"2s", "6s", 4}, {"1.9s", "3.9s", 3.8}, {"30s", "180s", 150}, {"20s", "50s", 80}, {"30s", "30s", 30}} {
		h, _ := time.ParseDuration(tc.h)
		s, _ := time.ParseDuration(tc.s)
		if got, ok := EffectivePeriod(h, s); !ok || got < tc.want-1e-9 || got > tc.want+1e-9 {
			t.Errorf("%s, %s: %v, want %v", tc.h, tc.s, got, tc.want)
		}
	}
}

// The two machines, as slowly and obviously as possible: heartbeats leave with some phase, the watchdog ticks with
// another, and the failure comes whenever it likes.
func TestDetectionHoldsForEveryPhase(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := rapid.Int64Range(1000, 60000).Draw(t, "heartbeat in ms")
		m := rapid.IntRange(1, 10).Draw(t, "misses allowed")
		sendPhase := rapid.Int64Range(0, h-1).Draw(t, "phase of the sender")
		tickPhase := rapid.Int64Range(0, h-1).Draw(t, "phase of the watchdog")
		failure := rapid.Int64Range(20*h, 22*h).Draw(t, "failure")
		missed, up, down := 0, false, int64(-1)
		for k := int64(0); k < 60 && down < 0; k++ {
			events := []int64{k*h + sendPhase, k*h + tickPhase}
			if events[0] > events[1] {
				events[0], events[1] = events[1], events[0]
			}
			for i, now := range events {
				send := now == k*h+sendPhase && (sendPhase != tickPhase || i == 0)
				if send && now < failure {
					missed, up = 0, true
				}
				if (!send || sendPhase == tickPhase && i == 1) && missed <= m {
					if missed++; missed > m && up && down < 0 {
						down = now
					}
				}
			}
		}
		w := Detection(time.Duration(h)*time.Millisecond, m, time.Duration(h)*time.Millisecond)
		took := (time.Duration(down-failure) * time.Millisecond).Seconds()
		if down < 0 || took < w.Low-0.001 || took > w.High {
			t.Fatalf("down %vs after the failure, outside (%v, %v]", took, w.Low, w.High)
		}
	})
}
