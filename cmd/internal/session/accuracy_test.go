package session_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"text/template"
	"time"

	"github.com/xdc-project/xdc/cmd/internal/load"
	"github.com/xdc-project/xdc/cmd/internal/session"
	"github.com/xdc-project/xdc/engine/exec"
	"github.com/xdc-project/xdc/engine/report"
	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/plans"
	"github.com/xdc-project/xdc/providers/all"
)

// drill is one random plan. Its members are the names in testdata/accuracy/plan.tmpl.
type drill struct {
	Seed                                           uint64
	Fault, Direction, Application, Fusion          string
	Route, Operator                                string
	Loss                                           int // percent
	Latency, Limit                                 value.Duration
	Reject                                         bool
	Heartbeat, Snapshot, InitDelay                 value.Duration
	Misses                                         int
	Poll, AuditPoll, Phase, Hold, HoldFor, Timeout value.Duration
	Rate, Records, Batch                           int
	// What drawSecond draws. second is the condition Until with its truth.
	Until              string
	HoldFor2, Timeout2 value.Duration
	Failback           bool
	second             condition
}

// drawDrill draws everything that may bear on a measurement: intervals, phases, faults, rates, applications.
func drawDrill(n uint64) drill {
	r := rand.New(rand.NewPCG(n, 0x5eed))
	pick := func(s ...string) string { return s[r.IntN(len(s))] }
	seconds := func(n int) value.Duration { return value.Duration(time.Duration(n) * time.Second) }
	between := func(low, high time.Duration) value.Duration {
		return value.Duration(low + time.Duration(r.Int64N(int64(high-low)+1)).Truncate(time.Millisecond))
	}
	h := 1 + r.IntN(10)
	d := drill{
		Seed: r.Uint64() >> 1, Fault: pick("network_partition", "network_partition", "network_loss", "network_latency", "streams_job", "streams_instance", "streams_pe", "process_hang", "process_kill"),
		Route: pick("failover", "failover", "spread", "mirror"), Operator: pick("HeartbeatMessagePreparer", "HeartbeatMessagePreparer", "KeyedCounter", "Orders", "Results"),
		Loss: []int{20, 60, 100}[r.IntN(3)], Latency: between(100*time.Millisecond, 20*time.Second), Limit: between(time.Second, time.Minute),
		Direction: pick("both", "both", "in", "out"), Reject: r.IntN(3) == 0, Fusion: pick("apart", "together"),
		Application: pick("keyed_counter", "pass_through", "slow", "lossy", "duplicating"),
		Heartbeat:   seconds(h), Misses: 2 + r.IntN(5), Snapshot: seconds(h * (1 + r.IntN(6))), InitDelay: seconds(r.IntN(15)),
		Poll: between(200*time.Millisecond, 3*time.Second), AuditPoll: between(100*time.Millisecond, time.Second),
		Phase: between(0, time.Duration(3*h)*time.Second), HoldFor: between(0, 5*time.Second), Rate: 1 + r.IntN(100), Batch: 1 + r.IntN(40),
	}
	window := (d.Misses + 2) * h
	d.Hold, d.Timeout, d.Records = seconds(window+25), seconds(window+20), min(d.Rate*(window+20), 1500)
	drawSecond(n, &d)
	return d
}

// scored is what one drill adds to the table.
type scored struct {
	fault string
	recovered
	second       recovered // by another condition
	until        string    // the kind of that
	exact, doubt int       // audits that were in no doubt, and those that were
	reaches      int       // losses whose reach was held to the truth
	lost, told   int64     // lost records, and those of which it is said how
	returns      [3]int    // audits that say that nothing came back after the heal, that something did, and that nobody knows
	wrong        []string
}

// recovered is what became of one measurement of a recovery.
type recovered struct {
	measured, timedOut bool
	outside            bool    // the truth was not within the bounds
	width, allowed     float64 // of the interval, and what the sampling allows
	later              bool    // there was a spell before the one that lasted, too short or too long for samples to tell
	quick              bool    // it changed faster than is sampled, just before the fault, or unseen, so that nothing is promised
}

// refresh is how old a metric may be when the platform shows it, as the plan does not say otherwise.
const refresh = 3.0

// slop is the time that requests take on the twin's network, there and back, over a whole measurement.
const slop = 0.25

// Against the twin's truth: the true recovery time is within the bounds in every drill, the bounds are no wider than the
// sampling allows, and what the audit says of records is so. XDC_ACCURACY says how many drills; `make accuracy` has 5,000
// of them and writes the table in docs/accuracy.md.
func TestAccuracy(t *testing.T) {
	n := 6
	if s := os.Getenv("XDC_ACCURACY"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil || n < 1 {
			t.Fatalf("XDC_ACCURACY=%s is not a number of drills", s)
		}
	}
	tmpl := template.Must(template.ParseFiles(filepath.Join("testdata", "accuracy", "plan.tmpl")))
	var mu sync.Mutex
	var all []scored
	t.Run("drills", func(t *testing.T) {
		for i := range n {
			t.Run(strconv.Itoa(i), func(t *testing.T) {
				t.Parallel()
				s := drawDrill(uint64(i)).score(t, tmpl)
				for _, w := range s.wrong {
					t.Errorf("%+v: %s", drawDrill(uint64(i)), w)
				}
				mu.Lock()
				defer mu.Unlock()
				all = append(all, s)
			})
		}
	})
	table, others := tableOf(all), otherConditions(all)
	t.Log("\n" + table + "\n" + others)
	if page := os.Getenv("XDC_ACCURACY_PAGE"); page != "" && !t.Failed() {
		fill(t, page, "drills", fmt.Sprintf("The drills with the numbers 0 to %d:\n\n%s", n-1, table))
		fill(t, page, "other conditions", fmt.Sprintf("In the drills with the numbers 0 to %d:\n\n%s", n-1, others))
	}
}

