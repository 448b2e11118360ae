package seed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/xdc-project/xdc/engine/measure"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// service is an endpoint whose answers a test decides by the time since it was made.
type service struct {
	start  time.Time
	answer func(at time.Duration, items []json.RawMessage) (providers.Receipt, time.Duration)
	got    []string // ids, in order of arrival
	when   []time.Duration
	flying int
	most   int
}

func newService() *service { return &service{start: time.Now()} }

// takes says that the service answers after a while.
func takes(d time.Duration) func(time.Duration, []json.RawMessage) (providers.Receipt, time.Duration) {
	return func(time.Duration, []json.RawMessage) (providers.Receipt, time.Duration) {
		return providers.Receipt{Outcome: providers.Accepted}, d
	}
}

func (s *service) Send(ctx context.Context, items []json.RawMessage) providers.Receipt {
	s.flying++
	s.most = max(s.most, s.flying)
	defer func() { s.flying-- }()
	sent := time.Now()
	r, delay := providers.Receipt{Outcome: providers.Accepted}, 5*time.Millisecond
	if s.answer != nil {
		r, delay = s.answer(sent.Sub(s.start), items)
	}
	select {
	case <-time.After(delay):
	case <-ctx.Done():
		r = providers.Receipt{Outcome: providers.Indeterminate, Err: ctx.Err()}
	}
	r.Sent, r.Answered = sent, time.Now()
	n := r.Accepted
	if r.Outcome == providers.Accepted {
		n = len(items)
	}
	for _, it := range items[:n] {
		var m struct {
			ID string `json:"id"`
		}
		_ = json.Unmarshal(it, &m)
		s.got = append(s.got, m.ID)
		s.when = append(s.when, sent.Sub(s.start))
	}
	return r
}

func (s *service) Close() error { return nil }

func spec(targets ...string) program.Seed {
	return program.Seed{
		Targets: targets, Rate: 100, Records: 100, Batch: 10, MaxInFlight: 10000,
		Drain: value.Duration(10 * time.Second), SwitchAfter: value.Duration(2 * time.Second),
		Record: &value.Generator{Kind: "object", Names: []string{"id", "n"}, Fields: []value.Generator{
			{Kind: "id"}, {Kind: "number", Max: 10},
		}},
	}
}

type outcome struct {
	Result
	ledger  *measure.Ledger
	samples map[string][]float64
	routes  []string
	took    time.Duration
}

func run(t *testing.T, sp program.Seed, services map[string]*service, change func(*Options)) outcome {
	t.Helper()
	out := outcome{samples: map[string][]float64{}, ledger: NewLedger(sp, t.TempDir())}
	if _, err := out.ledger.Watch("id"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := out.ledger.Close(); err != nil {
			t.Error(err)
		}
	})
	start := time.Now()
	opt := Options{
		Spec: sp, Step: "seed.data_exchange.s", RunSeed: 7, Start: start, Ledger: out.ledger,
		Inlet: func(_ context.Context, target string) (providers.Inlet, error) {
			if services[target] == nil {
				return nil, errors.New("no such endpoint")
			}
			return services[target], nil
		},
		Report: func(x Sample) { out.samples[x.Attr] = append(out.samples[x.Attr], x.Value.Num) },
		Routed: func(from, to, reason string) {
			out.routes = append(out.routes, fmt.Sprintf("%s %s->%s %s", time.Since(start).Round(100*time.Millisecond), from, to, reason))
		},
	}
	if change != nil {
		change(&opt)
	}
	var err error
	if out.Result, err = Run(t.Context(), opt); err != nil {
		t.Errorf("run: %v", err)
	}
	out.took = time.Since(start)
	return out
}

// sentAgain is a record as the ledger's source tells it again.
func sentAgain(t *testing.T, l *measure.Ledger, seq int64) *measure.Original {
	t.Helper()
	r, err := l.Reader("id")
	if err != nil {
		t.Fatal(err)
	}
	o, err := r.Again(seq)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func counts(c measure.Counts) string {
	return fmt.Sprintf("due %d sent %d acked %d rejected %d indeterminate %d unsent %d resent %d",
		c.Due, c.Sent, c.Acked, c.Rejected, c.Indeterminate, c.Unsent, c.Resent)
}

func wantCounts(t *testing.T, o outcome, want string) {
	t.Helper()
	if got := counts(o.Counts); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestEveryRecordIsSentInOrderAtItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		o := run(t, spec("dc1"), map[string]*service{"dc1": s}, nil)
		wantCounts(t, o, "due 100 sent 100 acked 100 rejected 0 indeterminate 0 unsent 0 resent 0")
		ids := measure.NewIDs(7, "seed.data_exchange.s")
		for i, id := range s.got {
			if id != ids.ID(int64(i)) {
				t.Fatalf("record %d arrived as %s", i, id)
			}
		}
		// the first batch leaves when its tenth record is due
		if got := s.when[0].Round(10 * time.Millisecond); got != 90*time.Millisecond {
			t.Errorf("the first batch left at %s, want 90ms", got)
		}
		if s.most != 1 {
			t.Errorf("%d requests at once, want 1", s.most)
		}
		if l := o.samples["latency"]; len(l) != 10 || l[0] < 0.09 {
			t.Errorf("latencies %v: want ten, each counted from when the first record was due", l)
		}
	})
}

func TestAStallIsMeasuredFromTheDueTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		s.answer = func(at time.Duration, _ []json.RawMessage) (providers.Receipt, time.Duration) {
			if at < 500*time.Millisecond {
				return providers.Receipt{Outcome: providers.Accepted}, 2 * time.Second
			}
			return providers.Receipt{Outcome: providers.Accepted}, time.Millisecond
		}
		o := run(t, spec("dc1"), map[string]*service{"dc1": s}, nil)
		last, err := o.ledger.Record(0, 15)
		due := sentAgain(t, o.ledger, 15).Due
		if err != nil || last.Answered-due < 1900*time.Millisecond {
			t.Errorf("record 15 was due %s and answered %s (%v): the stall is hidden", due, last.Answered, err)
		}
		if due.Round(10*time.Millisecond) != 150*time.Millisecond {
			t.Errorf("record 15 was due at %s: the stall moved it", due)
		}
	})
}

func TestTooManyInFlightAreUnsent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		s.answer = takes(5 * time.Second)
		sp := spec("dc1")
		sp.MaxInFlight = 30
		o := run(t, sp, map[string]*service{"dc1": s}, nil)
		// three batches are held; the second and third still go out within the drain
		wantCounts(t, o, "due 100 sent 30 acked 20 rejected 0 indeterminate 10 unsent 70 resent 0")
	})
}

func TestBusyIsTriedAgainInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		s.answer = func(at time.Duration, items []json.RawMessage) (providers.Receipt, time.Duration) {
			if at < 2*time.Second {
				return providers.Receipt{Outcome: providers.Refused, Accepted: min(3, len(items)-1), Busy: true}, time.Millisecond
			}
			return providers.Receipt{Outcome: providers.Accepted}, time.Millisecond
		}
		o := run(t, spec("dc1"), map[string]*service{"dc1": s}, nil)
		wantCounts(t, o, "due 100 sent 100 acked 100 rejected 0 indeterminate 0 unsent 0 resent 0")
		ids := measure.NewIDs(7, "seed.data_exchange.s")
		for i, id := range s.got {
			if id != ids.ID(int64(i)) {
				t.Fatalf("record %d arrived as %s", i, id)
			}
		}
	})
}

func TestOutcomesWhenTheServiceNeverTakesAny(t *testing.T) {
	for _, tt := range []struct {
		name    string
		receipt providers.Receipt
		want    string
	}{
		{"refused", providers.Receipt{Outcome: providers.Refused}, "due 100 sent 100 acked 0 rejected 100 indeterminate 0 unsent 0 resent 0"},
		{"busy", providers.Receipt{Outcome: providers.Refused, Busy: true}, "due 100 sent 10 acked 0 rejected 10 indeterminate 0 unsent 90 resent 0"},
		{"unreached", providers.Receipt{Outcome: providers.Unreached}, "due 100 sent 0 acked 0 rejected 0 indeterminate 0 unsent 100 resent 0"},
		{"no answer", providers.Receipt{Outcome: providers.Indeterminate}, "due 100 sent 100 acked 0 rejected 0 indeterminate 100 unsent 0 resent 0"},
		{"a prefix", providers.Receipt{Outcome: providers.Refused, Accepted: 4}, "due 100 sent 100 acked 40 rejected 60 indeterminate 0 unsent 0 resent 0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newService()
				s.answer = func(time.Duration, []json.RawMessage) (providers.Receipt, time.Duration) {
					return tt.receipt, time.Millisecond
				}
				o := run(t, spec("dc1"), map[string]*service{"dc1": s}, nil)
				wantCounts(t, o, tt.want)
				if o.took > 12*time.Second {
					t.Errorf("it took %s, longer than the drain allows", o.took)
				}
			})
		})
	}
}

func TestAnInletThatCannotBeOpenedIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		o := run(t, spec("dc1"), nil, func(opt *Options) {
			opt.Inlet = func(context.Context, string) (providers.Inlet, error) {
				if time.Since(s.start) < 3*time.Second {
					return nil, errors.New("not published yet")
				}
				return s, nil
			}
		})
		wantCounts(t, o, "due 100 sent 100 acked 100 rejected 0 indeterminate 0 unsent 0 resent 0")
	})
}

// dies answers well until at, and not at all after.
func dies(at time.Duration) func(time.Duration, []json.RawMessage) (providers.Receipt, time.Duration) {
	return func(now time.Duration, _ []json.RawMessage) (providers.Receipt, time.Duration) {
		if now < at {
			return providers.Receipt{Outcome: providers.Accepted}, 5 * time.Millisecond
		}
		return providers.Receipt{Outcome: providers.Accepted}, time.Hour
	}
}

func TestFailover(t *testing.T) {
	for _, tt := range []struct {
		name          string
		resend, retry bool
		want          string
		across        int // arrivals at dc2
	}{
		{"plain", false, false, "due 1000 sent 1000 acked 990 rejected 0 indeterminate 10 unsent 0 resent 0", 590},
		{"resend", true, false, "due 1000 sent 1000 acked 1000 rejected 0 indeterminate 0 unsent 0 resent 10", 600},
		{"retry", false, true, "due 1000 sent 1000 acked 1000 rejected 0 indeterminate 0 unsent 0 resent 10", 600},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				one, two := newService(), newService()
				one.answer = dies(4050 * time.Millisecond)
				sp := spec("dc1", "dc2")
				sp.Route, sp.Resend, sp.Retry, sp.Records = "failover", tt.resend, tt.retry, 1000
				o := run(t, sp, map[string]*service{"dc1": one, "dc2": two}, nil)
				wantCounts(t, o, tt.want)
				if len(two.got) != tt.across {
					t.Errorf("%d records went to dc2, want %d", len(two.got), tt.across)
				}
				if want := []string{"6.1s dc1->dc2 it gave no answer for 2s: context deadline exceeded"}; !cmp.Equal(o.routes, want) {
					t.Errorf("routes %q, want %q", o.routes, want)
				}
			})
		})
	}
}

func TestMirrorHasAnOutcomeAtEachTarget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, two := newService(), newService()
		two.answer = func(time.Duration, []json.RawMessage) (providers.Receipt, time.Duration) {
			return providers.Receipt{Outcome: providers.Refused, Accepted: 5}, time.Millisecond
		}
		sp := spec("dc1", "dc2")
		sp.Route = "mirror"
		o := run(t, sp, map[string]*service{"dc1": one, "dc2": two}, nil)
		wantCounts(t, o, "due 100 sent 200 acked 150 rejected 50 indeterminate 0 unsent 0 resent 0")
		if a, b := o.ledger.Put(0)[0].Acked, o.ledger.Put(1)[1].Acked; a != 100 || b != 50 {
			t.Errorf("acknowledged %d at dc1 and %d at dc2, want 100 and 50", a, b)
		}
	})
}

func TestSpreadGoesRound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, two := newService(), newService()
		sp := spec("dc1", "dc2")
		sp.Route = "spread"
		o := run(t, sp, map[string]*service{"dc1": one, "dc2": two}, nil)
		wantCounts(t, o, "due 100 sent 100 acked 100 rejected 0 indeterminate 0 unsent 0 resent 0")
		if len(one.got) != 50 || len(two.got) != 50 {
			t.Errorf("%d and %d, want 50 and 50", len(one.got), len(two.got))
		}
	})
}

func TestStopSendsWhatIsDueAndNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		stop := make(chan struct{})
		time.AfterFunc(455*time.Millisecond, func() { close(stop) })
		o := run(t, spec("dc1"), map[string]*service{"dc1": s}, func(opt *Options) { opt.Stop = stop })
		wantCounts(t, o, "due 46 sent 46 acked 46 rejected 0 indeterminate 0 unsent 0 resent 0")
		if !o.Stopped || o.took > time.Second {
			t.Errorf("stopped %v after %s", o.Stopped, o.took)
		}
	})
}

func TestCancelGivesEveryRecordAnOutcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		s.answer = takes(time.Minute)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(455*time.Millisecond, cancel)
		sp := spec("dc1")
		l := NewLedger(sp, t.TempDir())
		r, err := Run(ctx, Options{
			Spec: sp, Step: "s", Start: time.Now(), Ledger: l,
			Inlet: func(context.Context, string) (providers.Inlet, error) { return s, nil },
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
		if got, want := counts(r.Counts), "due 40 sent 10 acked 0 rejected 0 indeterminate 10 unsent 30 resent 0"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

func TestTheSameSeedGivesTheSameRecords(t *testing.T) {
	t.Parallel()
	make := func(seed uint64) string {
		src, err := newGenerated(&value.Generator{
			Kind:  "object",
			Names: []string{"id", "seq", "t", "n", "s", "c", "k", "m", "o", "x"},
			Fields: []value.Generator{
				{Kind: "id"},
				{Kind: "seq"},
				{Kind: "time"},
				{Kind: "number", Min: 1, Max: 2},
				{Kind: "text", Size: 5},
				{Kind: "choice", Items: []value.Generator{{Kind: "const", Const: json.RawMessage(`"a"`)}, {Kind: "const", Const: json.RawMessage(`1`)}}},
				{Kind: "key", Max: 3},
				{Kind: "template", Template: `{key}/"{seq}"`},
				{Kind: "object", Names: []string{"in"}, Fields: []value.Generator{{Kind: "seq"}}},
				{Kind: "list", Items: []value.Generator{{Kind: "seq"}, {Kind: "const", Const: json.RawMessage(`{"a": 1}`)}}},
			},
		}, seed, "seed.d.s")
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for i := range int64(3) {
			it, err := src.next(i, time.Unix(1700000000, 250e6+i))
			if err != nil || !json.Valid(it.raw) {
				t.Fatalf("record %d: %s, %v", i, it.raw, err)
			}
			out = append(out, string(it.raw))
		}
		return strings.Join(out, "\n")
	}
	if a, b := make(1), make(1); a != b {
		t.Errorf("the same run seed gave\n%s\nand\n%s", a, b)
	}
	if a, b := make(1), make(2); a == b {
		t.Error("another run seed gave the same records")
	}
	if a := make(1); !strings.Contains(a, `"t":1700000000.250000001`) || !strings.Contains(a, `"x":[1,{"a":1}]`) {
		t.Errorf("records are\n%s", a)
	}
}

func TestGeneratorsThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	deep := value.Generator{Kind: "seq"}
	for range 40 {
		deep = value.Generator{Kind: "list", Items: []value.Generator{deep}}
	}
	for _, g := range []value.Generator{
		{Kind: "nonsense"},
		{Kind: "text", Size: -1},
		{Kind: "number", Min: 2, Max: 1},
		{Kind: "choice"},
		{Kind: "const", Const: json.RawMessage("{")},
		{Kind: "object", Names: []string{"a"}},
		deep,
	} {
		if _, err := newGenerated(&value.Generator{Kind: "object", Names: []string{"f"}, Fields: []value.Generator{g}}, 1, "s"); err == nil {
			t.Errorf("%.60v was accepted", g)
		}
	}
}

func TestSchedules(t *testing.T) {
	t.Parallel()
	sec := value.Duration(time.Second)
	for _, tt := range []struct {
		name string
		spec program.Seed
		n    int
		last time.Duration
		at   map[int]time.Duration
	}{
		{"records", program.Seed{Rate: 10, Records: 5}, 5, 400 * time.Millisecond, nil},
		{"duration", program.Seed{Rate: 10, Duration: sec}, 10, 900 * time.Millisecond, nil},
		{"both, records first", program.Seed{Rate: 10, Duration: sec, Records: 3}, 3, 200 * time.Millisecond, nil},
		{
			"stages",
			program.Seed{Rate: 1, Stages: []program.RateStage{{Duration: sec, Rate: 10}, {Duration: sec, Rate: 100}}},
			110, 1990 * time.Millisecond,
			map[int]time.Duration{10: time.Second, 11: 1010 * time.Millisecond},
		},
		{
			"ramp",
			program.Seed{Rate: 0, Stages: []program.RateStage{{Duration: 2 * sec, Rate: 10, Ramp: true}}},
			10, 1897366596,
			map[int]time.Duration{0: 0, 9: 1897366596},
		},
		{
			"ramp down to nothing",
			program.Seed{Rate: 10, Records: 1000, Stages: []program.RateStage{{Duration: 2 * sec, Rate: 0, Ramp: true}}},
			10, 1367544468, nil,
		},
		{
			"a pause",
			program.Seed{Rate: 10, Records: 20, Stages: []program.RateStage{{Duration: sec, Rate: 10}, {Duration: sec, Rate: 0}, {Duration: sec, Rate: 10}}},
			20, 2900 * time.Millisecond,
			map[int]time.Duration{9: 900 * time.Millisecond, 10: 2 * time.Second},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newSchedule(tt.spec, rand.PCG{})
			var got []time.Duration
			for d, ok := s.next(); ok; d, ok = s.next() {
				if len(got) > 0 && d < got[len(got)-1] {
					t.Fatalf("record %d is due before the one in front of it", len(got))
				}
				got = append(got, d)
				if len(got) > 10000 {
					t.Fatal("it does not end")
				}
			}
			if len(got) != tt.n || got[len(got)-1] != tt.last {
				t.Errorf("%d records, the last at %s; want %d and %s", len(got), got[len(got)-1], tt.n, tt.last)
			}
			for i, want := range tt.at {
				if got[i] != want {
					t.Errorf("record %d is due at %s, want %s", i, got[i], want)
				}
			}
		})
	}
}

