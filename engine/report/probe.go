package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/xdc-project/xdc/engine/event"
)

// bounds are those of one figure of a probe; nil when it was not measured.
func (p Probe) bounds(quantity string) *Bounds {
	c := p.Total
	exact := func(n int64) *Bounds { v := float64(n); return &Bounds{v, &v} }
	switch quantity {
	case "rto":
		return p.worst()
	case "outage":
		return enclosed(c.Outage)
	case "service_level":
		return enclosed(c.ServiceLevel)
	case "latency_p50":
		return enclosed(c.P50)
	case "latency_p90":
		return enclosed(c.P90)
	case "latency_p99":
		return enclosed(c.P99)
	case "latency_max":
		return enclosed(c.Max)
	case "failed":
		return exact(c.Failed)
	case "outages":
		return exact(c.Outages)
	}
	return nil
}

func enclosed(i *event.Interval) *Bounds {
	if i == nil {
		return nil
	}
	return &Bounds{i.Low, i.High}
}

// worst is the recovery from the fault that the client took longest to recover from; nil if none disturbed it.
func (p Probe) worst() *Bounds {
	var out *Bounds
	for _, r := range p.Recoveries {
		if !r.Disturbed {
			continue
		}
		if out == nil {
			out = &Bounds{0, new(float64)}
		}
		out.Low = max(out.Low, r.RTOLow)
		switch {
		case r.RTOHigh == nil:
			out.High = nil
		case out.High != nil:
			out.High = new(max(*out.High, *r.RTOHigh))
		}
	}
	return out
}

// sentences are the key figures of a probe.
func (p Probe) sentences() []string {
	c := p.Total
	if c.Sent == 0 {
		return []string{"No transaction was due (" + p.Step + ")."}
	}
	t := fmt.Sprintf("Of %s of a client, %s were served within %s", plural(c.Sent, "request", "requests"), count(c.Good), about(p.Deadline))
	if c.Unknown > 0 {
		t += fmt.Sprintf(", and about %s nothing can be said", count(c.Unknown))
	}
	out := []string{t + " (" + p.Step + ")."}
	if c.Failed > 0 {
		out = append(out, fmt.Sprintf("The client was not served for %s at the longest (%s).", unserved(c.Outage), p.Step))
	}
	for _, r := range p.Recoveries {
		name := "The client (" + p.Step + ")"
		switch {
		case !r.Disturbed:
			out = append(out, fmt.Sprintf("%s was not disturbed by what was injected at %s.", name, r.Since))
		case r.RTOHigh == nil:
			out = append(out, fmt.Sprintf("%s was not served again for good: more than %s, counted from %s.", name, atLeast(r.RTOLow), r.Since))
		case r.AfterHeal:
			out = append(out, fmt.Sprintf("%s was served again only after the fault's heal had begun: %s after %s.", name, sharp(&Bounds{r.RTOLow, r.RTOHigh}), r.Since))
		default:
			out = append(out, fmt.Sprintf("%s was served again %s after %s.", name, sharp(&Bounds{r.RTOLow, r.RTOHigh}), r.Since))
		}
	}
	return out
}

// unserved prints an outage, which had not ended if it has no upper bound.
func unserved(i *event.Interval) string {
	if i != nil && i.High == nil {
		return "more than " + atLeast(i.Low)
	}
	return sharp(enclosed(i))
}

// sharp prints bounds in seconds, to the millisecond where they are close together.
func sharp(b *Bounds) string {
	if b == nil || b.High == nil || *b.High-b.Low > 0.25 || *b.High < 1 || *b.High > 60 {
		return between(b)
	}
	print := func(f float64, round func(float64) float64) string {
		return strconv.FormatFloat(round(math.Round(f*1e6)/1e3)/1e3, 'f', 3, 64) + "s"
	}
	return print(b.Low, math.Floor) + " to " + print(*b.High, math.Ceil)
}

// tiles are the figures of a probe that are read first.
func (p Probe) tiles(s Summary) []tile {
	c := p.Total
	if c.Sent == 0 {
		return nil
	}
	out := tile{Label: "Longest time that clients were not served", Value: unserved(c.Outage), Under: p.Step, Tone: s.objectiveTone(p.Step, "outage")}
	if c.Failed == 0 {
		out.Value = "none seen"
	}
	if o := s.objective(p.Step, "outage"); o != nil {
		out.Under += ", objective " + o.limit()
	}
	level := tile{Label: "Requests served in time", Value: figure(enclosed(c.ServiceLevel), unitRatio), Under: count(c.Good) + " of " + count(c.Sent), Tone: s.objectiveTone(p.Step, "service_level")}
	if o := s.objective(p.Step, "service_level"); o != nil {
		level.Under += ", objective " + o.limit()
	}
	return []tile{out, level}
}

