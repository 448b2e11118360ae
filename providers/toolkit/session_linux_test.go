//go:build linux

package toolkit

import (
	"errors"
	"io/fs"
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

func TestConfigurationsAndFoldersAreLookedAtOnTheirHost(t *testing.T) {
	n := providertest.NewNode(t, "edge")
	k := &providers.Toolkit{Host: "edge", SnapshotDirectory: "/tmp/s", ConfigFile: "/tmp/c"}
	s := sessionOn(n, k)
	s.target.Hosts = []providers.Host{{Name: "edge", Address: "10.0.1.10"}}
	at := providers.Place{Target: "dc1", Host: "edge"}
	if _, err := s.readConfig(t.Context(), at, "/tmp/c"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	n.Must(t, "sh", "-c", "printf 'a=1\\n dataSnapshotJdbcPassword =s3cret\\ndataSnapshotJdbcPassword=s3c=ret\\n' >/tmp/c")
	text, err := s.readConfig(t.Context(), at, "/tmp/c")
	if err != nil || strings.Contains(text, "s3c") || strings.Contains(text, "ret\n") || text != "a=1\n dataSnapshotJdbcPassword =hidden\ndataSnapshotJdbcPassword=hidden=\n" {
		t.Errorf("got %q, %v", text, err)
	}
	look := func() string {
		t.Helper()
		r := &report{}
		s.checkFolder(t.Context(), providers.JobInfo{Target: "dc1", Toolkit: k}, "/tmp/s", r)
		var said []string
		for _, f := range r.found {
			said = append(said, f.Text)
		}
		return strings.Join(said, "; ")
	}
	for _, tc := range []struct{ do, want string }{
		{"true", "is not there on edge"},
		{"touch /tmp/s", "is no folder on edge"},
		{"rm /tmp/s; mkdir /tmp/s", ""},
		{"touch /tmp/s/dc2-0.snapshot /tmp/s/dc2-1.snapshot", ""},
		{"touch /tmp/s/other-1.snapshot", "state of 2 data centres in /tmp/s"},
		{"rm /tmp/s/*; mount -t tmpfs -o ro tmpfs /tmp/s", "nothing can be written into /tmp/s on edge"},
	} {
		n.Must(t, "sh", "-c", tc.do)
		if got := look(); !strings.Contains(got, tc.want) || (got == "") != (tc.want == "") {
			t.Errorf("%s: %q, want %q", tc.do, got, tc.want)
		}
	}
}

func TestPortsAreTriedAndNothingIsSent(t *testing.T) {
	for _, tool := range []string{"bash", "timeout", "busybox"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("needs %s: run make setup", tool)
		}
	}
	n := providertest.NewNode(t, "edge")
	n.Must(t, "sh", "-c", "ip link set lo up; setsid busybox nc -l -p 25091 </dev/null >/tmp/heard 2>&1 &")
	s := sessionOn(n, &providers.Toolkit{Host: "edge", ConfigFile: "/tmp/c"})
	for range 100 {
		if !strings.Contains(n.Must(t, "sh", "-c", "cat /proc/net/tcp /proc/net/tcp6"), ":6203 ") {
			<-time.After(20 * time.Millisecond)
		}
	}
	c := configure(configuration{values: map[string]string{"remoteDataCenterApplicationMachineNames": "127.0.0.1,no.such.invalid,$(touch /tmp/owned)"}})
	r := &report{}
	other := providers.JobInfo{Target: "dc2", Path: "job.orders", Adopt: "x"}
	s.reaches(t.Context(), providers.JobInfo{Target: "dc1", Adopt: "x", Toolkit: &providers.Toolkit{Host: "edge"}}, other, c, r)
	var said []string
	for _, f := range r.found {
		said = append(said, f.Text)
	}
	got := strings.Join(said, "\n")
	for _, want := range []string{`"$(touch /tmp/owned)" is no name of a machine`, "does not know the name no.such.invalid", "nothing answers at port 25092 of any machine of dc2"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	if strings.Contains(got, "port 25091") {
		t.Errorf("an open port: %s", got)
	}
	if heard := n.Must(t, "sh", "-c", "cat /tmp/heard; ls /tmp/owned 2>/dev/null; true"); heard != "" {
		t.Errorf("something was sent: %q", heard)
	}
	for out, want := range map[string]string{
		"cannot\n": "was not tried",
		"silent a 25091\nopen b 25091\nopen a 25092\n":  "run into nothing",
		"open a 25091\nopen b 25091\nopen a 25092\nx y": "can be reached",
		"refused a 25091\nrefused b 25091\n":            "nothing answers at port 25091",
	} {
		r := &report{}
		r.reached(out, providers.Place{Target: "dc1", Host: "edge"}, other, true, []string{"a", "b"})
		if len(r.found) != 1 || !strings.Contains(r.found[0].Text, want) {
			t.Errorf("%q: %+v", out, r.found)
		}
	}
}