func TestFiles(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, file, text string
		want             []string
		err              string
	}{
		{name: "lines", file: "a.jsonl", text: "{\"id\": 1}\n\n{\"id\":2}", want: []string{`{"id":1}`, `{"id":2}`}},
		{name: "array", file: "a.json", text: `[{"id": 1}, {"id":2}]`, want: []string{`{"id":1}`, `{"id":2}`}},
		{name: "csv", file: "a.csv", text: "id,name,ok\n1,\"a \"\"b\"\"\",true\n007,,x\n", want: []string{
			`{"id":1,"name":"a \"b\"","ok":true}`, `{"id":"007","name":"","ok":"x"}`,
		}},
		{name: "array cut short", file: "a.json", text: `[{"id":1}`, want: []string{`{"id":1}`}, err: "record 2"},
		{name: "no array", file: "a.json", text: `{"id":1}`, err: "must hold one JSON array"},
		{name: "no object", file: "a.jsonl", text: "1\n", err: "is not a JSON object"},
		{name: "no JSON", file: "a.jsonl", text: "{\n", err: "record 1"},
		{name: "ragged", file: "a.csv", text: "a,b\n1\n", err: "record 1"},
		{name: "empty", file: "a.csv", text: "", err: "first line"},
		{name: "too long", file: "a.jsonl", text: `{"a":"` + strings.Repeat("x", maxItem+10) + `"}`, err: "record 1"},
		{name: "too long in an array", file: "a.json", text: `[{"a":"` + strings.Repeat("x", 2*maxAhead) + `"}]`, err: "more than"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, tt.file), []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			var got []string
			src, err := open(Options{Spec: program.Seed{File: tt.file}, Folder: dir, Ledger: NewLedger(program.Seed{}, dir)})
			for i := int64(0); err == nil; i++ {
				var it item
				if it, err = src.next(i, time.Now()); err == nil {
					got = append(got, string(it.raw))
				}
			}
			if src != nil {
				if err := src.close(); err != nil {
					t.Error(err)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if tt.err == "" && err.Error() != "EOF" || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("ended with %v, want %q", err, tt.err)
			}
		})
	}
}

func TestASeedFromAFileEndsWithIt(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.jsonl")
	if err := os.WriteFile(file, []byte(strings.Repeat("{\"id\":\"x\"}\n", 25)), 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		sp := spec("dc1")
		sp.Record, sp.File = nil, file
		o := run(t, sp, map[string]*service{"dc1": s}, nil)
		wantCounts(t, o, "due 25 sent 25 acked 25 rejected 0 indeterminate 0 unsent 0 resent 0")
	})
}

func TestAnAuditThatCannotTellRecordsApartIsAnError(t *testing.T) {
	t.Parallel()
	sp := spec("dc1")
	sp.Record.Fields[0] = value.Generator{Kind: "const", Const: json.RawMessage("1")}
	l := NewLedger(sp, t.TempDir())
	if _, err := l.Watch("id"); err != nil {
		t.Fatal(err)
	}
	_, err := Run(t.Context(), Options{Spec: sp, Step: "s", Ledger: l, Start: time.Now()})
	if err == nil || !strings.Contains(err.Error(), `"id"`) {
		t.Errorf("got %v", err)
	}
}

func TestANestedFieldMayTellRecordsApart(t *testing.T) {
	t.Parallel()
	g, err := newGenerated(&value.Generator{Kind: "object", Names: []string{"order", "n.o"}, Fields: []value.Generator{
		{Kind: "object", Names: []string{"id", "n"}, Fields: []value.Generator{{Kind: "id"}, {Kind: "number", Max: 1}}}, {Kind: "seq"},
	}}, 1, "s")
	if err != nil {
		t.Fatal(err)
	}
	for field, want := range map[string]measure.Identity{
		"order.id": measure.ByID, "order.n": measure.ByNothing, "n.o": measure.ByNumber, "renamed": measure.ByID,
	} {
		if got := g.identity(field); got != want {
			t.Errorf("%s identifies by %d, want %d", field, got, want)
		}
	}
}
