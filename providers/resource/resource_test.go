//go:build linux

package resource

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/providertest"
)

const run = "20260101T000000Z-abcdefgh"

var id = providers.StepID{Run: run, Step: "fault.resource.x"}

func targets() map[string]providers.Target {
	return map[string]providers.Target{"dc1": {Name: "dc1", Hosts: []providers.Host{{Name: "edge", Address: "10.0.1.10"}}}}
}

func envOf(n *providertest.Node) providers.Env {
	return providers.Env{Run: run, Targets: targets(), Machine: func(providers.Place) (providers.Machine, error) { return n, nil }}
}

// node is a machine with a small file system of its own at /tmp/disk, and /var/tmp on a real disk.
func node(t *testing.T) *providertest.Node {
	n := providertest.NewNode(t, "edge")
	own, err := os.MkdirTemp("/var/tmp", "xdc-node-") //nolint:usetesting // the node hides the machine's /tmp
	if err != nil {
		providertest.Lack(t, "needs a folder on a disk: %v", err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(own) })
	n.Must(t, "mount", "--bind", own, "/var/tmp")
	n.Must(t, "sh", "-c", "mkdir /tmp/disk && mount -t tmpfs -o size=64m tmpfs /tmp/disk && head -c 8388608 /dev/zero >/tmp/disk/theirs")
	return n
}

// world is what an outsider sees: files, how full the small disk is, and the processes.
func world(n *providertest.Node) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		b, err := n.Command(ctx, "sh", "-c", "find /run /tmp /var/tmp -xdev 2>/dev/null | grep -e ^/run -e '^/tmp' -e '/[.]xdc_' | grep -v '^/run/xdc.log$' | sort; find /tmp/disk; df -k /tmp/disk; "+
			"ps -eo args | grep -e '/run/xdc/.*/[l]oop$'; true").CombinedOutput()
		return string(b), err
	}
}

func faultOf(t *testing.T, typ string) providers.FaultType {
	t.Helper()
	for _, ft := range Provider().Faults {
		if ft.Name == typ {
			return ft
		}
	}
	t.Fatalf("no fault is called %s", typ)
	return providers.FaultType{}
}

func TestFaultsOnResourcesConform(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup // they sleep most of the time: more than t.Parallel lets run go side by side
	defer all.Wait()
	for _, tc := range []struct {
		typ, args string
		sh        []string
	}{
		{"resource_cpu", `{"hosts":["dc1.edge"],"cores":0.1}`, []string{"dash"}},
		{"resource_memory", `{"hosts":["dc1.edge"],"size":16777216,"reserve":67108864}`, []string{"dash"}},
		{"resource_io", `{"hosts":["dc1.edge"],"path":"/var/tmp","writers":2,"block":65536,"size":1048576,"rate":1048576}`, []string{"dash"}},
		{"resource_disk", `{"hosts":["dc1.edge"],"path":"/tmp/disk","level":0.75,"reserve":4194304}`, []string{"dash"}},
		{"resource_disk", `{"hosts":["dc1.edge"],"path":"/tmp/disk","size":16777216,"reserve":0}`, []string{"busybox", "sh"}},
		{"resource_unmount", `{"hosts":["dc1.edge"],"path":"/tmp/disk"}`, []string{"dash"}},
	} {
		all.Go(func() {
			t.Run(tc.typ+" "+tc.sh[0], func(t *testing.T) {
				if _, err := exec.LookPath(tc.sh[0]); err != nil {
					providertest.Lack(t, "needs %s: run make setup", tc.sh[0])
				}
				providertest.Run(t, faultOf(t, tc.typ), func(t *testing.T, try func(*testing.T, *providertest.World)) {
					n := node(t)
					n.Shell = tc.sh
					try(t, &providertest.World{
						Env: envOf(n), Fresh: func() providers.Env { return envOf(n) }, ID: id, Args: json.RawMessage(tc.args), TTL: 2 * time.Second,
						Scope: providers.Scope{Targets: targets()}, State: world(n),
					})
				})
			})
		})
	}
}

