package toolkit

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/providers"
)

// seen feeds readings of one target into an inference and keeps what changes.
type seen struct {
	in    *inference
	now   time.Duration
	last  map[string]signal.Value
	lines []string
}

func watch(info providers.JobInfo) *seen {
	info.Target, info.Path = "dc1", "job.orders"
	return &seen{in: newInference("dc1", []providers.JobInfo{info}), last: map[string]signal.Value{}}
}

// round gives one round of readings: "status running", "Watchdog.output[0].tuples 2", all from one answer.
func (s *seen) round(readings ...string) {
	s.now += time.Second
	for _, r := range readings {
		name, value, _ := strings.Cut(r, "=")
		v := signal.EnumVal(value)
		var n float64
		if _, err := fmt.Sscan(value, &n); err == nil {
			v = signal.NumberVal(n)
		}
		s.feed("dc1.job.orders."+name, v)
	}
}

func (s *seen) feed(name string, v signal.Value) {
	for _, c := range s.in.Infer(signal.Sample{Signal: name, Value: v, Low: max(s.now-3*time.Second, 0), High: s.now}) {
		short := strings.TrimPrefix(c.Signal, "dc1.job.orders.toolkit.")
		if s.last[short] != c.Value && short != "replication_age" {
			s.lines = append(s.lines, fmt.Sprintf("%s %s %s", s.now, short, c.Value))
		}
		s.last[short] = c.Value
		if c.Evidence == "" || c.High != s.now || c.Low > c.High {
			s.lines = append(s.lines, fmt.Sprintf("bad sample %+v", c))
		}
	}
}

func op(name, attr string, n int) string {
	return fmt.Sprintf("operator[%q].%s=%d", name, attr, n)
}

func up(n int) string     { return op("App.CrossDCFailover."+watchdog, statusTuples, n) }
func handed(n int) string { return op("App.CrossDCFailover."+merger, mergedTuples, n) }
func stored(n int) string { return op("App.CrossDCFailover."+dataReceiver+"[0]", receivedTuples, n) }

func (s *seen) want(t *testing.T, lines ...string) {
	t.Helper()
	if diff := cmp.Diff(lines, s.lines); diff != "" {
		t.Error(diff)
	}
}

func active() providers.JobInfo {
	return providers.JobInfo{Toolkit: &providers.Toolkit{Mode: "active"}}
}

func TestParitySaysWhetherTheOtherSideIsUp(t *testing.T) {
	s := watch(active())
	for _, n := range []int{0, 1, 1, 2, 3, 4} {
		s.round("status=running", up(n), handed(0), stored(0))
	}
	s.want(t,
		"1s role active", "1s remote never", "1s takeover none",
		"2s remote up",
		"4s remote down", "4s takeover done", // nothing was ever replicated
		"5s remote up", "5s takeover none",
		"6s remote down", "6s takeover done",
	)
}

func TestATakeoverIsDoneWhenStateWasHandedOver(t *testing.T) {
	s := watch(active())
	s.round(up(1), handed(0), stored(0))
	s.round(up(1), handed(0), stored(5))
	s.round(up(2), handed(0), stored(5)) // DOWN, and the application has nothing yet
	s.round(up(2), handed(5), stored(5))
	s.round(up(3), handed(5), stored(5))
	s.round(up(4), handed(10), stored(10)) // both in one answer: no state in between is made up
	s.want(t,
		"1s remote up", "1s takeover none",
		"3s remote down", "3s takeover running", "4s takeover done",
		"5s remote up", "5s takeover none",
		"6s remote down", "6s takeover done",
	)
}

// The order of operators within one answer must not make states up.
func TestTheOrderOfReadingsDoesNotMatter(t *testing.T) {
	for _, order := range [][3]int{{0, 1, 2}, {2, 1, 0}, {1, 0, 2}, {1, 2, 0}} {
		s := watch(active())
		for _, r := range [][]string{{up(1), handed(0), stored(5)}, {up(2), handed(5), stored(5)}} {
			s.round(r[order[0]], r[order[1]], r[order[2]])
		}
		for _, l := range s.lines {
			if strings.Contains(l, "running") {
				t.Errorf("order %v: %s", order, s.lines)
			}
		}
		if s.last["takeover"].Text != takeoverDone {
			t.Errorf("order %v: %s", order, s.lines)
		}
	}
}

func TestNothingToTakeOverIsSaidAfterAWhile(t *testing.T) {
	s := watch(active())
	s.round(up(1), handed(0), stored(3))
	for range 40 { // an orderly shutdown: what was stored was deleted, and nothing is handed over
		s.round(up(2), handed(0), stored(4))
	}
	s.want(t, "1s remote up", "1s takeover none", "2s remote down", "2s takeover running", "32s takeover done")
}

func TestALaunchOfThePEBeginsAnew(t *testing.T) {
	s := watch(active())
	s.round(op(watchdog, launches, 1), up(1), handed(7), stored(7))
	s.round(op("App.CrossDCFailover."+watchdog, launches, 2), up(0), handed(0), stored(0))
	s.round(up(1), handed(0), stored(1))
	s.round(up(2), handed(1), stored(1))
	s.want(t,
		"1s remote up", "1s takeover none",
		"2s remote never", "3s remote up",
		"4s remote down", "4s takeover done",
	)
}

