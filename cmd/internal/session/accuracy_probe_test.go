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
	"text/template"
	"time"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/lang/value"
)

// probeDrill is one random plan with a probe. Its members are the names in testdata/accuracy/probe.tmpl.
type probeDrill struct {
	Seed                                 uint64
	Fault, Operator, Application         string
	Transport                            string
	Poll, Deadline, HoldFor, Phase, Hold value.Duration
	Rate                                 int
	refuses                              bool // while it lasts records are refused, and not taken and kept waiting
	stay                                 time.Duration
}

// drawProbeDrill draws everything that may bear on what a probe finds.
func drawProbeDrill(n uint64) probeDrill {
	r := rand.New(rand.NewPCG(n, 0x9c0be))
	pick := func(s ...string) string { return s[r.IntN(len(s))] }
	between := func(low, high time.Duration) value.Duration {
		return value.Duration(low + time.Duration(r.Int64N(int64(high-low)+1)).Truncate(time.Millisecond))
	}
	d := probeDrill{
		Seed: r.Uint64() >> 1, Application: pick("keyed_counter", "pass_through"), Transport: pick("http", "http", "websocket"),
		Poll: between(10*time.Millisecond, 200*time.Millisecond), Deadline: between(500*time.Millisecond, 3*time.Second),
		HoldFor: between(200*time.Millisecond, 4*time.Second), Phase: between(3*time.Second, 8*time.Second), Hold: between(100*time.Millisecond, 12*time.Second),
		Rate: []int{10, 20, 50, 100, 100, 100, 200}[r.IntN(7)],
	}
	d.stay = map[string]time.Duration{"keyed_counter": 20 * time.Millisecond, "pass_through": time.Millisecond}[d.Application]
	switch d.Fault = pick("streams_job", "streams_pe", "process_hang", "process_kill"); d.Fault {
	case "streams_job":
		d.refuses = true
	default:
		d.Operator = pick("Orders", "KeyedCounter", "Results")
		d.refuses = d.Operator != "Results" && d.Fault != "process_hang"
	}
	return d
}

// probeScore is what one drill adds to the table.
type probeScore struct {
	fault               string
	disturbed           bool
	outside             int // figures that do not enclose the truth
	width, allowed      float64
	outage, mostAllowed float64
	unknown             int64
	wrong               []string
}

func (s *probeScore) bad(format string, args ...any) {
	s.wrong = append(s.wrong, fmt.Sprintf(format, args...))
}

// Against the twin's truth: the time for which clients were not served, and when they were served again after the fault, lie
// within the bounds of the probe in every drill, and the bounds are no wider than the rate allows and what was hidden.
func TestProbeAccuracy(t *testing.T) {
	n := 8
	if s := os.Getenv("XDC_ACCURACY"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil || n < 1 {
			t.Fatalf("XDC_ACCURACY=%s is not a number of drills", s)
		}
	}
	tmpl := template.Must(template.ParseFiles(filepath.Join("testdata", "accuracy", "probe.tmpl")))
	var mu sync.Mutex
	var all []probeScore
	t.Run("drills", func(t *testing.T) {
		for i := range n {
			t.Run(strconv.Itoa(i), func(t *testing.T) {
				t.Parallel()
				d := drawProbeDrill(uint64(i))
				s := d.score(t, tmpl)
				for _, w := range s.wrong {
					t.Errorf("%+v: %s", d, w)
				}
				mu.Lock()
				defer mu.Unlock()
				all = append(all, s)
			})
		}
	})
	table := probeTable(all)
	t.Log("\n" + table)
	if page := os.Getenv("XDC_ACCURACY_PAGE"); page != "" && !t.Failed() {
		fill(t, page, "probes", fmt.Sprintf("The drills with the numbers 0 to %d:\n\n%s", n-1, table))
	}
}