func (d drill) score(t *testing.T, tmpl *template.Template) scored {
	t.Helper()
	sum, facts, outcome := rehearseTemplate(t, tmpl, d, d.Seed)
	s := scored{fault: d.Fault}
	switch d.Fault {
	case "network_partition":
		s.fault += " " + d.Direction
	case "process_hang", "process_kill", "streams_pe":
		s.fault += " " + d.Operator
	}
	if code := outcome.Code(); code != 0 && code != 2 {
		s.wrong = append(s.wrong, fmt.Sprintf("the run broke: %v", outcome))
		return s
	}
	s.recovered = s.recovery(d, "wait.noticed", remoteDown(), d.HoldFor, d.Timeout, sum, facts)
	s.until = kindOf(d.Until)
	s.second = s.recovery(d, "wait.second", d.second, d.HoldFor2, d.Timeout2, sum, facts)
	s.records(d, sum, facts)
	return s
}

// rehearseTemplate rehearses the plan that a template makes of a drill, judges its recording once more, which must come to the same
// in every field, and returns its report and the truth about it.
func rehearseTemplate(t *testing.T, tmpl *template.Template, drill any, seed uint64) (report.Summary, []fact, exec.Outcome) {
	t.Helper()
	dir := t.TempDir()
	name := filepath.Join(dir, "drill.xdc.hcl")
	f, err := os.Create(name)
	if err == nil {
		err = tmpl.Execute(f, drill)
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	registry := all.Registry()
	p, _, found := load.Plan(load.Options{
		Paths: []string{name}, Registry: registry, Mode: "rehearse", StandIn: true, Shipped: plans.Find, Env: func(string) (string, bool) { return "", false },
	})
	if found.HasErrors() {
		t.Fatal(found.Err())
	}
	truth := filepath.Join(dir, "truth.jsonl")
	res, err := session.Rehearse(t.Context(), session.Request{
		Plan: p, Registry: registry, Runs: dir, Seed: seed, Truth: truth, Bubble: func(fn func()) { synctest.Test(t, func(*testing.T) { fn() }) },
	})
	if err != nil {
		t.Fatal(err)
	}
	sum, err := res.Folder.WriteReports(nil)
	if err != nil {
		t.Fatal(err)
	}
	checkAgain(t, res.Folder, p)
	return sum, readTruth(t, truth), res.Outcome
}

// began is when the fault really took effect.
func (d drill) began(facts []fact) (float64, bool) {
	what := map[string]string{
		"streams_job": "job_gone", "streams_instance": "instance_down", "streams_pe": "pe_down", "process_hang": "pe_hung", "process_kill": "pe_down",
	}[d.Fault]
	if what == "" {
		what = "fault_in_effect" // on a network
	}
	for _, f := range facts {
		if f.What == what && (what == "fault_in_effect" || f.Target == "dc1") {
			return f.T, true
		}
	}
	return 0, false
}

// tableOf is the table of docs/accuracy.md.
func tableOf(all []scored) string {
	kinds := map[string][]scored{}
	for _, s := range all {
		kinds[s.fault] = append(kinds[s.fault], s)
	}
	var b strings.Builder
	b.WriteString("| fault | drills | measured | never came | several spells | truth outside its bounds | width, median | width, most | most of what the sampling allows | audits exact | audits in doubt | lost records, of how many it is known how | reaches of losses | anything else wrong |\n")
	b.WriteString("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n")
	row := func(name string, of []scored) {
		var widths []float64
		var measured, never, later, outside, exact, doubt, reaches, wrong int
		var lost, told int64
		share := 0.0
		for _, s := range of {
			if s.measured {
				measured++
				widths = append(widths, s.width)
				share = max(share, s.width/s.allowed)
			}
			if s.timedOut {
				never++
			}
			if s.outside {
				outside++
			}
			if s.later {
				later++
			}
			lost, told, reaches = lost+s.lost, told+s.told, reaches+s.reaches
			exact, doubt, wrong = exact+s.exact, doubt+s.doubt, wrong+len(s.wrong)
			if s.second.outside {
				wrong-- // it is counted in the other table
			}
		}
		slices.Sort(widths)
		if len(widths) == 0 {
			widths = []float64{0}
		}
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d | %d | %.2f s | %.2f s | %.0f%% | %d | %d | %d, %d | %d | %d |\n",
			name, len(of), measured, never, later, outside, widths[len(widths)/2], widths[len(widths)-1], 100*share, exact, doubt, lost, told, reaches, wrong-outside)
	}
	for _, k := range slices.Sorted(maps.Keys(kinds)) {
		row(k, kinds[k])
	}
	row("**all**", all)
	return b.String()
}

// fill puts a table into the page, between its marks.
func fill(t *testing.T, page, name, table string) {
	t.Helper()
	begin, end := "<!-- "+name+" -->\n", "<!-- end of "+name+" -->\n"
	old, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(old), begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no marks to put the table between", page)
	}
	if err := os.WriteFile(page, []byte(head+begin+table+end+tail), 0o644); err != nil {
		t.Fatal(err)
	}
}
