package probe

import (
	"encoding/json"
	"time"

	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/providers"
)

// route is where the client sends to.
type route struct {
	cur     int
	failing time.Time // since when the current target has taken nothing; zero: it works
}

// next are the targets of a record, by their places in the spec.
func (r *route) next(spec program.Probe, i int64) []int {
	n := len(spec.Targets)
	switch spec.Route {
	case "mirror":
		all := make([]int, n)
		for t := range all {
			all[t] = t
		}
		return all
	case "spread":
		return []int{int(i % int64(n))}
	}
	return []int{r.cur}
}

// answer learns from an answer whether to go elsewhere.
func (r *route) answer(spec program.Probe, target int, got providers.Receipt) (from, to string, moved bool) {
	if spec.Route != "failover" || len(spec.Targets) < 2 || target != r.cur {
		return "", "", false
	}
	switch {
	case got.Outcome == providers.Accepted:
		r.failing = time.Time{}
	case r.failing.IsZero():
		r.failing = got.Sent
	}
	if r.failing.IsZero() || got.Answered.Sub(r.failing) < spec.SwitchAfter.D() {
		return "", "", false
	}
	r.cur, r.failing = (r.cur+1)%len(spec.Targets), time.Time{}
	return spec.Targets[target], spec.Targets[r.cur], true
}

func one(raw json.RawMessage) []json.RawMessage { return []json.RawMessage{raw} }