func (d probeDrill) score(t *testing.T, tmpl *template.Template) probeScore {
	t.Helper()
	s := probeScore{fault: d.Fault}
	if d.Operator != "" {
		s.fault += " " + d.Operator
	}
	sum, facts, outcome := rehearseTemplate(t, tmpl, d, d.Seed)
	if code := outcome.Code(); code != 0 {
		s.bad("the run broke: %v", outcome)
		return s
	}
	if len(sum.Probes) != 1 || len(sum.Probes[0].Recoveries) != 1 {
		s.bad("%d probes were reported", len(sum.Probes))
		return s
	}
	p := sum.Probes[0].Probe
	r := p.Recoveries[0]
	truth, ok := d.truth(facts, r.InjectedLow)
	if !ok {
		s.bad("the truth does not say that the service went down and came up again")
		return s
	}
	s.unknown = p.Total.Unknown
	if truth.down < r.InjectedLow-1e-9 || truth.down > r.InjectedHigh+1e-9 {
		s.bad("the service went down at %.6f, and the fault took effect in [%.6f, %.6f]", truth.down, r.InjectedLow, r.InjectedHigh)
	}
	d.recovery(&s, p, r, truth)
	d.outage(&s, p, truth)
	return s
}

// At 100 transactions a second, where records are refused while the fault lasts, the recovery is known to 10 ms, besides what the
// injection took and the request that worked again.
func TestAProbeAt100ASecondIsSharp(t *testing.T) {
	tmpl := template.Must(template.ParseFiles(filepath.Join("testdata", "accuracy", "probe.tmpl")))
	for seed := range uint64(3) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			d := probeDrill{
				Seed: seed, Application: "keyed_counter", Fault: "process_kill", Operator: "KeyedCounter", refuses: true, stay: 20 * time.Millisecond, Transport: "http",
				Poll: value.Duration(50 * time.Millisecond), Deadline: value.Duration(time.Second), HoldFor: value.Duration(2 * time.Second), Phase: value.Duration(4 * time.Second),
				Hold: value.Duration(time.Second), Rate: 100,
			}
			sum, facts, _ := rehearseTemplate(t, tmpl, d, d.Seed)
			r := sum.Probes[0].Recoveries[0]
			truth, ok := d.truth(facts, r.InjectedLow)
			if !ok || truth.low != truth.high {
				t.Fatalf("the truth is not known to an instant: %+v", truth)
			}
			if rto := truth.low - truth.down; r.RTOHigh == nil || rto < r.RTOLow || rto > *r.RTOHigh {
				t.Fatalf("the true recovery time %.6f is not in [%.6f, %v]", rto, r.RTOLow, r.RTOHigh)
			}
			if own := *r.RTOHigh - r.RTOLow - (r.InjectedHigh - r.InjectedLow); own > 0.0125 {
				t.Errorf("the recovery is known to %.1f ms beside the injection, want about 10 ms", 1000*own)
			}
		})
	}
}

