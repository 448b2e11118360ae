package history

import (
	"fmt"
	"math"
	"strings"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/report"
	"github.com/xdc-project/xdc/engine/statistics"
)

// key names a figure.
type key struct{ step, what, unit string }

// measured collects what runs measured, and which of them did not.
func measured(runs []report.Summary) (keys []key, of map[key][]Seen) {
	of = map[key][]Seen{}
	for _, s := range runs {
		add := func(k key, v float64, ok bool) {
			if _, known := of[k]; !known {
				keys = append(keys, k)
			}
			if !ok {
				v = math.NaN()
			}
			of[k] = append(of[k], Seen{Run: s.Run.ID, Value: Second(v), Doubt: !ok})
		}
		for _, m := range s.Recoveries {
			k := key{m.Step, "rto", "seconds"}
			switch {
			case m.RTO != nil:
				add(k, *m.RTO, true)
			case m.TimedOut:
				add(k, math.Inf(1), true)
			default:
				add(k, 0, false)
			}
		}
		for _, p := range s.Probes {
			probed(p, add)
		}
		for _, a := range s.Audits {
			sure := a.Total.Inconclusive == 0
			add(key{a.Step, "lost", "records"}, float64(a.Total.Lost), sure)
			add(key{a.Step, "rpo", "seconds"}, high(a.Total.RPO), sure)
			if a.Total.Outage != nil {
				add(key{a.Step, "outage", "seconds"}, a.Total.Outage.High, true)
			} else {
				add(key{a.Step, "outage", "seconds"}, 0, false)
			}
		}
	}
	return keys, of
}

// probed adds the figures of a probe. What is not bounded never came; where no client was disturbed there is no recovery time.
func probed(p report.Probe, add func(key, float64, bool)) {
	figure := func(what string, i *event.Interval) {
		switch {
		case i == nil:
			add(key{p.Step, what, "seconds"}, 0, false)
		case i.High == nil:
			add(key{p.Step, what, "seconds"}, math.Inf(1), true)
		default:
			add(key{p.Step, what, "seconds"}, *i.High, true)
		}
	}
	figure("outage", p.Total.Outage)
	for _, r := range p.Recoveries {
		what := "rto since " + r.Since
		if !r.Disturbed {
			figure(what, nil)
			continue
		}
		figure(what, &event.Interval{High: r.RTOHigh})
	}
	figure("latency_p99", p.Total.P99)
}

// high is the upper bound; nothing lost reaches back to nothing.
func high(b *event.Bounds) float64 {
	if b == nil {
		return 0
	}
	return b.High
}

func (c *Comparison) figures(now, before []report.Summary, o Options, against bool) {
	keys, of := measured(now)
	_, was := measured(before)
	for _, k := range keys {
		f := Figure{Step: k.step, What: k.what, Unit: k.unit, Distribution: distribution(of[k], o)}
		if against {
			d := distribution(was[k], o)
			f.Baseline = &d
			base, new := sample(was[k]), sample(of[k])
			p, least := statistics.Larger(base, new, o.Tolerance)
			f.Evidence = unjudged(p, least, o)
			f.MedianDifference = difference(statistics.MedianDifference(base, new, o.Confidence))
			f.MeanDifference = difference(statistics.MeanDifference(base, new, o.Confidence))
		}
		c.Figures = append(c.Figures, f)
	}
}

func difference(d float64, i statistics.Interval, ok bool) *Difference {
	if !ok {
		return nil
	}
	return &Difference{Second(d), Second(i.Low), Second(i.High)}
}

// sample are the figures that were measured.
func sample(all []Seen) (s statistics.Sample) {
	for _, x := range all {
		if !x.Doubt {
			s = append(s, float64(x.Value))
		}
	}
	return s
}

func distribution(all []Seen, o Options) Distribution {
	s := sample(all)
	d := Distribution{
		N: len(s), Doubt: len(all) - len(s), Seen: all,
		Median: Second(s.Quantile(0.5)), P90: Second(s.Quantile(0.9)), Max: Second(s.Quantile(1)), Covers: statistics.MaxCovers(len(s), o.Confidence),
	}
	for _, x := range s {
		if math.IsInf(x, 1) {
			d.Never++
		}
	}
	if i, ok := s.Median(o.Confidence); ok {
		d.Low, d.High = pointer(i.Low), pointer(i.High)
	}
	if i := s.QuantileInterval(0.9, o.Confidence); len(s) > 0 {
		if !math.IsInf(i.Low, 0) {
			d.P90Low = pointer(i.Low)
		}
		if !math.IsInf(i.High, 0) {
			d.P90High = pointer(i.High)
		}
	}
	if d.N > 0 && d.Never == 0 {
		d.Mean = pointer(s.Mean())
		if i, ok := s.MeanInterval(o.Confidence); ok {
			d.MeanLow, d.MeanHigh = pointer(i.Low), pointer(i.High)
		}
	}
	return d
}

func pointer(x float64) *Second {
	s := Second(x)
	return &s
}

// Words is a figure as people write it: "17.9 s", "3 records", "never".
func Words(x Second, unit string) string {
	v := float64(x)
	switch {
	case math.IsNaN(v):
		return "-"
	case math.IsInf(v, 1):
		return "never"
	case unit == "records":
		return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0")
	}
	return fmt.Sprintf("%.3fs", v)
}
