package exec

import (
	"math"
	"sort"
	"strings"
	"time"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/signal"
)

// results gives late expressions the final attributes of finished steps.
func (r *run) results() program.Results {
	return func(address string) (map[string]any, bool) {
		st, ok := r.steps[address]
		if !ok || !st.state.Finished() {
			if ok && st.life != nil && len(st.results) > 0 {
				return st.results, true // a fault in force has `injected`
			}
			return nil, false
		}
		return st.results, true
	}
}

// resultSamples turns a finished step's results into samples named ADDRESS.ATTRIBUTE. They hold for ever.
func resultSamples(st *step, now time.Duration) []signal.Sample {
	var out []signal.Sample
	put := func(name string, v signal.Value) {
		out = append(out, signal.Sample{Signal: st.Address + "." + name, Value: v, Low: now, High: now})
	}
	for _, res := range schema.Results(st.kind) {
		if res.Moment == schema.Event || strings.HasPrefix(res.Name, "at[") {
			continue
		}
		if v, ok := resultValue(st.results, res); ok {
			put(res.Name, v)
		}
	}
	if st.kind == addr.Audit || st.kind == addr.Probe {
		at, _ := st.results["at"].(map[string]any)
		for _, target := range sortedKeys(at) {
			counts, _ := at[target].(map[string]any)
			for _, res := range schema.Results(st.kind) {
				if v, ok := resultValue(counts, res); ok && res.Moment == schema.Final && !strings.HasPrefix(res.Name, "at[") {
					put(`at[`+quote(target)+`].`+res.Name, v)
				}
			}
		}
	}
	return out
}

// resultValue converts one attribute. A bounded one has its bounds beside it as NAME_low and NAME_high; a missing
// high bound is unbounded.
func resultValue(attrs map[string]any, res schema.Result) (signal.Value, bool) {
	raw, ok := attrs[res.Name]
	low, hasLow := attrs[res.Name+"_low"].(float64)
	if res.Bounded && hasLow {
		high, hasHigh := attrs[res.Name+"_high"].(float64)
		if !hasHigh {
			high = math.Inf(1)
		}
		num, isNum := raw.(float64)
		if !isNum {
			num = high // unbounded or not measured to the end: never flattering
		}
		if res.Name == "lost" || res.Name == "lost_percent" {
			num = low
		}
		return signal.Bounded(res.Type.Kind, num, low, high), true
	}
	if ok && raw == nil && res.Name == "rto_high" && attrs["rto_low"] != nil {
		return signal.Bounded(res.Type.Kind, math.Inf(1), math.Inf(1), math.Inf(1)), true
	}
	if !ok || raw == nil {
		return signal.Value{}, false
	}
	switch v := raw.(type) {
	case bool:
		return signal.BoolVal(v), res.Type.Kind == signal.Bool
	case string:
		return signal.Value{Kind: res.Type.Kind, Text: v}, res.Type.Kind == signal.String || res.Type.Kind == signal.EnumKind
	case float64:
		return signal.Bounded(res.Type.Kind, v, v, v), res.Type.Kind.Numeric()
	case int64:
		f := float64(v)
		return signal.Bounded(res.Type.Kind, f, f, f), res.Type.Kind.Numeric()
	case int:
		f := float64(v)
		return signal.Bounded(res.Type.Kind, f, f, f), res.Type.Kind.Numeric()
	}
	return signal.Value{}, false
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}
