package report

import "github.com/xdc-project/xdc/engine/event"

// guarantees say in words which guarantees were kept and which were not. Those that nobody can tell are left out: an
// expectation on one says why.
func guarantees(c event.Checks) []string {
	var out []string
	for _, x := range []struct {
		ok         *bool
		kept, lost string
	}{
		{c.AtLeastOnce, "every acknowledged record came out", "not every acknowledged record came out"},
		{c.AtMostOnce, "no record came out too often", "a record came out too often"},
		{c.OrderedByKey, "the records of a key came out in order", "a record came out after a later one of its key"},
		{c.MonotoneState, "no state went back", "a state went back"},
		{c.NoResurrection, "nothing came back after a heal", "something came back after a heal"},
	} {
		switch {
		case x.ok == nil:
		case *x.ok:
			out = append(out, x.kept)
		default:
			out = append(out, x.lost)
		}
	}
	return out
}