func TestAJobThatIsGoneProcessesNothing(t *testing.T) {
	s := watch(active())
	s.round("status=running", up(1), handed(0), stored(0))
	s.round("status=gone", "health=unhealthy")
	s.round("status=running", up(0), handed(0), stored(0))
	s.want(t,
		"1s role active", "1s remote up", "1s takeover none",
		"2s role passive", "3s role active", "3s remote never",
	)
}

func TestPassiveAndLaunchedCopies(t *testing.T) {
	p := watch(providers.JobInfo{Toolkit: &providers.Toolkit{Mode: "passive"}})
	p.round("status=running", up(1), handed(0), stored(4))
	p.round("status=running", up(2), handed(0), stored(4))
	p.want(t, "1s role passive", "1s remote up", "1s takeover none", "2s remote down")

	l := watch(providers.JobInfo{Launched: "x", Toolkit: &providers.Toolkit{Mode: "passive"}})
	l.round("status=constructed", "health=healthy")
	l.round("status=running", "health=unhealthy")
	l.round("status=running", "health=healthy", up(0))
	l.want(t, "1s takeover running", "2s role active", "3s takeover done", "3s remote never")
}

func TestReplicationAgeIsBoundedByWhenItWasSeen(t *testing.T) {
	s := watch(active())
	s.round(stored(0))
	if _, ok := s.last["replication_age"]; ok {
		t.Error("there is an age before anything arrived")
	}
	s.now = 9 * time.Second
	s.round(stored(1)) // arrived between the last look (at 1s, true of 0s) and now, at 10s
	s.now = 19 * time.Second
	s.round(stored(1))
	got := s.last["replication_age"]
	// Now is in [17s, 20s]; it arrived in [0s, 10s].
	if got.Kind != signal.Duration || got.Low != 7 || got.High != 20 || got.Num != 20 {
		t.Errorf("got %v", got)
	}
}

func TestHeartbeatsAreCounted(t *testing.T) {
	s := watch(active())
	s.round(op("X."+receiver, receivedTuples, 12), op("X."+sender, triedTuples, 13))
	s.want(t, "1s heartbeats_in 12", "1s heartbeats_out 13")
}

func TestTwoCompositesAreToldApart(t *testing.T) {
	one, two := op("A."+watchdog, statusTuples, 1), op("B."+watchdog, statusTuples, 2)
	s := watch(active())
	s.round(one, two)
	s.round(one, two)
	if got := s.last["remote"].Text; got != remoteUp {
		t.Errorf("remote is %q; nothing can be said but by the first one seen", got)
	}
	if n := len(s.lines); n != 2 {
		t.Errorf("conclusions are drawn from a mixture: %s", s.lines)
	}
	for name, want := range map[string]string{"A": remoteUp, "B": remoteDown} {
		s := watch(providers.JobInfo{Toolkit: &providers.Toolkit{Mode: "active", Composite: name}})
		s.round(one, two)
		if got := s.last["remote"].Text; got != want {
			t.Errorf("composite %s: remote is %q, want %q", name, got, want)
		}
	}
}

func TestShortNamesOfTheSameOperatorSayNothingNew(t *testing.T) {
	s := watch(active())
	s.round(up(1), op(watchdog, statusTuples, 1), handed(0), op(merger, mergedTuples, 0))
	s.round(op(watchdog, statusTuples, 2), up(2), op(merger, mergedTuples, 0), handed(0), stored(0))
	s.want(t, "1s remote up", "1s takeover none", "2s remote down", "2s takeover running")
}

func TestOtherTargetsAndStrangeSignalsAreLeftAlone(t *testing.T) {
	s := watch(active())
	for _, name := range []string{"dc2.job.orders.status", "dc1.job.ordersx.status", "dc1.job.orders.operator[", `dc1.job.orders.operator["x`, "dc1.job.orders", "", `dc1.job.orders.operator["` + watchdog + `"].output[0].tuples`} {
		s.feed(name, signal.EnumVal("running"))
	}
	s.want(t)
}

func FuzzInfer(f *testing.F) {
	f.Add(`operator["A.RemoteDataCenterHeartbeatWatchdog"].output[0].tuples`, 3.0)
	f.Add(`operator["RemoteDCDataMerger[0]"].launches`, -1.0)
	f.Add("status", 0.0)
	in := newInference("dc1", []providers.JobInfo{{Target: "dc1", Path: "job.orders", Toolkit: &providers.Toolkit{Composite: "A"}}})
	f.Fuzz(func(t *testing.T, name string, n float64) {
		for _, v := range []signal.Value{signal.NumberVal(n), signal.EnumVal("running")} {
			for _, s := range in.Infer(signal.Sample{Signal: "dc1.job.orders." + name, Value: v, High: time.Second}) {
				if !strings.HasPrefix(s.Signal, "dc1.job.orders.toolkit.") {
					t.Errorf("%q concludes %q", name, s.Signal)
				}
			}
		}
	})
}
