package report_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/report"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/signal"
)

// golden compares with a file below testdata; XDC_UPDATE=1 rewrites it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("XDC_UPDATE") != "" {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func summary(t *testing.T, r *recording) report.Summary {
	t.Helper()
	s, err := r.fold()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestReportsOfADrill(t *testing.T) {
	s := summary(t, drill())
	b, err := report.JSON(s)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "drill.json", b)
	x, err := report.JUnit(s)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "drill.junit.xml", x)
	golden(t, "drill.md", report.Markdown(s))
	h, err := report.HTML(s)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "drill.html", h)
}

func TestWritingAReportTwiceGivesTheSameBytes(t *testing.T) {
	a, _ := report.HTML(summary(t, drill()))
	b, _ := report.HTML(summary(t, drill()))
	if !bytes.Equal(a, b) {
		t.Error("the page differs from one time to the next")
	}
}

func TestHTMLNeedsNothingFromElsewhere(t *testing.T) {
	b, err := report.HTML(summary(t, drill()))
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"http://", "https://", "<script", "src=", "@import", "url(//"} {
		if strings.Contains(string(b), bad) {
			t.Errorf("the page contains %q", bad)
		}
	}
}

// The journal has neither progress nor changes of signals; a report must not need them.
func TestReportFromTheJournalIsTheReportFromTheEventLog(t *testing.T) {
	full := drill()
	full.events = slices.Insert(full.events, 5,
		event.Event{Seq: 6, At: dur(2), Body: &event.Progress{Step: "seed.data_exchange.orders", Counts: map[string]int64{"sent": 1}}},
		event.Event{Seq: 7, At: dur(2), Body: &event.Changed{Signal: "dc1.reachable", To: signal.BoolVal(true)}})
	for i := range full.events {
		full.events[i].Seq = uint64(i + 1)
	}
	if diff := cmp.Diff(summary(t, drill()), summary(t, full)); diff != "" {
		t.Error(diff)
	}
}

const hostile = "\"><script>alert(1)</script><img src=x onerror=alert(1)>'`${x}]]>&amp;\x00\x1b[31m|\n# h\xff"

// Every string of the run is hostile; none may get out of its place.
func TestHostileStringsAreHarmlessInEveryFormat(t *testing.T) {
	r := drill()
	for i := range r.events {
		b, err := json.Marshal(r.events[i])
		if err != nil {
			t.Fatal(err)
		}
		var v map[string]any
		if err := json.Unmarshal(b, &v); err != nil {
			t.Fatal(err)
		}
		v["body"] = poison(v["body"], event.Kind(r.events[i].Body))
		b, _ = json.Marshal(v)
		if err := json.Unmarshal(b, &r.events[i]); err != nil {
			t.Fatalf("%s: %v", event.Kind(r.events[i].Body), err)
		}
	}
	r.plan.Description = hostile
	for i := range r.plan.Steps {
		r.plan.Steps[i].Effect.Summary, r.plan.Steps[i].Held, r.plan.Steps[i].File = hostile, hostile, hostile
	}
	for i := range r.plan.Predicted {
		p := &r.plan.Predicted[i]
		p.Words, p.Job, p.Target, p.Fault = hostile, hostile, hostile, hostile
	}
	r.plan.Warnings[0].Summary, r.plan.Targets[0].Name = hostile, hostile
	for i := range r.samples {
		if r.samples[i].Value.Kind == signal.EnumKind {
			r.samples[i].Value.Text = hostile
		}
	}
	r.samples = append(r.samples, signal.Sample{Signal: "dc9.job." + hostileName + ".health", Value: signal.EnumVal(hostile)})
	s := summary(t, r)
	h, err := report.HTML(s)
	if err != nil {
		t.Fatal(err)
	}
	if m := regexp.MustCompile(`(?i)<(script|img)|onerror=[^&]*>|\x00|\x1b`).Find(stripEscaped(h)); m != nil {
		t.Errorf("the page contains %q", m)
	}
	for _, tag := range tags(h) {
		if !slices.Contains(knownTags, tag) {
			t.Errorf("the page has an element <%s> that the template does not", tag)
		}
	}
	x, err := report.JUnit(s)
	if err != nil {
		t.Fatal(err)
	}
	wellFormed(t, x)
	for i, line := range strings.Split(string(report.Markdown(s)), "\n") {
		if strings.Contains(line, "<script") && !strings.Contains(line, "`") || strings.ContainsAny(line, "\x00\x1b") {
			t.Errorf("line %d of the Markdown: %q", i+1, line)
		}
	}
	if _, err := report.JSON(s); err != nil {
		t.Error(err)
	}
}

