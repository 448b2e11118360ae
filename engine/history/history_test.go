package history_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/history"
	"github.com/xdc-project/xdc/engine/report"
)

var usual = history.Options{Level: 0.05, Confidence: 0.95}

// made is a run whose takeover took so long; NaN: it was not measured, +Inf: it never came.
func made(i int, rto float64, lost int64) report.Summary {
	code := 0
	s := report.Summary{Run: report.Run{ID: fmt.Sprintf("run%d", i), Plan: "drill", Mode: "apply", Digest: "d"}, Verdict: report.Verdict{Word: "passed", Code: &code}}
	m := report.Recovery{Step: "wait.takeover"}
	verdict := event.Met
	switch {
	case math.IsInf(rto, 1):
		m.TimedOut, verdict = true, event.NotMet
	case !math.IsNaN(rto):
		m.RTO, m.RTOHigh = &rto, &rto
	default:
		verdict = event.Inconclusive
	}
	s.Recoveries = []report.Recovery{m}
	s.Audits = []report.Audit{{Step: "audit.orders", Audit: event.Audit{Total: event.AuditCounts{Lost: lost}}}}
	s.Expects = []report.Expect{{Step: "expect.in_time", Severity: "must", Verdict: verdict}, {Step: "expect.seen", Severity: "must", Verdict: event.NotJudged}}
	return s
}

func series(n int, rto func(int) float64) (out []report.Summary) {
	for i := range n {
		out = append(out, made(i, rto(i), 0))
	}
	return out
}

func TestWhatRunsSayTogether(t *testing.T) {
	runs := series(8, func(i int) float64 { return float64(10 + i) })
	runs = append(runs, made(8, math.Inf(1), 3), made(9, math.NaN(), 0))
	broken := made(10, 1, 0)
	code := 3
	broken.Verdict = report.Verdict{Word: "broken", Code: &code}
	killed := made(11, 1, 0)
	killed.Verdict.Code, killed.Verdict.Word = nil, "unfinished"
	got, err := history.Compare(append(runs, broken, killed), nil, usual)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Runs) != 10 || strings.Join(got.Broken, ",") != "run10 broken,run11 unfinished" || len(got.Worse) > 0 {
		t.Errorf("got %+v", got)
	}
	f := got.Figures[0]
	if f.Step != "wait.takeover" || f.What != "rto" || f.N != 9 || f.Never != 1 || f.Doubt != 1 || f.Median != 14 || !math.IsInf(float64(f.Max), 1) || f.P != nil {
		t.Errorf("got %+v", f)
	}
	e := got.Expects[0]
	if e.Met != 8 || e.Of != 10 || got.Expects[1].Of != 0 {
		t.Errorf("got %+v", got.Expects)
	}
	b, err := json.Marshal(got)
	if err != nil || !strings.Contains(string(b), `"max":null`) {
		t.Errorf("as JSON: %s, %v", b, err)
	}
}

func TestOnlyEvidenceIsCalledWorse(t *testing.T) {
	steady := func(i int) float64 { return 10 + float64(i%5)/10 }
	slower := func(i int) float64 { return 15 + float64(i%5)/10 }
	never := func(i int) float64 {
		if i < 7 {
			return math.Inf(1)
		}
		return steady(i)
	}
	for name, tc := range map[string]struct {
		now  []report.Summary
		o    history.Options
		want string
	}{
		"the same":              {series(10, steady), usual, ""},
		"faster":                {series(10, func(i int) float64 { return steady(i) / 2 }), usual, ""},
		"slower":                {series(10, slower), usual, "wait.takeover rto"},
		"slower, and tolerated": {series(10, slower), history.Options{Level: 0.05, Confidence: 0.95, Tolerance: 1}, ""},
		"mostly never":          {series(10, never), usual, "wait.takeover rto,expect.in_time"},
		"two are too few":       {series(2, func(i int) float64 { return 1000 })[:1], usual, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := history.Compare(tc.now, series(10, steady), tc.o)
			if err != nil {
				t.Fatal(err)
			}
			if s := strings.Join(got.Worse, ","); s != tc.want {
				t.Errorf("worse: %q, want %q", s, tc.want)
			}
		})
	}
}

func TestRunsOfDifferentPlansAreNotCompared(t *testing.T) {
	other := made(1, 1, 0)
	other.Run.Plan = "another"
	if _, err := history.Compare([]report.Summary{made(0, 1, 0), other}, nil, usual); err == nil || !strings.Contains(err.Error(), "--mixed") {
		t.Errorf("got %v", err)
	}
	o := usual
	o.Mixed = true
	if _, err := history.Compare([]report.Summary{made(0, 1, 0), other}, nil, o); err != nil {
		t.Error(err)
	}
	if _, err := history.Compare(nil, nil, usual); err == nil {
		t.Error("nothing was compared")
	}
	changed := made(2, 1, 0)
	changed.Run.Digest = "e"
	got, err := history.Compare([]report.Summary{made(0, 1, 0), changed}, nil, usual)
	if err != nil || len(got.Notes) != 1 {
		t.Errorf("got %+v, %v", got.Notes, err)
	}
}
