package view

import (
	"fmt"
	"strings"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/lang/signal"
)

// probed is the line of a probe: how many were served, how long they were not, and how long it took since the fault.
func probed(b *event.Probed) fact {
	c := b.Total
	parts := []string{"good " + thousands(c.Good) + " of " + thousands(c.Sent)}
	if c.Unknown > 0 {
		parts = append(parts, "unknown "+thousands(c.Unknown))
	}
	if c.Failed > 0 && c.Outage != nil {
		parts = append(parts, "outage "+enclosed(c.Outage))
	}
	for _, r := range b.Recoveries {
		switch {
		case !r.Disturbed:
			parts = append(parts, "not disturbed since "+r.Since)
		case r.RTO == nil:
			parts = append(parts, fmt.Sprintf("no recovery, more than %s since %s", signal.Seconds(r.RTOLow), r.Since))
		default:
			parts = append(parts, fmt.Sprintf("rto %s since %s", enclosed(&event.Interval{Low: r.RTOLow, High: r.RTOHigh}), r.Since))
		}
	}
	if c.P50 != nil && c.P99 != nil {
		parts = append(parts, "latency p50 "+enclosed(c.P50)+", p99 "+enclosed(c.P99))
	}
	return fact{"probed", bold, b.Step + " " + strings.Join(parts, ", ")}
}

// enclosed is an interval of seconds.
func enclosed(i *event.Interval) string {
	if i.High == nil {
		return "more than " + signal.Seconds(i.Low)
	}
	return signal.Seconds(i.Low) + " to " + signal.Seconds(*i.High)
}
