package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/measure"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	ms = time.Millisecond
	s  = time.Second
)

// buffer is a sink that a test fills at instants of its own.
type buffer struct {
	mu    sync.Mutex
	items []json.RawMessage
	gap   *providers.Gap
	err   error
	read  time.Time // Low of the last read
}

func (b *buffer) put(items ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, it := range items {
		b.items = append(b.items, json.RawMessage(it))
	}
}

// evict drops what is in the buffer.
func (b *buffer) evict() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.gap = &providers.Gap{Cause: "evicted", Since: b.read}
	b.items = nil
}

// fail makes reads end with an error, or work again.
func (b *buffer) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.err = err
}

func (b *buffer) Read(context.Context) (providers.Output, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return providers.Output{}, b.err
	}
	out := providers.Output{Items: b.items, Low: time.Now(), High: time.Now(), Gap: b.gap}
	b.items, b.gap, b.read = nil, nil, out.Low
	return out, nil
}

func (b *buffer) Close() error { return nil }

// bench is an audit of a seed that the test plays by hand.
type bench struct {
	t      *testing.T
	start  time.Time
	ledger *measure.Ledger
	sent   *records
	ids    measure.IDs
	sinks  map[string]*buffer
	audit  *Audit
	live   []float64
}

func newBench(t *testing.T, mirror bool, change func(*Options)) *bench {
	t.Helper()
	targets := []string{"dc1", "dc2"}
	b := &bench{
		t: t, start: time.Now(), ledger: measure.NewLedger(targets, mirror, t.TempDir()), sent: &records{}, ids: measure.NewIDs(1, "seed.d.s"),
		sinks: map[string]*buffer{"dc1": {}, "dc2": {}},
	}
	b.sinks["dc1"].put(`{"id":"from before"}`, `{"id":"deadbeef-3"}`)
	opt := Options{
		Spec: program.Audit{
			SeedAt: "seed.d.s", Targets: targets, Key: "id", Settle: value.Duration(2 * s), GapOver: value.Duration(s),
		},
		Step: "audit.a", RunSeed: 1, Start: b.start, Ledger: b.ledger,
		Outlet: func(_ context.Context, target string) (providers.Outlet, error) { return b.sinks[target], nil },
		Report: func(x Sample) { b.live = append(b.live, x.Value.Num) },
	}
	if change != nil {
		change(&opt)
	}
	a, err := Open(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	b.audit = a
	if err := b.ledger.Begin(b.ids, func(string) measure.Identity { return measure.ByID }, b.sent.open); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.ledger.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// records are those of a seed that a test plays by hand.
type records []measure.Original

func (r *records) open() (measure.Source, error) { return r, nil }

func (r *records) Again(seq int64) (*measure.Original, error) {
	if seq < 0 || seq >= int64(len(*r)) {
		return nil, errors.New("no such record")
	}
	return &(*r)[seq], nil
}

// add enters a record with these fields, names and values by turns.
func (r *records) add(l *measure.Ledger, o measure.Original, fields ...string) int64 {
	for i := 0; i < len(fields); i += 2 {
		o.Fields = append(o.Fields, measure.Field{Name: fields[i], Value: json.RawMessage(fields[i+1])})
	}
	*r = append(*r, o)
	return l.Add(o)
}

func (b *bench) now() time.Duration { return time.Since(b.start) }

// item is record seq as it comes out.
func (b *bench) item(seq int64) string {
	return fmt.Sprintf(`{"id":%q,"n":%d,"added":true}`, b.ids.ID(seq), seq)
}

// send puts n records in at a target, with that outcome, and returns the first one's number.
func (b *bench) send(n int, target int, o measure.Outcome) int64 {
	var seqs []int64
	for range n {
		seq := b.ledger.Len()
		seqs = append(seqs, b.sent.add(b.ledger, measure.Original{Due: b.now()}, "id", `"`+b.ids.ID(seq)+`"`, "n", fmt.Sprint(seq)))
	}
	b.settle(target, o, seqs...)
	return seqs[0]
}

func (b *bench) settle(target int, o measure.Outcome, seqs ...int64) {
	for _, seq := range seqs {
		b.ledger.Settle(seq, 1, measure.Attempt{Target: target, Outcome: o, Sent: b.now() - 10*ms, Answered: b.now()})
	}
}

func (b *bench) out(target string, seqs ...int64) {
	for _, q := range seqs {
		b.sinks[target].put(b.item(q))
	}
}

func (b *bench) close(timeout time.Duration, faults ...Fault) event.Audit {
	b.t.Helper()
	return b.audit.Close(b.t.Context(), timeout, faults)
}

func words(c event.AuditCounts) string {
	var out []string
	for _, x := range []struct {
		name string
		n    int64
	}{
		{"sent", c.Sent},
		{"acked", c.Acked},
		{"delivered", c.Delivered},
		{"once", c.Once},
		{"dup", c.Duplicated},
		{"across", c.DuplicatedAcross},
		{"lost", c.Lost},
		{"late", c.Reordered},
		{"corrupted", c.Corrupted},
		{"unexpected", c.Unexpected},
		{"inconclusive", c.Inconclusive},
	} {
		if x.n != 0 {
			out = append(out, fmt.Sprintf("%s %d", x.name, x.n))
		}
	}
	return strings.Join(out, ", ")
}

func want(t *testing.T, got event.AuditCounts, want string) {
	t.Helper()
	if w := words(got); w != want {
		t.Errorf("got  %s\nwant %s", w, want)
	}
}

func TestClasses(t *testing.T) {
	for _, tt := range []struct {
		name     string
		play     func(b *bench)
		total    string
		one, two string
	}{
		{
			"all delivered", func(b *bench) { b.send(3, 0, measure.Acked); b.out("dc1", 0, 1, 2) },
			"sent 3, acked 3, delivered 3, once 3", "sent 3, acked 3, delivered 3, once 3", "",
		},
		{
			"lost", func(b *bench) { b.send(3, 0, measure.Acked); b.out("dc1", 0, 2) },
			"sent 3, acked 3, delivered 2, once 2, lost 1", "sent 3, acked 3, delivered 2, once 2, lost 1", "",
		},
		{
			"came out at the other target", func(b *bench) { b.send(2, 0, measure.Acked); b.out("dc2", 0, 1) },
			"sent 2, acked 2, delivered 2, once 2", "sent 2, acked 2", "delivered 2, once 2",
		},
		{
			"indeterminate that did not arrive is not lost", func(b *bench) { b.send(2, 0, measure.Indeterminate); b.out("dc1", 1) },
			"sent 2, delivered 1, once 1", "sent 2, delivered 1, once 1", "",
		},
		{
			"twice at one", func(b *bench) { b.send(2, 0, measure.Acked); b.out("dc1", 0, 1, 1, 1) },
			"sent 2, acked 2, delivered 2, once 1, dup 1", "sent 2, acked 2, delivered 2, once 1, dup 1", "",
		},
		{
			"at both", func(b *bench) { b.send(1, 0, measure.Acked); b.out("dc1", 0); b.out("dc2", 0) },
			"sent 1, acked 1, delivered 1, across 1", "", "",
		},
		{
			"the second copy of a record sent twice is none", func(b *bench) {
				b.send(1, 0, measure.Indeterminate)
				b.settle(1, measure.Acked, 0)
				b.out("dc1", 0)
				b.out("dc2", 0)
			},
			"sent 1, acked 1, delivered 1, once 1", "delivered 1, once 1", "sent 1, acked 1, delivered 1, once 1",
		},
		{
			"but a third is", func(b *bench) {
				b.send(1, 0, measure.Indeterminate)
				b.settle(0, measure.Acked, 0)
				b.out("dc1", 0, 0, 0)
			},
			"sent 1, acked 1, delivered 1, dup 1", "sent 1, acked 1, delivered 1, dup 1", "",
		},
		{
			"out of order", func(b *bench) { b.send(4, 0, measure.Acked); b.out("dc1", 0, 2, 1, 3) },
			"sent 4, acked 4, delivered 4, once 4, late 1", "sent 4, acked 4, delivered 4, once 4, late 1", "",
		},
		{
			"resent records may be late", func(b *bench) {
				b.send(2, 0, measure.Rejected)
				b.send(1, 1, measure.Acked)
				b.settle(1, measure.Acked, 0, 1)
				b.out("dc2", 2, 0, 1)
			},
			"sent 3, acked 3, delivered 3, once 3", "", "sent 3, acked 3, delivered 3, once 3",
		},
		{
			"corrupted", func(b *bench) {
				b.send(1, 0, measure.Acked)
				b.sinks["dc1"].put(`{"id":"` + b.ids.ID(0) + `","n":7}`)
			},
			"sent 1, acked 1, delivered 1, once 1, corrupted 1", "sent 1, acked 1, delivered 1, once 1, corrupted 1", "",
		},
		{
			"other notations and missing fields are no corruption", func(b *bench) {
				b.send(2, 0, measure.Acked)
				b.sinks["dc1"].put(`{"id":"`+b.ids.ID(0)+`", "n": 0.0}`, `{"id":"`+b.ids.ID(1)+`"}`)
			},
			"sent 2, acked 2, delivered 2, once 2", "sent 2, acked 2, delivered 2, once 2", "",
		},
		{
			"unexpected", func(b *bench) {
				b.send(1, 0, measure.Acked)
				b.out("dc1", 0, 77)
				b.sinks["dc2"].put(`{"id":"who knows"}`, `[]`, `nonsense`, `{"n":1}`, `{"id":"deadbeef-4"}`)
			},
			"sent 1, acked 1, delivered 1, once 1, unexpected 5", "sent 1, acked 1, delivered 1, once 1, unexpected 1", "unexpected 4",
		},
		{
			"refused and yet delivered", func(b *bench) { b.send(1, 0, measure.Rejected); b.send(1, 0, measure.Unsent); b.out("dc1", 0, 1) },
			"sent 1, delivered 2, once 2, unexpected 2", "sent 1, delivered 2, once 2, unexpected 2", "",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, false, nil)
				time.Sleep(s)
				tt.play(b)
				time.Sleep(s)
				got := b.close(time.Minute)
				want(t, got.Total, tt.total)
				if tt.one != "" {
					want(t, got.At["dc1"], tt.one)
				}
				if tt.two != "" {
					want(t, got.At["dc2"], tt.two)
				}
				if b.live[len(b.live)-1] != float64(got.Total.Delivered) {
					t.Errorf("live values %v, delivered %d", b.live, got.Total.Delivered)
				}
			})
		})
	}
}

