package streams

import (
	"testing"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/streams/rest"
)

func TestWhatAJobShowsOfTheToolkit(t *testing.T) {
	pe := func(names ...string) rest.PE {
		var out rest.PE
		for _, n := range names {
			out.Operators = append(out.Operators, rest.Operator{Name: n})
		}
		return out
	}
	const watchdog = "CrossDCFailover." + watchdogName
	for _, c := range []struct {
		name string
		pes  []rest.PE
		want [3]providers.Holds // names, operators, pes
	}{
		{"no job", nil, [3]providers.Holds{providers.HoldsUnknown, providers.HoldsUnknown, providers.HoldsUnknown}},
		{"a job without the toolkit", []rest.PE{pe("Source", "Sink")}, [3]providers.Holds{providers.HoldsUnknown, providers.HoldsUnknown, providers.HoldsUnknown}},
		{"PEs of its own", []rest.PE{pe("Source"), pe(watchdog, "CrossDCFailover.X")}, [3]providers.Holds{providers.HoldsYes, providers.HoldsYes, providers.HoldsYes}},
		{"fused with others", []rest.PE{pe("Source", watchdog)}, [3]providers.Holds{providers.HoldsYes, providers.HoldsYes, providers.HoldsNot}},
		{"another composite", []rest.PE{pe("My." + watchdogName)}, [3]providers.Holds{providers.HoldsYes, providers.HoldsNot, providers.HoldsYes}},
	} {
		got := assumeToolkit([]rest.JobSnapshot{{Job: rest.Job{Name: "orders"}, PEs: c.pes}})
		for i, id := range []string{"toolkit.names", "twin.operators", "twin.pes"} {
			if got[i].ID != id || got[i].Holds != c.want[i] || got[i].Text == "" {
				t.Errorf("%s: %+v, want %s %q", c.name, got[i], id, c.want[i])
			}
		}
	}
}
