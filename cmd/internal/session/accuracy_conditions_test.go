package session_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/xdc-project/xdc/lang/value"
)

// flip is an instant at which a condition became true or false.
type flip struct {
	t  float64
	is bool
}

// condition is what a drill measures its second recovery by, and what the truth says of it.
type condition struct {
	text string
	// lag is how old what the platform shows of it may be, in seconds.
	lag float64
	// flips are when it truly changed, or was said to be what it was; before the first it is false.
	flips func(facts []fact) []flip
	// abrupt says that it may be false for less time than it takes to be seen.
	abrupt bool
	// words says that it is about a word of which there are more than two: from one to another it may go through the one that is
	// waited for, unless that is held for longer than from one sample to the next.
	words bool
	// rises says that it becomes true by itself, with a fault or without.
	rises bool
	// hidden reports whether nothing shows that it has become true.
	hidden func(facts []fact) bool
}

// drawSecond draws what follows from the number of a drill beside what drawDrill does, from a source of its own, so that
// the drills of a number stay what they are.
func drawSecond(n uint64, d *drill) {
	r := rand.New(rand.NewPCG(n, 0xc0de))
	// In one of eight records go on after the heal, and in half of those a side takes up again what it had when it lost the other.
	if r.IntN(8) == 0 {
		d.Failback = true
		if r.IntN(2) == 0 {
			d.Application, d.Fault, d.Direction, d.Route = "resurrecting", "network_partition", "both", "failover"
			// What was replicated before the cut is still in the application's state when it notices, as it keeps records for ten seconds.
			h := 1 + r.IntN(2)
			d.Heartbeat, d.Misses, d.Snapshot, d.Phase = seconds(h), 2+r.IntN(2), seconds(h), d.Phase+seconds(8)
		}
		d.Rate = 1 + d.Rate%12
		d.Records = d.Rate * int((d.Phase.D()+d.Hold.D()).Seconds()+20)
	}
	served := 1 + r.IntN(max(d.Records/2, 1))
	choices := []condition{takenOver(), partnerGone(), answered(served)}
	switch d.Fault {
	case "streams_instance":
		choices = append(choices, instanceRuns(), jobRuns(), jobRuns())
	case "streams_job":
		choices = append(choices, jobRuns(), jobRuns(), jobRuns())
	case "streams_pe":
		choices = append(choices, jobHealthy(), jobHealthy(), jobHealthy())
	}
	d.second = choices[r.IntN(len(choices))]
	d.Until = d.second.text
	d.HoldFor2, d.Timeout2 = d.HoldFor, d.Timeout
	if d.second.words {
		d.HoldFor2 = max(d.HoldFor, d.Poll+value.Duration(300*time.Millisecond))
	}
	if strings.HasPrefix(d.Until, "dc1.") { // it comes back when the fault is healed
		d.Timeout2 = d.Hold + seconds(40)
	}
}

// alternating is a condition of which one fact says that it has become true, and another that it is no more.
func alternating(text string, lag float64, target, yes, no string) condition {
	return condition{text: text, lag: lag, flips: func(facts []fact) (out []flip) {
		for _, f := range facts {
			if f.Target == target && (f.What == yes || f.What == no) {
				out = append(out, flip{f.T, f.What == yes})
			}
		}
		return out
	}}
}

// remoteDown is the condition by which every drill measures its first recovery.
func remoteDown() condition {
	return alternating("dc2.job.orders.toolkit.remote is down", refresh, "dc2", "remote_down", "remote_up")
}

// partnerGone is the condition that most examples measure by.
func partnerGone() condition {
	return alternating("dc2.job.orders.toolkit.remote is down and dc2.job.orders.health is healthy", refresh, "dc2", "remote_down", "remote_up")
}