func TestTheKeyMayBeInANestedObject(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, false, func(o *Options) { o.Spec.Key = "order.id" })
		b.send(2, 0, measure.Acked)
		b.sinks["dc1"].put(fmt.Sprintf(`{"order":{"id":%q,"at":1},"n":0}`, b.ids.ID(0)), fmt.Sprintf(`{"order.id":%q}`, b.ids.ID(1)), `{"order":{}}`)
		want(t, b.close(time.Minute).Total, "sent 2, acked 2, delivered 2, once 2, unexpected 1")
	})
}

func TestAMirroredSeedIsAuditedAtEachTarget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, true, nil)
		b.send(3, 0, measure.Acked)
		b.settle(1, measure.Acked, 0, 1)
		b.out("dc1", 0, 1, 2)
		b.out("dc2", 0)
		got := b.close(time.Minute)
		want(t, got.Total, "sent 5, acked 5, delivered 4, once 4, lost 1")
		want(t, got.At["dc1"], "sent 3, acked 3, delivered 3, once 3")
		want(t, got.At["dc2"], "sent 2, acked 2, delivered 1, once 1, lost 1")
	})
}

func TestWhatAnUnreadBufferMayHaveDroppedIsInconclusive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, false, nil)
		time.Sleep(s)
		b.send(5, 0, measure.Acked)
		b.out("dc1", 0, 1)
		time.Sleep(s)
		b.sinks["dc2"].fail(errors.New("connection refused"))
		time.Sleep(s)
		b.sinks["dc2"].evict()
		b.sinks["dc2"].fail(nil)
		time.Sleep(s)
		b.send(5, 0, measure.Acked)
		b.out("dc1", 5, 6)
		got := b.close(time.Minute)
		want(t, got.Total, "sent 10, acked 10, delivered 4, once 4, lost 3, inconclusive 3")
		if len(got.Ranges) != 1 || got.Ranges[0].Target != "dc2" || got.Ranges[0].Cause != "evicted" {
			t.Errorf("ranges %+v", got.Ranges)
		}
		if wantIDs := []string{b.ids.ID(7), b.ids.ID(8), b.ids.ID(9)}; !cmp.Equal(got.LostIDs, wantIDs) {
			t.Errorf("lost %v, want %v", got.LostIDs, wantIDs)
		}
	})
}

