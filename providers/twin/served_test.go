package twin

import (
	"testing"
	"time"

	"github.com/xdc-project/xdc/providers/twin/control"
)

// The truth that probes are held to: whether records are taken, and whether they come out.
func TestTheTruthSaysWhenAJobServes(t *testing.T) {
	for _, tc := range []struct {
		op, signal      string
		taking, serving int // how often it stops to
	}{
		{op: "KeyedCounter", signal: "STOP", serving: 1},
		{op: "In", signal: "STOP", serving: 1},
		{op: "Out", signal: "STOP", serving: 1},
		{op: "KeyedCounter", signal: "KILL", taking: 1, serving: 1},
		{op: "In", signal: "KILL", taking: 1, serving: 1},
		{op: "Out", signal: "KILL", serving: 1},
		{op: "HeartbeatMessagePreparer", signal: "KILL"},
	} {
		t.Run(tc.signal+" "+tc.op, func(t *testing.T) {
			var truth record
			in(t, pairOf(5*time.Second, 4, &truth, 1), func(t *testing.T, _ *Twin, c *control.Client) {
				time.Sleep(10 * time.Second)
				procs := c.Processes("10.0.1.10")
				p, _ := holding(t, procs, tc.op)
				if err := procs.Signal(t.Context(), tc.signal, []int{p.PID}); err != nil {
					t.Fatal(err)
				}
				time.Sleep(10 * time.Second)
				if tc.signal == "STOP" {
					if err := procs.Signal(t.Context(), "CONT", []int{p.PID}); err != nil {
						t.Fatal(err)
					}
				}
				time.Sleep(5 * time.Second)
			})
			// The end of the twin takes both down once more.
			for what, want := range map[string]int{
				"endpoint_up": tc.taking + 1, "endpoint_down": tc.taking + 1, "service_up": tc.serving + 1, "service_down": tc.serving + 1,
			} {
				if got := facts(t, &truth, what, "dc1"); len(got) != want {
					t.Errorf("%s at %v, want it %d times", what, got, want)
				}
			}
			if down, up := facts(t, &truth, "service_down", "dc1"), facts(t, &truth, "service_up", "dc1"); tc.signal == "STOP" && (down[0] < 10 || down[0] > 10.1 || up[1]-down[0] < 10 || up[1]-down[0] > 10.1) {
				t.Errorf("it was down from %v to %v, want 10 s", down[0], up[1])
			}
		})
	}
}