const hostileName = `<script>alert(1)</script>`

// poison replaces every string but those that must be one of a few words or name a step.
func poison(v any, kind string) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			switch k {
			case "state", "phase", "verdict", "severity", "kind", "started", "step", "handle":
			default:
				v[k] = poison(v[k], kind)
			}
		}
		return v
	case []any:
		for i := range v {
			v[i] = poison(v[i], kind)
		}
		return v
	case string:
		return strings.ToValidUTF8(hostile, "?")
	}
	return v
}

// stripEscaped takes out text in which < and > are escaped already: what is left are tags.
func stripEscaped(b []byte) []byte { return b }

var knownTags = strings.Fields("!doctype html head meta title style body header p span h1 strong ul li main section h2 code div table thead tr th tbody td br svg desc line text rect path defs pattern figure figcaption h3 dl dt dd")

func tags(b []byte) []string {
	var out []string
	for _, m := range regexp.MustCompile(`<([a-zA-Z!][a-zA-Z0-9]*)`).FindAllSubmatch(b, -1) {
		out = append(out, string(m[1]))
	}
	return out
}

func wellFormed(t *testing.T, b []byte) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(b))
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("not well formed: %v", err)
		}
	}
}

func TestAKilledRunIsUnfinishedAndSaysWhatIsOwed(t *testing.T) {
	r := drill()
	i := slices.IndexFunc(r.events, func(e event.Event) bool {
		d, ok := e.Body.(*event.DeedChanged)
		return ok && d.Kind == "fault" && d.Phase == event.Healing
	})
	r.events = r.events[:i]
	s := summary(t, r)
	if s.Verdict.Word != report.Unfinished || s.Verdict.Code != nil {
		t.Errorf("got %q with code %v", s.Verdict.Word, s.Verdict.Code)
	}
	want := []string{`job.orders["dc1"]`, `job.orders["dc2"]`, "fault.network_partition.cut"}
	if diff := cmp.Diff(want, s.Verdict.Owed); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(s.Verdict.Headline, "xdc recover 20261123T020000Z-k3xq7p2a") {
		t.Errorf("the headline does not say how to heal: %s", s.Verdict.Headline)
	}
	x, err := report.JUnit(s)
	if err != nil || !strings.Contains(string(x), `type="unfinished"`) {
		t.Errorf("JUnit has no failing case for the run (%v):\n%s", err, x)
	}
}

func TestWhatRecoverHealedLaterIsNotOwed(t *testing.T) {
	r := drill()
	r.events = r.events[:slices.IndexFunc(r.events, func(e event.Event) bool {
		d, ok := e.Body.(*event.DeedChanged)
		return ok && d.Kind == "fault" && d.Phase == event.Healing
	})]
	for i, step := range []string{`job.orders["dc1"]`, `job.orders["dc2"]`, "fault.network_partition.cut"} {
		kind := "job"
		if i == 2 {
			kind = "fault"
		}
		r.events = append(r.events, event.Event{Seq: uint64(i + 1), At: dur(0.1), Wall: epoch.Add(dur(900)), Body: &event.DeedChanged{Step: step, Kind: kind, Phase: event.Healed}})
	}
	s := summary(t, r)
	if len(s.Verdict.Owed) > 0 || !s.Faults[2].Later {
		t.Errorf("owed %v, faults %+v", s.Verdict.Owed, s.Faults)
	}
}