func TestASinkThatStaysUnreachableIsInconclusiveAtTheTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, false, nil)
		time.Sleep(s)
		b.send(2, 0, measure.Acked)
		b.out("dc2", 0)
		time.Sleep(s)
		b.sinks["dc1"].fail(errors.New("connection refused"))
		before := b.now()
		got := b.close(10 * s)
		if took := b.now() - before; took != 10*s {
			t.Errorf("it took %s, want the timeout of 10s", took)
		}
		want(t, got.Total, "sent 2, acked 2, delivered 1, once 1, inconclusive 1")
		if len(got.Ranges) == 0 || !strings.Contains(got.Ranges[0].Cause, "connection refused") {
			t.Errorf("ranges %+v", got.Ranges)
		}
		if r := got.Total.RPO; r == nil || r.Low != 0 {
			t.Errorf("rpo %+v: it must say that something may be lost", r)
		}
	})
}

func TestAnUnreachableSinkIsReadOnAfterwards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, false, nil)
		b.sinks["dc1"].fail(errors.New("connection refused"))
		b.send(2, 0, measure.Acked)
		b.out("dc1", 0, 1)
		go func() {
			time.Sleep(20 * s)
			b.sinks["dc1"].fail(nil)
		}()
		got := b.close(time.Minute)
		want(t, got.Total, "sent 2, acked 2, delivered 2, once 2")
		if len(got.Ranges) != 0 {
			t.Errorf("ranges %+v", got.Ranges)
		}
	})
}