// takenOver is hidden where nothing was there to be handed over: the platform shows a takeover by what it hands over, and xdc says
// for half a minute that it is under way.
func takenOver() condition {
	c := alternating("dc2.job.orders.toolkit.takeover is done", refresh, "dc2", "takeover_done", "remote_up")
	c.hidden = func(facts []fact) bool {
		return slices.ContainsFunc(facts, func(f fact) bool {
			return f.Target == "dc2" && f.What == "takeover_done" && f.Cause == "0 items"
		})
	}
	return c
}

func instanceRuns() condition {
	c := alternating("dc1.instance.status is running", 0, "dc1", "instance_up", "instance_down")
	c.words = true
	return c
}

// jobRuns is not that it is healthy: that is also what servers call one whose PEs have not been started yet.
func jobRuns() condition {
	c := alternating("dc1.job.orders.status is running", 0, "dc1", "job_healthy", "job_gone")
	c.words = true
	return c
}

// jobHealthy is true while all PEs of the job run. A PE that is stopped by request is started again when the fault is healed.
func jobHealthy() condition {
	return condition{text: "dc1.job.orders.health is healthy", abrupt: true, words: true, flips: func(facts []fact) (out []flip) {
		down := map[string]bool{}
		for _, f := range facts {
			if f.Target != "dc1" {
				continue
			}
			switch f.What {
			case "job_healthy":
				out = append(out, flip{f.T, true})
			case "job_gone":
				out = append(out, flip{f.T, false})
			case "pe_down":
				down[f.ID] = true
				out = append(out, flip{f.T, false})
			case "pe_up":
				if delete(down, f.ID); len(down) == 0 {
					out = append(out, flip{f.T, true})
				}
			}
		}
		return out
	}}
}

// answered is true once so many records came to the sink at dc2. Of two copies of one in a row it has made the second itself.
func answered(n int) condition {
	return condition{text: fmt.Sprintf("dc2.job.orders.operator['Results'].tuples_in >= %d", n), lag: refresh, rises: true, flips: func(facts []fact) (out []flip) {
		seen, last := 0, ""
		for _, f := range facts {
			if f.Target != "dc2" || f.What != "record_out" && f.What != "record_duplicated" {
				continue
			}
			of := f.What + " " + f.ID
			if f.What == "record_out" && of != last {
				if seen++; seen == n {
					out = append(out, flip{f.T, true})
				}
			}
			last = of
		}
		return out
	}}
}

// kindOf is a condition without its number.
func kindOf(text string) string {
	kind, _, _ := strings.Cut(text, " >= ")
	return kind
}

// otherConditions is the table of the second recoveries, and what the audits said of what came back.
func otherConditions(all []scored) string {
	kinds := map[string][]recovered{}
	var kept, broken, unknown int
	for _, s := range all {
		if s.until != "" {
			kinds[s.until] = append(kinds[s.until], s.second)
		}
		kept, broken, unknown = kept+s.returns[0], broken+s.returns[1], unknown+s.returns[2]
	}
	var b strings.Builder
	b.WriteString("| until | drills | measured | never came | not held to the truth | truth outside its bounds | width, median | width, most | most of what the sampling allows |\n")
	b.WriteString("| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n")
	for _, k := range slices.Sorted(maps.Keys(kinds)) {
		widths, share := []float64{}, 0.0
		measured, never, quick, outside := 0, 0, 0, 0
		for _, r := range kinds[k] {
			switch {
			case r.quick:
				quick++
			case r.timedOut:
				never++
			case r.measured:
				measured++
				widths, share = append(widths, r.width), max(share, r.width/r.allowed)
			}
			if r.outside {
				outside++
			}
		}
		if slices.Sort(widths); len(widths) == 0 {
			widths = []float64{0}
		}
		fmt.Fprintf(&b, "| `%s` | %d | %d | %d | %d | %d | %.2f s | %.2f s | %.0f%% |\n", k, len(kinds[k]), measured, never, quick, outside, widths[len(widths)/2], widths[len(widths)-1], 100*share)
	}
	fmt.Fprintf(&b, "\n`no_resurrection`, over all and at each target, all as in the truth: true %d times, false %d times, unknown %d times.\n", kept, broken, unknown)
	return b.String()
}