// A service that stalls for five seconds has a latency tail of five seconds, at any rate: no request waits behind another, and
// each counts from when it was due.
func TestAStallOfTheTwinShowsAtAnyRate(t *testing.T) {
	tmpl := template.Must(template.ParseFiles(filepath.Join("testdata", "accuracy", "probe.tmpl")))
	for _, rate := range []int{10, 50, 150} {
		t.Run(strconv.Itoa(rate), func(t *testing.T) {
			t.Parallel()
			d := probeDrill{
				Seed: 1, Application: "keyed_counter", Fault: "process_hang", Operator: "KeyedCounter", stay: 20 * time.Millisecond, Transport: "http",
				Poll: value.Duration(50 * time.Millisecond), Deadline: value.Duration(10 * time.Second), HoldFor: value.Duration(2 * time.Second), Phase: value.Duration(4 * time.Second),
				Hold: value.Duration(5 * time.Second), Rate: rate,
			}
			sum, facts, _ := rehearseTemplate(t, tmpl, d, d.Seed)
			p := sum.Probes[0]
			truth, ok := d.truth(facts, p.Recoveries[0].InjectedLow)
			if !ok {
				t.Fatal("the truth does not say for how long it hung")
			}
			stall := 0.0
			for _, f := range facts {
				if f.Target == "dc1" && f.What == "service_up" && f.T > truth.down {
					stall = f.T - truth.down
					break
				}
			}
			if stall < 5 || stall > 6 {
				t.Fatalf("it hung for %.3f s", stall)
			}
			// The request that came first waits for all of the stall; up to a period less is seen of it, and reading the result takes a little.
			m := p.Total.Max
			if m.High == nil || *m.High < stall-1/float64(rate) || m.Low > stall+d.lag() || *m.High-m.Low > 0.15 {
				t.Errorf("a stall of %.3f s shows as a latency of [%.3f, %v]", stall, m.Low, m.High)
			}
			if p.Total.Good != p.Total.Sent || p.Recoveries[0].Disturbed {
				t.Errorf("all are in time by a deadline of 10 s: %+v", p.Total)
			}
			// The requests of the stall waited for half of it on average: their share is in the percentiles.
			share := stall / (p.Last - p.First)
			if p99 := p.Total.P99; share > 0.05 && (p99.High == nil || *p99.High < stall*(1-0.01/share)-1/float64(rate)-0.2) {
				t.Errorf("%.0f%% of the requests came during the stall, and p99 is %+v", 100*share, *p99)
			}
		})
	}
}

// outageTruth is what really happened to the service. Clients may be served again from an instant in [low, high] on: a record
// that is due then comes out before its deadline. Where records are refused until then that is one instant; where they are
// kept waiting it depends on how long results take to be read.
type outageTruth struct{ down, low, high float64 }

// lag is how long a result takes at most from its release to the client, and early how long before the service went down
// records were due that it took down with it.
func (d probeDrill) lag() float64 {
	// The state looks every 100 ms whether a sink takes results again; a read that failed may be four polls ago, or an eighth of
	// the deadline; requests take a few milliseconds.
	again := max(d.Poll.D(), min(4*d.Poll.D(), max(d.Poll.D(), d.Deadline.D()/8)))
	return (d.stay + again + d.Poll.D() + 100*time.Millisecond + 20*time.Millisecond).Seconds()
}

// find is how long a client looks for an endpoint that has moved with its job: a record that is due so long before the
// endpoint is there may find it and be served in time.
func (d probeDrill) find() float64 {
	if d.Fault == "streams_job" {
		return 0.5
	}
	return 0
}

func (d probeDrill) early() float64 { return (d.stay + 2*d.Poll.D() + 20*time.Millisecond).Seconds() }

func (d probeDrill) truth(facts []fact, from float64) (outageTruth, bool) {
	var out outageTruth
	taken, served := 0.0, 0.0
	for _, f := range facts {
		if f.Target != "dc1" || f.T < from-1e-9 {
			continue
		}
		switch f.What {
		case "service_down":
			if out.down == 0 {
				out.down = f.T
			}
		case "endpoint_up":
			if taken == 0 {
				taken = f.T
			}
		case "service_up":
			if served == 0 {
				served = f.T
			}
		}
	}
	if out.down == 0 || served == 0 || d.refuses && taken == 0 {
		return out, false
	}
	waits := served - d.Deadline.D().Seconds()
	out.low, out.high = max(out.down, waits), max(out.down, waits+d.lag())
	if d.refuses {
		out.low, out.high = max(taken-d.find(), waits), max(taken, waits+d.lag())
	}
	return out, true
}