func TestASinkThatOpensLateHidesWhatCameBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, false, func(opt *Options) {
			began := time.Now()
			open := opt.Outlet
			opt.Outlet = func(ctx context.Context, target string) (providers.Outlet, error) {
				if target == "dc2" && time.Since(began) < 5*s {
					return nil, errors.New("not there yet")
				}
				return open(ctx, target)
			}
		})
		time.Sleep(s)
		b.send(1, 0, measure.Acked)
		time.Sleep(10 * s)
		b.send(1, 0, measure.Acked)
		got := b.close(time.Minute)
		want(t, got.Total, "sent 2, acked 2, lost 1, inconclusive 1")
	})
}

func TestItClosesOnceNothingNewHasComeForSettle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, false, nil)
		b.send(3, 0, measure.Acked)
		go func() {
			for i := range int64(3) {
				time.Sleep(1500 * ms)
				b.out("dc1", i)
			}
		}()
		got := b.close(time.Minute)
		want(t, got.Total, "sent 3, acked 3, delivered 3, once 3")
		if at := b.now(); at < 6500*ms || at > 7100*ms {
			t.Errorf("closed at %s, want settle (2s) after the last record (4.5s) and a poll", at)
		}
	})
}

func TestOpenGivesUpWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), s)
		defer cancel()
		_, err := Open(ctx, Options{
			Spec: program.Audit{Targets: []string{"dc1"}}, Step: "audit.a", Start: time.Now(), Ledger: measure.NewLedger(nil, false, ""),
			Outlet: func(ctx context.Context, _ string) (providers.Outlet, error) { <-ctx.Done(); return nil, ctx.Err() },
		})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

