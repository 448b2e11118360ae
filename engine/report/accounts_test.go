package report

import (
	"testing"
	"time"

	"github.com/xdc-project/xdc/lang/signal"
)

func TestAgree(t *testing.T) {
	at := func(low, high float64) Voice {
		return Voice{State: recovered, After: &Bounds{low, &high}}
	}
	well := Voice{State: undisturbed}
	not := Voice{State: never, After: &Bounds{20, nil}}
	for _, tc := range []struct {
		name string
		a, b Voice
		want bool
	}{
		{"they meet", at(2, 3), at(2.5, 9), true},
		{"they touch", at(2, 3), at(3, 4), true},
		{"they are apart", at(2, 3), at(3.1, 4), false},
		{"both never", not, not, true},
		{"one never", not, at(30, 40), false},
		{"never and well", not, well, false},
		{"both well", well, well, true},
		{"well and late", well, at(0.1, 2), false},
		{"well and at once", well, at(0, 2), true},
	} {
		if got := agree(tc.a, tc.b); got != tc.want || agree(tc.b, tc.a) != tc.want {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
}

// What the platform and the toolkit say of a fault at 10 s, of which the platform learns at 12 s.
func TestVoices(t *testing.T) {
	sec := func(f float64) time.Duration { return time.Duration(f * float64(time.Second)) }
	c := newCollector()
	see := func(name, value string, from, to float64) {
		for at := from; at < to; at++ {
			c.take(signal.Sample{Signal: name, Value: signal.EnumVal(value), Low: sec(at - 0.1), High: sec(at)})
		}
	}
	see("dc1.job.orders.health", "healthy", 1, 12)
	see("dc1.job.orders.health", "unhealthy", 12, 30)
	see("dc1.job.orders.health", "healthy", 30, 40)
	see("dc2.job.orders.health", "healthy", 1, 40)
	see("dc3.module.m.job.orders.health", "healthy", 1, 15)
	see("dc3.module.m.job.orders.health", "unhealthy", 15, 40)
	see("dc2.job.orders.toolkit.remote", "up", 1, 20)
	see("dc2.job.orders.toolkit.remote", "down", 20, 40)
	see("dc2.job.orders.toolkit.takeover", "none", 1, 22)
	see("dc2.job.orders.toolkit.takeover", "done", 22, 40)
	see("dc1.instance.health", "unhealthy", 1, 40)
	got := c.turns.voices(10, 10.5, infinite)
	want := []struct {
		who, target, state string
		low, high          float64
	}{
		{platform, "dc1", recovered, 18.4, 20},
		{platform, "dc2", undisturbed, 0, 0},
		{platform, "dc3", never, 3.4, infinite},
		{toolkit, "dc2", recovered, 10.4, 12},
	}
	if len(got) != len(want) {
		t.Fatalf("got %d voices: %+v", len(got), got)
	}
	near := func(a, b float64) bool { return a == b || a-b < 1e-9 && b-a < 1e-9 }
	for i, w := range want {
		v := got[i]
		if v.Who != w.who || v.Target != w.target || v.State != w.state {
			t.Errorf("voice %d is %+v, want %+v", i, v, w)
		} else if v.After != nil && (!near(v.After.Low, w.low) || !near(highOf(v.After), w.high)) {
			t.Errorf("voice %d is at [%v, %v], want [%v, %v]", i, v.After.Low, highOf(v.After), w.low, w.high)
		}
	}
	// What came after the next fault is not this one's.
	for _, v := range c.turns.voices(10, 10.5, 10.8) {
		if v.State == recovered {
			t.Errorf("%+v came after the next fault", v)
		}
	}
	// Nobody noticed a fault at 35 s.
	if got := c.turns.voices(35, 35.5, infinite); got[len(got)-1].Who != toolkit || got[len(got)-1].State != undisturbed {
		t.Errorf("%+v", got[len(got)-1])
	}
}