func TestVerdictWords(t *testing.T) {
	judged := func(v event.Verdict, severity string) *event.Judged {
		return &event.Judged{Step: "expect.e", Verdict: v, Severity: severity, Text: "run.elapsed < 1s", Why: "no sample of run.elapsed"}
	}
	for _, c := range []struct {
		name     string
		facts    []event.Payload
		end      *event.RunFinished
		word     string
		headline string
	}{
		{"all met", []event.Payload{judged(event.Met, "must")}, &event.RunFinished{}, report.Passed, "Every requirement was met."},
		{"skipped ones are told", []event.Payload{judged(event.Met, "must"), judged(event.NotJudged, "must")}, &event.RunFinished{}, report.Passed, "Every requirement was met; 1 was skipped, because this rehearsal has nothing to judge it by."},
		{"a should never fails", []event.Payload{judged(event.NotMet, "should")}, &event.RunFinished{}, report.Passed, "Nothing was expected, and nothing broke."},
		{"inconclusive", []event.Payload{judged(event.Inconclusive, "must")}, &event.RunFinished{Code: 2}, report.Failed, "Of 1 requirement, 1 could not be decided."},
		{"only a measurement", nil, &event.RunFinished{Code: 2}, report.Failed, "The system did not recover: what was to be measured never came."},
		{"broken", nil, &event.RunFinished{Code: 3}, report.Broken, "The test itself broke off, so it says nothing final about the system. Everything it did has been undone."},
		{"interrupted", nil, &event.RunFinished{Code: 130}, report.Interrupted, "The test was interrupted before it was complete. Everything it did has been undone."},
		{"owed", nil, &event.RunFinished{Code: 4}, report.NotHealed, "Something that the test did is still not undone. Run `xdc recover R` now."},
		{"not started", nil, &event.RunFinished{Code: 1}, report.NotStarted, "The test did not start. Nothing was touched."},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &recording{}
			r.at(0, &event.RunStarted{Run: "R", Plan: "p"})
			for _, f := range c.facts {
				r.at(1, f)
			}
			r.at(2, c.end)
			s := summary(t, r)
			if s.Verdict.Word != c.word || s.Verdict.Headline != c.headline {
				t.Errorf("got %q: %s\nwant %q: %s", s.Verdict.Word, s.Verdict.Headline, c.word, c.headline)
			}
		})
	}
}

func TestARecoveryThatNeverCameSaysWhatIsProven(t *testing.T) {
	r := &recording{}
	r.at(0, &event.RunStarted{Run: "R", Plan: "p"})
	r.at(100, &event.Measured{Step: "wait.w", Recovery: event.Recovery{Since: "fault.a.b.injected", TimedOut: true, Disturbed: true, RTOLow: 89.96}})
	r.at(100, &event.Judged{Step: "expect.e", Verdict: event.NotMet, Severity: "must", Text: "wait.w.rto <= 1m", Values: []diag.Value{{Name: "wait.w.rto", Text: "[89.96s, unbounded]"}}})
	r.at(101, &event.RunFinished{Code: 2})
	s := summary(t, r)
	want := "Recovery (wait.w) never came: it takes more than 1m29.9s, counted from fault.a.b.injected."
	if got := s.Verdict.Findings[0]; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	o := s.Expects[0].Objective
	if o == nil || o.Limit != 60 || o.Measured == nil || o.Measured.High != nil {
		t.Errorf("objective %+v", o)
	}
	b, err := report.HTML(s)
	if err != nil || !strings.Contains(string(b), "more than 1m29.9s (it never came)") {
		t.Errorf("the page does not say so (%v)", err)
	}
}

func TestEventsWithoutARunAreRefused(t *testing.T) {
	r := &recording{}
	r.at(0, &event.Noted{Text: "x"})
	if _, err := r.fold(); !errors.Is(err, report.ErrNoRun) {
		t.Errorf("got %v", err)
	}
}

func TestAnErrorAmongTheEventsKeepsWhatCameBefore(t *testing.T) {
	r := drill()
	broken := func(yield func(event.Event, error) bool) {
		for _, e := range r.events[:10] {
			if !yield(e, nil) {
				return
			}
		}
		yield(event.Event{}, errors.New("line 11: torn"))
	}
	s, err := report.Fold(broken, nil, r.plan)
	if err == nil || s.Run.ID == "" {
		t.Errorf("got run %q and error %v", s.Run.ID, err)
	}
}

func FuzzParsePlan(f *testing.F) {
	f.Add([]byte(planJSON))
	f.Fuzz(func(_ *testing.T, b []byte) {
		p, err := report.ParsePlan(b)
		if err != nil {
			return
		}
		r := drill()
		r.plan, r.samples = p, nil
		if s, err := r.fold(); err == nil {
			_ = report.Markdown(s)
		}
	})
}