func TestRPO(t *testing.T) {
	t.Parallel()
	at := func(secs ...float64) []span {
		var out []span
		for _, x := range secs {
			d := time.Duration(x * float64(s))
			out = append(out, span{d - 100*ms, d})
		}
		return out
	}
	fault := func(from, to float64) Fault {
		i, h := time.Duration(from*float64(s)), time.Duration(to*float64(s))
		return Fault{signal.Span{Low: i, High: i + 500*ms}, signal.Span{Low: h, High: h}}
	}
	for _, tt := range []struct {
		name        string
		gone, maybe []span
		faults      []Fault
		want        string
	}{
		{"nothing", nil, nil, []Fault{fault(10, 20)}, "none"},
		{"before the fault", at(8, 9), nil, []Fault{fault(10, 20)}, "[2 2.6]"},
		{"through the fault", at(8, 15), nil, []Fault{fault(10, 20)}, "[6.9 7.1]"},
		{"without a fault", at(8, 9), nil, nil, "[0.9 1.1]"},
		{"two faults, each its own", at(8, 98), nil, []Fault{fault(10, 20), fault(100, 110)}, "[2 2.6]"},
		{"after the last fault", at(25), nil, []Fault{fault(10, 20)}, "[0 0.1]"},
		{"perhaps more", at(9), at(7), []Fault{fault(10, 20)}, "[1 3.6]"},
		{"perhaps something", nil, at(7), []Fault{fault(10, 20)}, "[0 3.6]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			gone, maybe := &reaches{faults: sorted(tt.faults)}, &reaches{faults: sorted(tt.faults)}
			for _, l := range tt.gone {
				gone.add(l)
				maybe.add(l)
			}
			for _, l := range tt.maybe {
				maybe.add(l)
			}
			if got := spelled(bounds(gone, maybe)); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func spelled(b *event.Bounds) string {
	if b == nil {
		return "none"
	}
	round := func(x float64) float64 { return math.Round(x*1e6) / 1e6 }
	return fmt.Sprintf("[%v %v]", round(b.Low), round(b.High))
}

func TestOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, false, func(o *Options) { o.Poll = 100 * ms })
		for i := range 100 {
			seq := b.send(1, 0, measure.Acked)
			if i < 40 || i >= 70 {
				b.out("dc1", seq)
			}
			time.Sleep(100 * ms)
		}
		got := b.close(time.Minute)
		// the last before the gap came at 3.9s, the first after it at 7s
		o := got.Total.Outage
		if o == nil || o.Low > 3.1 || o.High < 3.1 || o.High-o.Low > 0.41 {
			t.Errorf("outage %s, want it to contain 3.1s", spelled(o))
		}
		if len(got.Gaps) != 2 || got.Gaps[0].Target != "" || got.Gaps[1].Target != "dc1" {
			t.Errorf("gaps %+v, want one over all and one at dc1", got.Gaps)
		}
		want(t, got.Total, "sent 100, acked 100, delivered 70, once 70, lost 30")
		if got.Total.LostPercent != 0.3 {
			t.Errorf("lost %v of all", got.Total.LostPercent)
		}
	})
}