func TestHostileValuesAreNothingButText(t *testing.T) {
	for typ, args := range map[string]string{
		"resource_cpu":     `{"hosts":["dc1.edge"],"cores":0.1}`,
		"resource_memory":  `{"hosts":["dc1.edge"],"size":16777216,"reserve":67108864}`,
		"resource_io":      `{"hosts":["dc1.edge"],"path":"/var/tmp","writers":2,"block":65536,"size":1048576,"rate":1048576}`,
		"resource_disk":    `{"hosts":["dc1.edge"],"path":"/tmp/disk","level":0.75,"reserve":4194304}`,
		"resource_unmount": `{"hosts":["dc1.edge"],"path":"/tmp/disk"}`,
	} {
		t.Run(typ, func(t *testing.T) {
			t.Parallel()
			providertest.Hostile(t, faultOf(t, typ), func(t *testing.T, try func(*testing.T, *providertest.World)) {
				n := node(t)
				n.Seal(t)
				try(t, &providertest.World{
					Env: envOf(n), Fresh: func() providers.Env { return envOf(n) }, ID: id, Args: json.RawMessage(args),
					Scope: providers.Scope{Targets: targets()}, Owned: n.Has, State: world(n),
				})
			})
		})
	}
}

// fault is one fault under way.
type fault struct {
	providers.Deed
	h providers.Handle
}

// begin prepares, arms and injects a fault and waits until it is in force.
func begin(t *testing.T, n *providertest.Node, typ, args string) fault {
	t.Helper()
	d := faultOf(t, typ).New(envOf(n))
	h, err := d.Prepare(t.Context(), id, json.RawMessage(args))
	if err != nil {
		t.Fatal(err)
	}
	l := providers.Lease{TTL: value.Duration(time.Minute), Deadline: value.Duration(time.Minute)}
	if err := d.(providers.Armer).Arm(t.Context(), h, l); err != nil {
		t.Fatal(err)
	}
	if err := d.Inject(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	f := fault{d, h}
	f.until(t, true)
	return f
}

// until waits until the fault is in force, or is not, and returns what was seen.
func (f fault) until(t *testing.T, inForce bool) string {
	t.Helper()
	var e providers.Effect
	var err error
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); <-time.After(50 * time.Millisecond) {
		if e, err = f.Verify(t.Context(), f.h); err == nil && e.InForce == inForce {
			return e.Evidence
		}
	}
	t.Fatalf("in force is not %v within 15 s: %+v, %v", inForce, e, err)
	return ""
}

// end heals the fault.
func (f fault) end(t *testing.T) {
	t.Helper()
	if err := f.Heal(t.Context(), f.h); err != nil {
		t.Fatal(err)
	}
	if e, err := f.VerifyHealed(t.Context(), f.h); err != nil || e.InForce || e.Difference != "" {
		t.Fatalf("after the heal: %+v, %v", e, err)
	}
	if err := f.Deed.(providers.Armer).Disarm(t.Context(), f.h); err != nil {
		t.Fatal(err)
	}
}

// number runs a shell text in a node that prints a number.
func number(t *testing.T, n *providertest.Node, text string) int {
	t.Helper()
	s := strings.TrimSpace(n.Must(t, "sh", "-c", text))
	i, err := strconv.Atoi(s)
	if err != nil {
		t.Fatalf("%q is no number", s)
	}
	return i
}

// refused fails unless a fault is refused with these words, and nothing has changed.
func refused(t *testing.T, n *providertest.Node, typ, args, want string) {
	t.Helper()
	look := world(n)
	before, _ := look(t.Context())
	if _, err := faultOf(t, typ).New(envOf(n)).Prepare(t.Context(), id, json.RawMessage(args)); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%s %s: got %v, want %q", typ, args, err, want)
	}
	if after, _ := look(t.Context()); after != before {
		t.Errorf("%s %s: something has changed:\n%s\n%s", typ, args, before, after)
	}
}
