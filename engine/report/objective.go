package report

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/xdc-project/xdc/engine/event"
)

// The units of objectives.
const (
	unitSeconds = "seconds"
	unitCount   = "count"
	unitRatio   = "ratio"
)

// units are the measured figures that objectives can be about.
var units = map[string]string{
	"rto": unitSeconds, "rpo": unitSeconds, "outage": unitSeconds, "lost_percent": unitRatio, "lost": unitCount,
	"lost_in_flight": unitCount, "lost_during_fault": unitCount, "lost_passed_over": unitCount,
	"duplicated": unitCount, "duplicated_across": unitCount, "reordered": unitCount, "corrupted": unitCount,
	"unexpected": unitCount, "delivered": unitCount, "failed": unitCount, "outages": unitCount, "service_level": unitRatio,
	"latency_p50": unitSeconds, "latency_p90": unitSeconds, "latency_p99": unitSeconds, "latency_max": unitSeconds,
}

// comparison is a condition that holds one figure of one wait, audit or probe against a constant. It serves display only:
// the verdict is the engine's.
var comparison = regexp.MustCompile(`^\s*((?:module\.[\w.\-\[\]"']+?\.)?(?:wait|audit|probe)\.[\w\-]+(?:\[[^\]]*\])?)\.(\w+)\s*(<=|<|==|>=|>)\s*([\d.]+(?:[a-z][\w.]*)?%?)\s*$`)

// objectives finds the objective in every expectation that is a plain comparison, and the figure it is about.
func (f *folding) objectives() {
	for i := range f.out.Expects {
		e := &f.out.Expects[i]
		m := comparison.FindStringSubmatch(e.Text)
		if m == nil || units[m[2]] == "" {
			continue
		}
		limit, ok := number(m[4], units[m[2]])
		if !ok {
			continue
		}
		e.Objective = &Objective{
			Quantity: m[2], Step: m[1], Relation: m[3], Limit: limit, Unit: units[m[2]], Measured: f.measured(m[1], m[2]),
		}
	}
}

func number(text, unit string) (float64, bool) {
	switch unit {
	case unitSeconds:
		d, err := time.ParseDuration(text)
		return d.Seconds(), err == nil
	case unitRatio:
		if p, ok := strings.CutSuffix(text, "%"); ok {
			n, err := strconv.ParseFloat(p, 64)
			return n / 100, err == nil
		}
	}
	n, err := strconv.ParseFloat(text, 64)
	return n, err == nil
}

// measured finds a figure of a wait, an audit or a probe; nil when it was not measured.
func (f *folding) measured(step, quantity string) *Bounds {
	for _, r := range f.out.Recoveries {
		if r.Step == step && quantity == "rto" {
			return r.bounds()
		}
	}
	for _, a := range f.out.Audits {
		if a.Step == step {
			return a.bounds(quantity)
		}
	}
	for _, p := range f.out.Probes {
		if p.Step == step {
			return p.bounds(quantity)
		}
	}
	return nil
}

// bounds are those of the recovery time; nil when nothing was measured.
func (r Recovery) bounds() *Bounds {
	if r.RTO == nil && !r.TimedOut {
		return nil
	}
	return &Bounds{r.RTOLow, r.RTOHigh}
}

// bounds are those of one figure. What is inconclusive may be lost too: it is in the upper bound.
func (a Audit) bounds(quantity string) *Bounds {
	c := a.Total
	exact := func(n int64) *Bounds { v := float64(n); return &Bounds{v, &v} }
	switch quantity {
	case "rpo":
		if c.RPO == nil {
			return exact(0)
		}
		return &Bounds{c.RPO.Low, &c.RPO.High}
	case "outage":
		if c.Outage == nil {
			return nil
		}
		return &Bounds{c.Outage.Low, &c.Outage.High}
	case "lost":
		high := float64(c.Lost + c.Inconclusive)
		return &Bounds{float64(c.Lost), &high}
	case "lost_percent":
		high := lossHigh(c)
		return &Bounds{c.LostPercent, &high}
	case "lost_in_flight":
		return perhaps(c.Causes.InFlight, c)
	case "lost_during_fault":
		return perhaps(c.Causes.DuringFault, c)
	case "lost_passed_over":
		return perhaps(c.Causes.PassedOver, c)
	case "duplicated":
		return exact(c.Duplicated)
	case "duplicated_across":
		return exact(c.DuplicatedAcross)
	case "reordered":
		return exact(c.Reordered)
	case "corrupted":
		return exact(c.Corrupted)
	case "unexpected":
		return exact(c.Unexpected)
	case "delivered":
		return exact(c.Delivered)
	}
	return nil
}

// perhaps bounds a count of lost records by those of which nobody can tell.
func perhaps(n int64, c event.AuditCounts) *Bounds {
	high := float64(n + c.Causes.Unknown + c.Inconclusive)
	return &Bounds{float64(n), &high}
}

// lossHigh is the fraction of acknowledged records that may be lost.
func lossHigh(c event.AuditCounts) float64 {
	if c.Acked == 0 {
		return c.LostPercent
	}
	return float64(c.Lost+c.Inconclusive) / float64(c.Acked)
}