// recovery holds the recovery time to the truth.
func (d probeDrill) recovery(s *probeScore, p event.Probe, r event.Recovery, truth outageTruth) {
	s.disturbed = r.Disturbed
	period := 1 / float64(d.Rate)
	if !r.Disturbed {
		// An outage may fit between two transactions, or before the first that was not hidden.
		if truth.low-truth.down > period+d.early()+float64(p.Total.Unknown)*period {
			s.bad("clients were not served from %.3f to %.3f, and no transaction failed", truth.down, truth.low)
		}
		return
	}
	if r.RTOHigh == nil {
		s.bad("it recovered at %.3f, and is said not to have: %s", truth.high, r.Why)
		return
	}
	// It is disturbed until low at least and until high at most, or a record that went down with it was the last to fail.
	if low, high := truth.low-truth.down, truth.high-truth.down; r.RTOLow > high+1e-9 || *r.RTOHigh < low-1e-9 {
		s.outside++
		s.bad("the true recovery time in [%.6f, %.6f] is not in [%.6f, %.6f]", low, high, r.RTOLow, *r.RTOHigh)
	}
	s.width = *r.RTOHigh - r.RTOLow
	// Where records are kept waiting, that one was taken is known when it is answered, by the deadline.
	s.allowed = r.InjectedHigh - r.InjectedLow + period*float64(1+p.Total.Unknown) + 0.01
	if !d.refuses || truth.high-truth.low > d.find() {
		s.allowed += d.Deadline.D().Seconds() + d.lag()
	}
	s.allowed += d.find()
	if float64(p.Total.Unknown)*period >= d.HoldFor.D().Seconds() {
		s.allowed = *r.RTOHigh // in a stretch hidden for as long as the hold the client may have recovered before
	}
	if s.width > s.allowed+1e-9 {
		s.bad("the recovery time is known to %.4f s, and the rate allows %.4f s", s.width, s.allowed)
	}
}

// outage holds the longest outage to the truth.
func (d probeDrill) outage(s *probeScore, p event.Probe, truth outageTruth) {
	o := p.Total.Outage
	if o == nil || o.High == nil {
		s.bad("the outage is said not to have ended")
		return
	}
	least, most := truth.low-truth.down, truth.high-truth.down+d.early()
	if o.Low > most+1e-9 || *o.High < least-1e-9 {
		s.outside++
		s.bad("the true outage in [%.4f, %.4f] is not in [%.4f, %.4f]", least, most, o.Low, *o.High)
	}
	s.outage = *o.High - o.Low
	// What is hidden may have been served, or not, and so may what lies between two stretches of it.
	s.mostAllowed = 2/float64(d.Rate) + 1e-6
	if p.Total.Unknown > 0 {
		s.mostAllowed = (1+float64(p.Total.Unknown+p.Total.Failed))/float64(d.Rate) - o.Low + 1e-6
	}
	if s.outage > s.mostAllowed {
		s.bad("the outage is known to %.4f s, and the rate allows %.4f s", s.outage, s.mostAllowed)
	}
}

// probeTable is the table of docs/accuracy.md.
func probeTable(all []probeScore) string {
	kinds := map[string][]probeScore{}
	for _, s := range all {
		kinds[s.fault] = append(kinds[s.fault], s)
	}
	var b strings.Builder
	b.WriteString("| fault | drills | clients disturbed | truth outside its bounds | recovery: width, median | width, most | most of what is allowed | outage: width, median | width, most | drills with unknown transactions | anything else wrong |\n")
	b.WriteString("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n")
	row := func(name string, of []probeScore) {
		var rto, out []float64
		var disturbed, outside, hidden, wrong int
		share := 0.0
		for _, s := range of {
			if s.disturbed {
				disturbed++
				rto = append(rto, s.width)
				share = max(share, s.width/s.allowed)
			}
			out = append(out, s.outage)
			outside, wrong = outside+s.outside, wrong+len(s.wrong)
			if s.unknown > 0 {
				hidden++
			}
		}
		slices.Sort(rto)
		slices.Sort(out)
		if len(rto) == 0 {
			rto = []float64{0}
		}
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %.3f s | %.3f s | %.0f%% | %.3f s | %.3f s | %d | %d |\n",
			name, len(of), disturbed, outside, rto[len(rto)/2], rto[len(rto)-1], 100*share, out[len(out)/2], out[len(out)-1], hidden, wrong-outside)
	}
	for _, k := range slices.Sorted(maps.Keys(kinds)) {
		row(k, kinds[k])
	}
	row("**all**", all)
	return b.String()
}
