package event

// Words says how records were lost, the most telling first; nil if none were. Numbers are written by count.
func (c LossCauses) Words(count func(n int64) string) []string {
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
			out = append(out, count(x.n)+" "+x.what)
		}
	}
	return out
}
