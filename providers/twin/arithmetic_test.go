package twin

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/xdc-project/xdc/lang/value"
	kit "github.com/xdc-project/xdc/providers/toolkit"
	"github.com/xdc-project/xdc/providers/twin/control"
	"github.com/xdc-project/xdc/providers/twin/wire"
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
	h, s    time.Duration
	misses  int
	phase   time.Duration
	passive bool // dc2 is a monitor
	seed    uint64
}

// What the model does is what the oracle says, and what xdc predicts contains it, for any intervals and any instant of the
// failure: when the survivor notices, when state is replicated, which records are lost for good, and how long after a
// restart both sides know of each other again.
func TestTheArithmeticHoldsForAnySetting(t *testing.T) {
	for i := range settings(t) {
		// Rapid's generators give the values; each setting is its own example, so that a thousand are a thousand.
		s := rapid.Custom(func(rt *rapid.T) setting {
			h := rapid.Int64Range(1000, 40000).Draw(rt, "heartbeat in ms")
			return setting{
				h: time.Duration(h) * time.Millisecond, s: time.Duration(rapid.Int64Range(1000, 12*h).Draw(rt, "snapshot in ms")) * time.Millisecond,
				misses: rapid.IntRange(1, 8).Draw(rt, "misses"), phase: time.Duration(rapid.Int64Range(0, h).Draw(rt, "phase in ms")) * time.Millisecond,
				passive: rapid.IntRange(0, 3).Draw(rt, "passive") == 0, seed: rapid.Uint64().Draw(rt, "seed"),
			}
		}).Example(i)
		s.hold(t)
		if t.Failed() {
			t.Fatalf("setting %d: %+v", i, s)
		}
	}
}

// What is no part of the arithmetic, in seconds: the way of a message, and how exactly instants are compared.
const (
	initDelay = 2.0
	slack     = 0.05
	stay      = 10.0 // how long the slow application keeps a record
)

// played is a setting that was played through.
type played struct {
	setting
	truth        record
	failed, back float64
	end          float64
	fed          []float64 // when records went in
	tick         func(dc string) float64
}

