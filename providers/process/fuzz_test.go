package process

import (
	"strings"
	"testing"
)

// FuzzParse: of what a host prints about its processes, only what can be a process is taken, and never the first one.
func FuzzParse(f *testing.F) {
	f.Add("41\tstreams\t123\tpec\tpec -i 1\n")
	f.Add("1\troot\t0\tinit\t/sbin/init\n-7\ta\tb\tc\td\n2\ta\tb\tc\td\te\tf")
	f.Fuzz(func(t *testing.T, s string) {
		out := parse(s)
		if len(out) > strings.Count(s, "\n")+1 {
			t.Errorf("%d processes in %d lines", len(out), strings.Count(s, "\n")+1)
		}
		for _, p := range out {
			if p.PID <= 1 {
				t.Errorf("process %d", p.PID)
			}
		}
	})
}
