package toolkit

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
)

func settings(h, s time.Duration, m int) *providers.Toolkit {
	return &providers.Toolkit{HeartbeatInterval: value.Duration(h), SnapshotInterval: value.Duration(s), MissesAllowed: m, Port: 25091, Mode: "active"}
}

func both(k *providers.Toolkit) []providers.JobInfo {
	return []providers.JobInfo{{Path: "job.orders", Target: "dc1", Toolkit: k}, {Path: "job.orders", Target: "dc2", Toolkit: k}}
}

func severed(from, to string, ports ...int) providers.Severed {
	return providers.Severed{From: from, To: to, Ports: ports, Total: true}
}

// said are predictions in short: "dc2 detection 15-25 sure".
func said(ps []providers.Prediction) []string {
	var out []string
	for _, p := range ps {
		s := fmt.Sprintf("%s %s %v-%v", p.Target, p.Quantity, p.Low, p.High)
		switch {
		case p.Sure:
			s += " sure"
		case p.Possible:
			s += " possible"
		default:
			s += " no"
		}
		out = append(out, s)
	}
	return out
}

func TestPredictions(t *testing.T) {
	five := settings(5*time.Second, 30*time.Second, 4)
	template := settings(30*time.Second, 180*time.Second, 4)
	standby := settings(5*time.Second, 30*time.Second, 4)
	standby.Mode = "passive"
	for _, tc := range []struct {
		name string
		jobs []providers.JobInfo
		held float64
		eff  providers.Description
		want []string
	}{
		{
			name: "a partition of both ways", jobs: both(five), held: 300,
			eff: providers.Description{Severs: []providers.Severed{severed("dc1", "dc2"), severed("dc2", "dc1")}},
			want: []string{
				"dc1 detection 15-25 sure", "dc1 takeover 15-26 sure", "dc1 loss_window 0-25 possible",
				"dc2 detection 15-25 sure", "dc2 takeover 15-26 sure", "dc2 loss_window 0-25 possible",
			},
		},
		{
			name: "the template of the toolkit", jobs: both(template), held: 120,
			eff: providers.Description{Stops: []string{"dc1.job.orders"}},
			want: []string{
				"dc2 detection 90-150 possible", "dc2 takeover 90-151 possible", "dc2 loss_window 0-150 possible",
			},
		},
		{
			name: "too short to be noticed", jobs: both(five), held: 15,
			eff:  providers.Description{Stops: []string{"dc1.job.orders"}},
			want: []string{"dc2 detection 15-25 no", "dc2 takeover 15-26 no", "dc2 loss_window 0-25 no"},
		},
		{
			name: "one way: the other side falls silent in turn", jobs: both(five), held: 60,
			eff: providers.Description{Severs: []providers.Severed{severed("dc1", "dc2")}},
			want: []string{
				"dc1 detection 30-50 sure", "dc1 takeover 30-51 sure",
				"dc2 detection 15-25 sure", "dc2 takeover 15-26 sure", "dc2 loss_window 0-25 possible",
			},
		},
		{
			name: "only replication", jobs: both(five), held: 90,
			eff:  providers.Description{Severs: []providers.Severed{severed("dc1", "dc2", 25092), severed("dc2", "dc1", 25092)}},
			want: []string{"dc1 loss_window 0-115 possible", "dc2 loss_window 0-115 possible"},
		},
		{
			name: "held until something else ends it", jobs: both(five),
			eff:  providers.Description{Stops: []string{"dc1.job.orders"}},
			want: []string{"dc2 detection 15-25 sure", "dc2 takeover 15-26 sure", "dc2 loss_window 0-25 possible"},
		},
		{
			name: "degraded is not cut", jobs: both(five), held: 60,
			eff: providers.Description{Severs: []providers.Severed{{From: "dc1", To: "dc2"}}},
		},
		{
			name: "a passive side launches the application", held: 60,
			jobs: []providers.JobInfo{{Path: "job.ingest", Target: "dc1", Toolkit: five}, {Path: "job.standby", Target: "dc2", Launched: "ingest", Toolkit: standby}},
			eff:  providers.Description{Severs: []providers.Severed{severed("dc1", "dc2"), severed("dc2", "dc1")}},
			want: []string{
				"dc1 detection 15-25 sure", "dc1 takeover 15-26 sure",
				"dc2 detection 15-25 sure", "dc2 takeover 15-55 sure", "dc2 loss_window 0-25 possible",
			},
		},
		{name: "nothing is known", jobs: []providers.JobInfo{{Path: "job.orders", Target: "dc1"}, {Path: "job.orders", Target: "dc2"}}, eff: providers.Description{Stops: []string{"dc1.job.orders"}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := Predict(providers.Question{Fault: "fault.f.x", Held: tc.held, Effect: tc.eff, Jobs: tc.jobs, Targets: []string{"dc1", "dc2"}})
			if diff := cmp.Diff(tc.want, said(got)); diff != "" {
				t.Error(diff)
			}
			for _, p := range got {
				if p.Fault != "fault.f.x" || p.Job == "" || p.Words == "" {
					t.Errorf("incomplete: %+v", p)
				}
			}
		})
	}
}

func TestWordsStateTheFormulaWithItsNumbers(t *testing.T) {
	got := Predict(providers.Question{Fault: "f", Jobs: both(settings(5*time.Second, 0, 4)), Effect: providers.Description{Stops: []string{"dc1.job.orders"}}})
	for _, w := range []string{"the application in dc1 is stopped", "(4 - 1) x 5s = 15s", "(4 + 1) x 5s = 25s"} {
		if !strings.Contains(got[0].Words, w) {
			t.Errorf("%q does not say %q", got[0].Words, w)
		}
	}
}