func (s setting) hold(t *testing.T) {
	t.Helper()
	p := &played{setting: s}
	cfg := pairOf(s.h, s.misses, &p.truth, s.seed)
	for i := range cfg.Jobs {
		cfg.Jobs[i].Toolkit.SnapshotInterval, cfg.Jobs[i].Application = value.Duration(s.s), "slow"
	}
	if s.passive {
		cfg.Jobs[1].Adopt, cfg.Jobs[1].Launched, cfg.Jobs[1].Toolkit.Mode = "", "orders", "passive"
	}
	in(t, cfg, func(_ *testing.T, w *Twin, _ *control.Client) {
		p.tick = func(dc string) float64 { return w.between("tick "+dc+"job.orders", 0, 40*time.Millisecond).Seconds() }
		now := func() float64 { return time.Since(w.start).Seconds() }
		m := int64(s.s/time.Second) / gcd(int64(s.h/time.Second), int64(s.s/time.Second))
		time.Sleep(10*time.Second + s.h + 3*time.Duration(m+1)*s.h + s.phase)
		d := w.dc("dc1")
		j := d.snapshotJobs()[0]
		for n := range 60 { // two a second, until the failure
			p.fed = append(p.fed, now())
			j.app.accept(j.app.ends[0], []json.RawMessage{json.RawMessage(fmt.Sprintf(`{"event_id":"e%d"}`, n))})
			time.Sleep(500 * time.Millisecond)
		}
		p.failed = now()
		j.kill("failure")
		d.drop(j)
		time.Sleep(time.Duration(s.misses+2) * s.h)
		d.mu.Lock()
		d.launch(cfg.Jobs[0], "orders", 0)
		d.mu.Unlock()
		p.back = now()
		time.Sleep(15*time.Second + 2*s.h)
		p.end = now()
	})
	p.asTheOracleSays(t)
	p.withinThePrediction(t)
	p.losesWhatIsNotReplicated(t)
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// lives are those of the oracle: dc1, dc2, and dc1 again.
func (p *played) lives(t *testing.T) []oracleSide {
	t.Helper()
	up := facts(t, &p.truth, "job_healthy", "dc1")
	if len(up) != 2 {
		t.Fatalf("dc1 came up at %v", up)
	}
	second := 0.0 // a monitor runs from the start
	if !p.passive {
		second = facts(t, &p.truth, "job_healthy", "dc2")[0]
	}
	first := func(at float64, dc string) float64 { return at + initDelay + p.tick(dc) }
	gone := math.Inf(1)
	if down := facts(t, &p.truth, "takeover_started", "dc2"); p.passive && len(down) > 0 {
		gone = down[0] + 1e-6 // its script ends it
	}
	return []oracleSide{
		{first: first(up[0], "dc1"), born: up[0], dead: p.failed},
		{first: first(second, "dc2"), born: second, dead: gone, passive: p.passive},
		{first: first(up[1], "dc1"), born: up[1], dead: math.Inf(1)},
	}
}

// asTheOracleSays compares every transition and every snapshot up to the end of the first life of the passive side. Where a
// message, a tick and the failure come together, or the two ends of a tick, it is open which is first: then one of the orders
// must fit.
func (p *played) asTheOracleSays(t *testing.T) {
	t.Helper()
	o := oracleSetting{h: p.h.Seconds(), s: p.s.Seconds(), misses: p.misses, until: p.end - slack}
	last := o.until
	if p.passive {
		last = p.failed + float64(p.misses+1)*o.h + slack // then the launched copy has a life of its own
	}
	until := func(at []float64, end float64) []float64 {
		for i, x := range at {
			if x > end {
				return at[:i]
			}
		}
		return at
	}
	type claim struct {
		fact, dc, what string
		side           int
	}
	claims := []claim{
		{"remote_up", "dc1", "up", 0},
		{"remote_up", "dc2", "up", 1},
		{"remote_down", "dc1", "down", 0},
		{"remote_down", "dc2", "down", 1},
		{"snapshot_stored", "dc2", "snapshot", 0},
		{"snapshot_stored", "dc1", "snapshot", 1},
	}
	var why string
	const moment = 0.02
	for n := range 18 {
		o.makesFirst = n%2 == 0
		lives := p.lives(t)
		lives[0].dead += []float64{0, -moment, moment}[n/2%3]
		said := o.run(lives, []float64{0.0005, moment, -moment}[n/6])
		why = ""
		for _, c := range claims {
			want, got := until(o.at(said, c.what, c.side), last), until(facts(t, &p.truth, c.fact, c.dc), last)
			if len(want) != len(got) { // what happens as the look ends may be on either side of its end
				want, got = until(want, last-2*slack), until(got, last-2*slack)
			}
			if !alike(want, got, slack) {
				why = fmt.Sprintf("%s at %s: the oracle says %.3f, the model does %.3f", c.fact, c.dc, want, got)
				break
			}
		}
		if why == "" {
			return
		}
	}
	t.Error(why)
}

// withinThePrediction: what xdc predicts contains what happens.
func (p *played) withinThePrediction(t *testing.T) {
	t.Helper()
	downs := facts(t, &p.truth, "remote_down", "dc2")
	if len(downs) != 1 {
		t.Errorf("dc2 noticed %d times", len(downs))
		return
	}
	took, w := downs[0]-p.failed, kit.Detection(p.h, p.misses, p.h)
	if took < w.Low-slack || took > w.High+slack {
		t.Errorf("noticed after %.3fs, outside (%v, %v]", took, w.Low, w.High)
	}
	if started := facts(t, &p.truth, "takeover_started", "dc2"); len(started) != 1 || started[0]-downs[0] > slack {
		t.Errorf("down at %v, takeover at %v", downs, started)
	}
	period, ok := kit.EffectivePeriod(p.h, p.s)
	stored := facts(t, &p.truth, "snapshot_stored", "dc2")
	for i := 2; i < len(stored) && stored[i] <= p.failed; i++ { // the first may have waited for the first contact
		if got := stored[i] - stored[i-1]; !ok || math.Abs(got-period) > slack {
			t.Errorf("snapshots %.3fs apart, the arithmetic says %v", got, period)
		}
	}
}

// losesWhatIsNotReplicated: of the records that were in the failed side's state, those that came after its last snapshot are
// lost for good, and the others come out at the survivor, if it takes over.
func (p *played) losesWhatIsNotReplicated(t *testing.T) {
	t.Helper()
	last := math.Inf(-1)
	for _, at := range facts(t, &p.truth, "snapshot_stored", "dc2") {
		if at <= p.failed {
			last = at
		}
	}
	sure, maybe := map[string]bool{}, map[string]bool{}
	for n, at := range p.fed {
		id := fmt.Sprintf("e%d", n)
		held := at + stay
		switch {
		case held < p.failed-slack || at > p.failed: // it came out
		case held < p.failed+slack || !p.passive && math.Abs(at-last) <= slack:
			maybe[id] = true
		case p.passive || at > last:
			sure[id] = true
		}
	}
	gone := map[string]bool{}
	sc := bufio.NewScanner(bytes.NewReader(p.truth.Bytes()))
	for sc.Scan() {
		var f fact
		if err := json.Unmarshal(sc.Bytes(), &f); err != nil {
			t.Fatal(err)
		}
		switch {
		case f.What == "record_lost" && f.Target == "dc1" && f.T <= p.failed+slack:
			gone[f.ID] = true
		case f.What == "record_taken_over":
			delete(gone, f.ID)
		}
	}
	for id := range gone {
		if !sure[id] && !maybe[id] {
			t.Errorf("%s is lost although it was replicated (last at %.3f, failed at %.3f)", id, last, p.failed)
		}
	}
	for id := range sure {
		if !gone[id] {
			t.Errorf("%s is not lost although it was not replicated (last at %.3f, failed at %.3f)", id, last, p.failed)
		}
	}
}

// Where each heartbeat is lost with probability q by itself, a given run of n losses has the probability q^n. The first tick
// after a heartbeat counts as a miss too, so that M losses in a row make the M+1 misses of a DOWN: one begins at a tick
// with probability (1-q) q^M. The model's own watchdog is counted here, over many ticks.
func TestChanceLossesAreNoticedAsOftenAsTheirPowerSays(t *testing.T) {
	const q, ticks = 0.4, 200000
	for _, misses := range []int{1, 2, 3, 4} {
		var truth record
		cfg := pairOf(time.Second, misses, &truth, 1)
		w, err := New(cfg, wire.NewMemory(1))
		if err != nil {
			t.Fatal(err)
		}
		k := newToolkit(w.dcs[0], cfg.Jobs[0], nil, *cfg.Jobs[0].Toolkit)
		l := k.launch(watching, nil, 0)
		r := rand.New(rand.NewPCG(uint64(misses), 2))
		runs, run := 0, 0
		for range ticks {
			if r.Float64() < q {
				if run++; run == misses+1 {
					runs++
				}
			} else {
				run = 0
				l.beat(nil)
			}
			l.miss()
		}
		near := func(what string, got int, power int) {
			want := ticks * (1 - q) * math.Pow(q, float64(power))
			if math.Abs(float64(got)-want) > 4*math.Sqrt(want) {
				t.Errorf("M = %d: %d %s, want about %.0f", misses, got, what, want)
			}
		}
		near("runs of M+1 losses", runs, misses+1)
		near("times down", len(facts(t, &truth, "remote_down", "dc1")), misses)
		k.stop()
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}
}
