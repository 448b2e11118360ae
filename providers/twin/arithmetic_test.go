package twin

import (
	"os"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/xdc-project/xdc/lang/value"
	kit "github.com/xdc-project/xdc/providers/toolkit"
	"github.com/xdc-project/xdc/providers/twin/control"
)

// settings is how many random settings the arithmetic is held to: XDC_SETTINGS, or 40. `make test` has a thousand.
func settings(t *testing.T) int {
	t.Helper()
	s := os.Getenv("XDC_SETTINGS")
	if s == "" {
		return 40
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		t.Fatalf("XDC_SETTINGS=%s is not a number of settings", s)
	}
	return n
}

// setting is one way to configure the toolkit, and when the failure comes.
type setting struct {
	h, s   time.Duration
	misses int
	phase  time.Duration
	seed   uint64
}

// What xdc predicts is what the model does, for any intervals and any instant of the failure: when the survivor notices,
// how often state is replicated, how old what it takes over is at most, and how long after a restart both sides know
// of each other again.
func TestTheArithmeticHoldsForAnySetting(t *testing.T) {
	for i := range settings(t) {
		// Rapid's generators give the values; each setting is its own example, so that a thousand are a thousand.
		s := rapid.Custom(func(rt *rapid.T) setting {
			h := rapid.Int64Range(1, 40).Draw(rt, "heartbeat")
			return setting{
				h: time.Duration(h) * time.Second, s: time.Duration(rapid.Int64Range(1, 12*h).Draw(rt, "snapshot")) * time.Second,
				misses: rapid.IntRange(1, 8).Draw(rt, "misses"), phase: time.Duration(rapid.Int64Range(0, int64(time.Duration(h)*time.Second)).Draw(rt, "phase")),
				seed: rapid.Uint64().Draw(rt, "seed"),
			}
		}).Example(i)
		s.hold(t)
		if t.Failed() {
			t.Fatalf("setting %d: %+v", i, s)
		}
	}
}

// slack covers what is no part of the arithmetic: the way of a message, and the phase of the first tick.
const slack = 0.2

func (s setting) hold(t *testing.T) {
	t.Helper()
	var truth record
	cfg := pairOf(s.h, s.misses, &truth, s.seed)
	for i := range cfg.Jobs {
		cfg.Jobs[i].Toolkit.SnapshotInterval = value.Duration(s.s)
	}
	period, _ := kit.EffectivePeriod(s.h, s.s)
	var failed, back float64
	in(t, cfg, func(_ *testing.T, w *Twin, _ *control.Client) {
		warm := 20*time.Second + 2*s.h + 3*time.Duration(period)*time.Second + 2*s.s
		time.Sleep(warm + s.phase)
		d := w.dc("dc1")
		j := d.snapshotJobs()[0]
		failed = time.Since(w.start).Seconds()
		j.kill("failure")
		d.drop(j)
		time.Sleep(time.Duration(s.misses+2) * s.h)
		d.mu.Lock()
		d.launch(cfg.Jobs[0], "orders", 0)
		d.mu.Unlock()
		back = time.Since(w.start).Seconds()
		time.Sleep(15*time.Second + 2*s.h)
	})
	s.noticed(t, &truth, failed)
	s.replicated(t, &truth, failed, period)
	s.together(t, &truth, back)
}

// noticed: later than (M-1) x H and no later than (M+1) x H after the failure.
func (s setting) noticed(t *testing.T, truth *record, failed float64) {
	t.Helper()
	downs := facts(t, truth, "remote_down", "dc2")
	if len(downs) != 1 {
		t.Errorf("dc2 noticed %d times", len(downs))
		return
	}
	took, w := downs[0]-failed, kit.Detection(s.h, s.misses, s.h)
	if took < w.Low-slack || took > w.High+slack {
		t.Errorf("noticed after %.3fs, outside (%v, %v]", took, w.Low, w.High)
	}
	if started := facts(t, truth, "takeover_started", "dc2"); len(started) != 1 || started[0]-downs[0] > slack {
		t.Errorf("down at %v, takeover at %v", downs, started)
	}
}

// replicated: one snapshot an effective period; so what the survivor has is no older than that, and one period more
// where the failure came just before the next.
func (s setting) replicated(t *testing.T, truth *record, failed, period float64) {
	t.Helper()
	var before []float64
	for _, at := range facts(t, truth, "snapshot_stored", "dc2") {
		if at <= failed {
			before = append(before, at)
		}
	}
	if len(before) < 2 {
		t.Errorf("%d snapshots before the failure", len(before))
		return
	}
	for i := 2; i < len(before); i++ { // the first may have waited for the first contact
		if got := before[i] - before[i-1]; got < period-slack || got > period+slack {
			t.Errorf("snapshots %.3fs apart, the arithmetic says %v", got, period)
		}
	}
	if age := failed - before[len(before)-1]; age > period+slack {
		t.Errorf("the last snapshot was %.3fs old at the failure, more than %v", age, period)
	}
}

// together: a restarted side sends when its initial delay is over, and the other answers within a heartbeat.
func (s setting) together(t *testing.T, truth *record, back float64) {
	t.Helper()
	var first, second float64
	for _, at := range facts(t, truth, "job_healthy", "dc1") {
		if at >= back {
			first = at
		}
	}
	for _, at := range facts(t, truth, "remote_up", "dc2") {
		if at >= back {
			second = at
		}
	}
	const initDelay = 2
	if first == 0 || second < first+initDelay-slack || second > first+initDelay+slack {
		t.Errorf("running again at %.3f, seen at %.3f: not the initial delay later", first, second)
	}
	ups := facts(t, truth, "remote_up", "dc1")
	if len(ups) == 0 || ups[len(ups)-1] < second || ups[len(ups)-1] > second+s.h.Seconds()+slack {
		t.Errorf("seen at %.3f, and sees the other at %v: not within one heartbeat", second, ups)
	}
}