type probeRow struct {
	Step, Place                         string
	Sent, Good, Failed, Unknown, Level  string
	Outage, Outages, P50, P90, P99, Max string
	Whole                               bool
	Recoveries, Stretches, Blind        []string
	Answers, Late, Sharp                string
}

// rows are the totals and, where there is more than one, the results at each target.
func (p Probe) rows() []probeRow {
	total := probeOf(p.Step, "any", p.Total)
	total.Whole = true
	for _, r := range p.Recoveries {
		text := "more than " + atLeast(r.RTOLow)
		switch {
		case !r.Disturbed:
			text = "not disturbed"
		case r.RTOHigh != nil:
			text = sharp(&Bounds{r.RTOLow, r.RTOHigh})
		}
		total.Recoveries = append(total.Recoveries, r.Since+": "+text+". "+r.Why)
	}
	for i, o := range p.Outages {
		if i == 20 {
			total.Stretches = append(total.Stretches, fmt.Sprintf("and %s more", count(p.Total.Outages-int64(i))))
			break
		}
		total.Stretches = append(total.Stretches, stretchWords(o))
	}
	for _, b := range p.Ranges {
		total.Blind = append(total.Blind, fmt.Sprintf("%s, %s to %s: %s", b.Target, about(b.From), about(b.To), b.Cause))
	}
	var parts []string
	for _, k := range sorted(p.Answers) {
		parts = append(parts, count(p.Answers[k])+" "+k)
	}
	total.Answers = strings.Join(parts, ", ")
	total.Sharp = fmt.Sprintf("outage and recovery to the distance of two requests, %s; latencies to %s, between two looks at the results, and to %s", atMost(1/max(p.Rate, 1e-9)), atMost(p.Blur), percent(p.Error))
	if p.Late > 0.001 {
		total.Late = "records left at most " + atMost(p.Late) + " after they were due"
		if p.Overdue > 0 {
			total.Late += fmt.Sprintf("; %s prove nothing because of it", plural(p.Overdue, "request", "requests"))
		}
	}
	out := []probeRow{total}
	if len(p.At) > 1 {
		for _, t := range sorted(p.At) {
			out = append(out, probeOf("", t, p.At[t]))
		}
	}
	return out
}

func stretchWords(o event.ProbeOutage) string {
	from, until := "the beginning", "the end"
	if o.LastGood != nil {
		from = when(*o.LastGood, o.FirstFailed)
	}
	if o.NextGood != nil {
		until = when(o.LastFailed, *o.NextGood)
	}
	return fmt.Sprintf("began %s, ended %s of the run: %s failed", from, until, plural(o.Failed, "request", "requests"))
}

func probeOf(step, place string, c event.ProbeCounts) probeRow {
	r := probeRow{
		Step: step, Place: place, Sent: count(c.Sent), Good: count(c.Good), Failed: count(c.Failed), Unknown: count(c.Unknown),
		Level: "no request", Outage: "none seen", Outages: count(c.Outages), P50: latency(c.P50), P90: latency(c.P90), P99: latency(c.P99), Max: latency(c.Max),
	}
	if c.ServiceLevel != nil {
		r.Level = figure(enclosed(c.ServiceLevel), unitRatio)
	}
	if c.Failed > 0 {
		r.Outage = unserved(c.Outage)
	}
	return r
}

// latency prints a latency, which has no upper bound where results never came.
func latency(i *event.Interval) string {
	switch {
	case i == nil:
		return "not measured"
	case i.High == nil:
		return atLeast(i.Low) + " or more"
	}
	return between(enclosed(i))
}

func (s Summary) markdownProbes(b *strings.Builder) {
	if len(s.Probes) == 0 {
		return
	}
	b.WriteString("| probe | requests | served in time | failed | unknown | outage | latency p50 | p99 | max |\n")
	b.WriteString("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	for _, p := range s.Probes {
		r := probeOf(p.Step, "", p.Total)
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", md(p.Step), r.Sent, r.Level, r.Failed, r.Unknown, r.Outage, r.P50, r.P99, r.Max)
	}
	b.WriteString("\n")
}
