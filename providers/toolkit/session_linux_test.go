//go:build linux

package toolkit

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/providertest"
)

func sessionOn(n *providertest.Node, k *providers.Toolkit) *session {
	return &session{
		env: providers.Env{
			Machine: func(providers.Place) (providers.Machine, error) { return n, nil },
			Jobs:    []providers.JobInfo{{Target: "dc1", Path: "job.orders", Toolkit: k}, {Target: "dc2", Path: "job.orders", Toolkit: k}},
		},
		target: providers.Target{Name: "dc1"},
	}
}

func TestSnapshotsAreLookedAtOnTheirHost(t *testing.T) {
	for _, sh := range []string{"dash", "busybox sh"} {
		t.Run(sh, func(t *testing.T) {
			words := strings.Fields(sh)
			if _, err := exec.LookPath(words[0]); err != nil {
				t.Skipf("needs %s: run make setup", words[0])
			}
			n := providertest.NewNode(t, "edge")
			n.Shell = words
			folder := "/tmp/it's \"here\" $(x)"
			s := sessionOn(n, &providers.Toolkit{Host: "edge", SnapshotDirectory: folder})
			round := func() (map[string]signal.Value, string) {
				t.Helper()
				got, said := map[string]signal.Value{}, ""
				err := s.Observe(t.Context(), func(r providers.Reading) {
					got[strings.TrimPrefix(r.Path, "job.orders.toolkit.")] = r.Value
					said += r.Evidence
				})
				if err != nil {
					t.Fatal(err)
				}
				return got, said
			}
			if got, said := round(); got["snapshots"].Num != 0 || len(got) != 1 || !strings.Contains(said, "no folder") {
				t.Errorf("without a folder: %v, %s", got, said)
			}
			n.Must(t, "mkdir", folder)
			if got, said := round(); got["snapshots"].Num != 0 || len(got) != 1 || said != "" {
				t.Errorf("an empty folder: %v, %s", got, said)
			}
			n.Must(t, "sh", "-c", "cd \"$0\" && printf 12345 >dc2-0.snapshot && touch -d '@1000000000' dc2-1.snapshot && touch other 'a\nb.snapshot' && mkdir d.snapshot && ln -s dc2-0.snapshot l.snapshot", folder)
			got, _ := round()
			if got["snapshots"].Num != 2 || got[`snapshot["dc2-0.snapshot"].size`].Num != 5 {
				t.Errorf("got %v", got)
			}
			if age := got[`snapshot["dc2-0.snapshot"].age`]; age.Low < 0 || age.High > 10 || age.High-age.Low > 2.1 {
				t.Errorf("written %v ago", age)
			}
			old := time.Since(time.Unix(1000000000, 0)).Seconds()
			if age := got[`snapshot["dc2-1.snapshot"].age`]; age.Low > old || age.High < old-5 {
				t.Errorf("written %v ago, want %v", age, old)
			}
			n.Must(t, "sh", "-c", "cd \"$0\" && seq -f 'dc2-x%g.snapshot' 1 1500 | xargs touch", folder)
			if got, said := round(); got["snapshots"].Num < mostFiles-5 || got["snapshots"].Num > mostFiles || !strings.Contains(said, "more than 1000") || len(got) > 1+2*mostNamed {
				t.Errorf("%v files, %s", got["snapshots"], said)
			}
		})
	}
}