// What a sink held when it went down may have been read by others: it ends the time of which it is certain that nothing came
// out. While read after read fails, nobody got anything.
func TestAnOutageMayBeShorterByWhatPassedUnseen(t *testing.T) {
	for _, tt := range []struct {
		name      string
		down      time.Duration
		low, high float64
		gaps      int // over all, of more than a second
	}{
		// One record comes out at 1s and one at 11s, a sink begins anew in between.
		{"between two reads", 0, 5.5, 10.2, 2},
		{"and cannot be read for 3s", 3 * s, 5.5, 10.2, 3},
		{"and cannot be read for 8s", 8 * s, 7.8, 10.2, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, false, func(o *Options) { o.Poll = 100 * ms })
				sleepUntil := func(at time.Duration) { time.Sleep(time.Until(b.start.Add(at))) }
				sleepUntil(s)
				seqs := []int64{b.send(1, 0, measure.Acked), b.send(1, 0, measure.Acked)}
				b.out("dc1", seqs[0])
				sleepUntil(2*s + 350*ms)
				if tt.down > 0 {
					b.sinks["dc1"].fail(errors.New("it is down"))
					time.Sleep(tt.down)
					b.sinks["dc1"].fail(nil)
				} else {
					sleepUntil(5*s + 350*ms)
				}
				b.out("dc1", seqs[1])
				b.sinks["dc1"].evict()
				sleepUntil(11 * s)
				b.out("dc2", seqs[1])
				got := b.close(time.Minute)
				o := got.Total.Outage
				if o == nil || o.Low < tt.low || o.Low > tt.low+0.5 || o.High < 10 || o.High > tt.high {
					t.Errorf("outage %s, want about [%v %v]", spelled(o), tt.low, tt.high)
				}
				n := 0
				for _, g := range got.Gaps {
					if g.Target == "" {
						n++
					}
				}
				if n != tt.gaps {
					t.Errorf("gaps %+v, want %d over all", got.Gaps, tt.gaps)
				}
			})
		})
	}
}

func TestAnOutageThatNeverEndsCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, false, nil)
		for i := range 20 {
			seq := b.send(1, 0, measure.Acked)
			if i < 5 {
				b.out("dc1", seq)
			}
			time.Sleep(s)
		}
		o := b.close(time.Minute).Total.Outage
		if o == nil || o.Low < 14 || o.High > 16 {
			t.Errorf("outage %s, want about 15s", spelled(o))
		}
	})
}

func TestAFieldThatIsMissingWhereItNormallyComesOutIsAChange(t *testing.T) {
	// without is a result whose field n is missing.
	without := func(b *bench, seq int64) string { return fmt.Sprintf(`{"id":%q,"added":true}`, b.ids.ID(seq)) }
	for _, tt := range []struct {
		name  string
		n     int
		lacks func(i int64) bool
		want  int64
	}{
		{"every result has it", 100, func(int64) bool { return false }, 0},
		{"no result has it", 100, func(int64) bool { return true }, 0},
		{"a few lack it", 100, func(i int64) bool { return i%10 == 3 }, 10},
		{"most lack it", 100, func(i int64) bool { return i%10 != 3 }, 0},
		{"as many lack it as have it", 100, func(i int64) bool { return i%2 == 0 }, 0},
		{"one lacks it, the very first", 100, func(i int64) bool { return i == 0 }, 1},
		{"it is lost after it was clear that it comes out", 3000, func(i int64) bool { return i >= 2000 }, 1000},
		{"it comes after it was clear that it does not", 3000, func(i int64) bool { return i < 2000 }, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, false, nil)
				b.send(tt.n, 0, measure.Acked)
				b.send(1, 0, measure.Acked)
				for i := range int64(tt.n) {
					item := b.item(i)
					if tt.lacks(i) {
						item = without(b, i)
					}
					b.sinks["dc1"].put(item)
				}
				b.sinks["dc2"].put(without(b, int64(tt.n))) // of what another sink carries nothing follows
				if got := b.close(time.Minute).Total; got.Corrupted != tt.want || got.Delivered != int64(tt.n)+1 {
					t.Errorf("%d are changed, want %d (of %s)", got.Corrupted, tt.want, words(got))
				}
			})
		})
	}
}
