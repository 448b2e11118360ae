package view_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/cmd/internal/view"
	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/plan"
	"github.com/xdc-project/xdc/engine/report"
	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
)

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("XDC_UPDATE") != "" {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func sec(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// partition is a small plan with a step of most kinds.
func partition() *plan.Plan {
	cut := addr.Step{Kind: addr.Fault, Type: "network_partition", Name: "cut"}
	seed := addr.Step{Kind: addr.Seed, Type: "data_exchange", Name: "orders"}
	minute := value.Duration(time.Minute)
	step := func(a addr.Step, s program.Step) *plan.Step {
		s.Addr = a
		return &plan.Step{Address: a.String(), Kind: string(a.Kind), Type: a.Type, Step: &s, Twin: true}
	}
	job := step(addr.Step{Kind: addr.Job, Name: "orders"}, program.Step{Job: &program.Job{Target: "dc1"}})
	job.Description = providers.Description{
		SideEffects: true, Summary: "orders.sab is submitted to dc1",
		Effects: []providers.Line{{Place: "dc1", Text: `POST https://streams.dc1.example.com:8443/streams/rest/jobs {"name": "xdc_k3xq7p2a", "password": "(var.password, sensitive)"}`}},
		Undo:    []providers.Line{{Place: "dc1", Text: "the job is cancelled at the end of the run, after every heal"}},
	}
	job.Expected = plan.Window{End: new(5.0), Latest: new(300.0)}
	s := step(seed, program.Step{Seed: &program.Seed{}, Needs: []program.Need{{Step: job.Addr, Point: program.Running}}})
	s.Description = providers.Description{SideEffects: true, Summary: "100 records a second for 2m to dc1", Effects: []providers.Line{{Text: "POST .../Orders"}}}
	s.Expected, s.Unknown = plan.Window{Start: 5, End: new(125.0)}, []string{"endpoint"}
	f := step(cut, program.Step{
		Fault: &program.Fault{Duration: minute}, When: &program.Condition{Text: "seed.data_exchange.orders.acked >= 2000"},
	})
	f.Held = "held 1m"
	f.Description = providers.Description{
		SideEffects: true, CutsManagement: true, Summary: "dc1 -> dc2 dropped, dc2 -> dc1 dropped; everything else untouched",
		Effects: []providers.Line{{Place: "dc1.edge", Text: "nft add element inet xdc xdc_k3xq7p2a_0badf00d { 10.0.2.0/24 timeout 90s }"}},
		Undo:    []providers.Line{{Place: "dc1.edge", Text: "nft delete table inet xdc_k3xq7p2a_0badf00d"}},
	}
	f.Expected = plan.Window{Start: 25, End: new(85.0)}
	w := step(addr.Step{Kind: addr.Wait, Name: "takeover"}, program.Step{
		Timeout: value.Duration(90 * time.Second), Needs: []program.Need{{Step: cut, Point: program.Injected}},
		Wait: &program.Wait{Since: &program.Event{Step: cut, Name: "injected"}, Until: &program.Condition{Text: "dc2.job.orders.toolkit.remote is down"}, Hold: value.Duration(5 * time.Second)},
	})
	w.Expected = plan.Window{Start: 25, Latest: new(115.0)}
	a := step(addr.Step{Kind: addr.Action, Type: "exec", Name: "page"}, program.Step{Action: &program.Action{}, Needs: []program.Need{{Step: cut, Point: program.Healed}}})
	a.Description, a.Skip = providers.Description{SideEffects: true, Summary: "runs a command on dc1.edge", Effects: []providers.Line{{Place: "dc1.edge", Text: "logger drill over"}}}, "the twin runs no commands"
	e := step(addr.Step{Kind: addr.Expect, Name: "recovers_in_time"}, program.Step{Expect: &program.Expect{Severity: "must", That: &program.Condition{Text: "wait.takeover.rto <= 60s"}}})
	e2 := step(addr.Step{Kind: addr.Expect, Name: "quick"}, program.Step{Expect: &program.Expect{Severity: "should", Condition: "wait.takeover.rto < 30"}})
	return &plan.Plan{
		Name: "network_partition", Description: "The link between the data centres is cut: dc2 must take over by itself, and nothing that was acknowledged may be lost.",
		Timeout: value.Duration(15 * time.Minute), Steps: []*plan.Step{job, s, f, w, a, e, e2}, Secrets: []string{"var.password"},
		Guards:   []plan.Guard{{Address: "guard.alive", Guard: &program.Guard{That: &program.Condition{Text: "dc2.reachable is true"}}}},
		Blast:    plan.Blast{Targets: []string{"dc1", "dc2"}, Hosts: []string{"dc1.edge"}, Networks: []string{"10.0.2.0/24"}, Jobs: []string{"dc1.job.orders"}, Protected: []string{"dc1"}, Faults: 1},
		Critical: []string{"job.orders", "fault.network_partition.cut", "wait.takeover"}, Expected: plan.Window{End: new(130.0)},
		Predicted: []providers.Prediction{{Fault: f.Address, Target: "dc2", Quantity: "detection", Low: 20, High: 25, Possible: true, Sure: true, Words: "4 misses of 5s each, and up to one tick more"}},
		Warnings:  []plan.Warning{{Code: "XDC2001", Address: "seed.data_exchange.orders", Summary: "Producers do not fail over", Detail: "The seed has one target only.", File: "drill.xdc.hcl", Line: 81}},
	}
}

func TestPlanIsReadable(t *testing.T) {
	var b bytes.Buffer
	if err := view.Plan(&b, partition(), view.Plain()); err != nil {
		t.Fatal(err)
	}
	golden(t, "plan.txt", b.String())
}

func TestPlanInColourSaysTheSame(t *testing.T) {
	var plain, colour bytes.Buffer
	st := view.Plain()
	_ = view.Plan(&plain, partition(), st)
	st.Colour = true
	_ = view.Plan(&colour, partition(), st)
	if got := strip(colour.String()); got != plain.String() {
		t.Errorf("without its colours it differs: %s", cmp.Diff(plain.String(), got))
	}
}

func strip(s string) string {
	var b strings.Builder
	for {
		before, after, ok := strings.Cut(s, "\x1b[")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		_, s, _ = strings.Cut(after, "m")
	}
}

// facts is a short run that fails.
func facts() []event.Event {
	var out []event.Event
	at := func(s float64, p event.Payload) {
		out = append(out, event.Event{Seq: uint64(len(out) + 1), At: sec(s), Body: p})
	}
	const cut, wait, seed = "fault.network_partition.cut", "wait.takeover", "seed.data_exchange.orders"
	at(0, &event.RunStarted{Run: "20261123T020000Z-k3xq7p2a", Mode: "apply", Plan: "network_partition", Seed: 7, StandIn: "/tmp/twin"})
	at(0.1, &event.StepChanged{Step: seed, State: event.Running})
	at(1, &event.Progress{Step: seed, Counts: map[string]int64{"acked": 98, "sent": 100}})
	at(2, &event.Progress{Step: seed, Counts: map[string]int64{"acked": 198, "sent": 200}})
	at(12, &event.Progress{Step: seed, Counts: map[string]int64{"acked": 1198, "sent": 1200, "indeterminate": 2}})
	at(20, &event.StepChanged{Step: cut, State: event.Running})
	at(20, &event.DeedChanged{Step: cut, Kind: "fault", Phase: event.Intended})
	at(20.3, &event.DeedChanged{Step: cut, Kind: "fault", Phase: event.Verified, Low: sec(20.05), High: sec(20.3), Until: sec(80.3), Evidence: "no connection from 10.0.1.10"})
	at(21, &event.StepChanged{Step: wait, State: event.Running})
	at(22, &event.Routed{Step: seed, From: "dc1", To: "dc2", Reason: "refused for 2s"})
	at(41, &event.Changed{Signal: "dc2.job.orders.toolkit.remote", From: signal.EnumVal("up"), To: signal.EnumVal("down"), Evidence: "4 heartbeats missed"})
	at(41, &event.Changed{Signal: "seed.data_exchange.orders.latency", To: signal.DurationVal(time.Second)})
	at(46, &event.Measured{Step: wait, Recovery: event.Recovery{Since: cut + ".injected", RTO: new(21.2), RTOLow: 19.3, RTOHigh: new(21.2), Disturbed: true}})
	at(46, &event.StepChanged{Step: wait, State: event.Done})
	at(46, &event.Judged{Step: "expect.recovers_in_time", Verdict: event.Met, Severity: "must", Why: "wait.takeover.rto is [19.3s, 21.2s]", Text: "wait.takeover.rto <= 60s"})
	at(60, &event.Noted{Level: "warning", Subject: "dc1", Text: "the server closes connections \x1b[2J early\nfake line"})
	at(80.3, &event.DeedChanged{Step: cut, Kind: "fault", Phase: event.Healing})
	at(80.4, &event.DeedChanged{Step: cut, Kind: "fault", Phase: event.HealFailed, Attempt: 1, Error: "connection refused"})
	at(82, &event.DeedChanged{Step: cut, Kind: "fault", Phase: event.Healed, Low: sec(81), High: sec(82), Evidence: "connections work"})
	at(82, &event.StepChanged{Step: cut, State: event.Done})
	at(99, &event.Audited{Step: "audit.orders", Audit: event.Audit{Total: event.AuditCounts{Acked: 11950, Delivered: 11938, Lost: 12, Duplicated: 3}}})
	at(99, &event.Judged{
		Step: "expect.loses_nothing", Verdict: event.NotMet, Severity: "must", Why: "audit.orders.lost is 12", Text: "audit.orders.lost == 0",
		Message: "acknowledged records never came out", Values: []diag.Value{{Name: "audit.orders.lost", Text: "12"}}, File: "drill.xdc.hcl", Line: 125,
	})
	at(100, &event.RunFinished{Code: 2, Reason: "expect.loses_nothing is not met"})
	return out
}

func TestLinesAreStable(t *testing.T) {
	var b bytes.Buffer
	l := view.NewLines(&b, view.Plain())
	for _, ev := range facts() {
		if err := l.Accept(ev); err != nil {
			t.Fatal(err)
		}
	}
	golden(t, "lines.txt", b.String())
}

func TestStreamIsOneObjectALine(t *testing.T) {
	var b bytes.Buffer
	r := view.NewRun(view.AsJSON, &b, nil, view.Plain(), 3)
	for _, ev := range facts() {
		if err := r.Accept(ev); err != nil {
			t.Fatal(err)
		}
	}
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	if want := `{"format":"xdc.events/1"}`; lines[0] != want {
		t.Errorf("first line %s, want %s", lines[0], want)
	}
	for i, want := range facts() {
		var got event.Event
		if err := json.Unmarshal([]byte(lines[i+1]), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.Body, got.Body); diff != "" {
			t.Error(diff)
		}
	}
}

func folded(t *testing.T, evs []event.Event) report.Summary {
	t.Helper()
	s, err := report.Fold(func(yield func(event.Event, error) bool) {
		for _, ev := range evs {
			if !yield(ev, nil) {
				return
			}
		}
	}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTheLastFiveLinesOfAFailedRunSayWhatFailedWhereAndWhy(t *testing.T) {
	var b bytes.Buffer
	if err := view.Closing(&b, folded(t, facts()), 2, ".xdc/runs/r/report.html", view.Plain()); err != nil {
		t.Fatal(err)
	}
	golden(t, "closing.txt", b.String())
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	last := strings.Join(lines[max(0, len(lines)-5):], "\n")
	for _, want := range []string{"expect.loses_nothing", "drill.xdc.hcl:125", "audit.orders.lost = 12", "audit.orders.lost is 12", "FAILED"} {
		if !strings.Contains(last, want) {
			t.Errorf("the last five lines do not have %q:\n%s", want, last)
		}
	}
}

func TestARecoveryThatNeverCameIsNamedAtTheEnd(t *testing.T) {
	var b bytes.Buffer
	evs := append(facts()[:8:8],
		event.Event{Seq: 9, At: sec(90), Body: &event.StepChanged{Step: "wait.takeover", State: event.Failed, Finding: true, Reason: "it never came within 1m"}},
		event.Event{Seq: 10, At: sec(91), Body: &event.DeedChanged{Step: "fault.network_partition.cut", Kind: "fault", Phase: event.Healed}},
		event.Event{Seq: 11, At: sec(92), Body: &event.RunFinished{Code: 2, Reason: "wait.takeover: the recovery it measures never came"}})
	_ = view.Closing(&b, folded(t, evs), 2, "", view.Plain())
	want := `FAILED  network_partition: 0 met; wait.takeover: the recovery it measures never came (exit 2)
  wait.takeover
    why:    it never came within 1m
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsNotHealedEndsWithTheCommandThatHeals(t *testing.T) {
	var b bytes.Buffer
	evs := append(facts()[:8:8], event.Event{Seq: 9, At: sec(90), Body: &event.RunFinished{Code: 4, Reason: "fault.network_partition.cut is not verified undone"}})
	_ = view.Closing(&b, folded(t, evs), 4, "", view.Plain())
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if got, want := lines[len(lines)-1], "!!! heal it now:  xdc recover 20261123T020000Z-k3xq7p2a"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if !strings.Contains(b.String(), "NOT HEALED") || !strings.Contains(b.String(), "!!! fault.network_partition.cut is not known to be undone") {
		t.Error(b.String())
	}
}

// screen is written to by the display's goroutine and read by the test.
type screen struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *screen) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func TestLiveBlockShowsFaultsSidesAndCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b screen
		st := view.Style{Width: 100, Terminal: true}
		r := view.NewRun(view.InPlace, nil, &b, st, 7)
		begin := time.Now()
		for _, ev := range facts()[:10] {
			time.Sleep(ev.At - time.Since(begin))
			if err := r.Accept(ev); err != nil {
				t.Fatal(err)
			}
		}
		r.Sample(signal.Sample{Signal: "dc2.job.orders.health", Value: signal.EnumVal("healthy")})
		r.Sample(signal.Sample{Signal: "dc2.job.orders.pe[\"1\"].health", Value: signal.EnumVal("healthy")})
		time.Sleep(10*time.Second + 100*time.Millisecond) // between two pictures
		before := len(b.text())
		time.Sleep(200 * time.Millisecond)
		if err := r.Flush(); err != nil {
			t.Fatal(err)
		}
		golden(t, "live.txt", strings.ReplaceAll(b.text()[before:], "\x1b", "ESC"))
	})
}

func TestCleanNeutralisesWhatSteersTerminals(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"plain – text", "plain – text"},
		{"\x1b[2J\x07", "␛[2J␇"},
		{"a\nb\tc", "a b c"},
		{"\u202egnp.exe", "\ufffdgnp.exe"},
		{"\u009b31m", "\ufffd31m"},
		{"\xff", "\ufffd"},
	} {
		if got := view.Clean(c.in); got != c.want {
			t.Errorf("Clean(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func TestDiffKeepsTabsAndNeutralisesTheRest(t *testing.T) {
	var b bytes.Buffer
	if err := view.Diff(&b, "--- a\n+++ a\n@@ -1 +1 @@\n-\ta\x1b[2J\n+\tb\n", view.Plain()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("--- a\n+++ a\n@@ -1 +1 @@\n-\ta␛[2J\n+\tb\n", b.String()); diff != "" {
		t.Error(diff)
	}
}

func FuzzClean(f *testing.F) {
	f.Add("\x1b]0;title\x07")
	f.Fuzz(func(t *testing.T, s string) {
		for _, r := range view.Clean(s) {
			if r < 0x20 || r == 0x7f || (r >= 0x80 && r < 0xa0) {
				t.Fatalf("%q keeps %U", s, r)
			}
		}
	})
}
