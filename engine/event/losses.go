package event

import "fmt"

// Words says how records were lost, the most telling first; nil if none were.
func (c LossCauses) Words() []string {
	var out []string
	for _, x := range []struct {
		n    int64
		what string
	}{
		{c.InFlight, "in flight when a fault took hold"},
		{c.DuringFault, "acknowledged while a fault was in force"},
		{c.PassedOver, "passed over without a fault"},
		{c.Unknown, "nobody can tell when"},
		{c.Evicted, "perhaps dropped by a full buffer"},
	} {
		if x.n > 0 {
			out = append(out, fmt.Sprintf("%d %s", x.n, x.what))
		}
	}
	return out
}
