//go:build linux

package process

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/providertest"
)

// systemctl is as much of the real one as the faults use. A unit is the file of its process number in /run/units; its control
// group is a folder. It logs what it was asked to change, and takes only what stands behind "--" as a unit.
const systemctl = `#!/bin/sh
verb=$1; shift
while [ "$1" != -- ]; do case $1 in -p) prop=$2; shift ;; esac; shift; done
unit=$2
state=/run/units/$unit
alive() { [ -s "$state" ] && kill -0 "$(cat "$state")" 2>/dev/null; }
case $verb in
show) [ "$prop" = ControlGroup ] || exit 2; ! alive || echo "/system.slice/$unit" ;;
is-active) alive || exit 3 ;;
stop) echo "stop $unit" >>/run/units.log; ! alive || kill "$(cat "$state")"; while alive; do sleep 0.02; done ;;
start)
	echo "start $unit" >>/run/units.log
	alive || {
		setsid /run/bin/orders 40000 >/dev/null 2>&1 </dev/null 9<&- &
		echo $! >"$state"
		mkdir -p "/sys/fs/cgroup/system.slice/$unit"
		echo $! >"/sys/fs/cgroup/system.slice/$unit/cgroup.procs"
	} ;;
*) exit 2 ;;
esac
`

// unitNode is a machine with a systemd of sorts, which has the unit orders.service and runs it.
func unitNode(t *testing.T) *providertest.Node {
	n := providertest.NewNode(t, "edge")
	n.Shell = []string{"env", "PATH=/run/fake:" + os.Getenv("PATH"), "/bin/sh"}
	n.Must(t, "mount", "-t", "tmpfs", "tmpfs", "/sys/fs/cgroup")
	n.Must(t, "sh", "-c", "mkdir /run/fake /run/bin /run/units; cp /bin/sleep /run/bin/orders")
	put := n.Command(t.Context(), "sh", "-c", "cat >/run/fake/systemctl; chmod +x /run/fake/systemctl")
	put.Stdin = strings.NewReader(systemctl)
	if err := put.Run(); err != nil {
		t.Fatal(err)
	}
	n.Must(t, "/run/fake/systemctl", "start", "--", "orders.service")
	until(t, "the unit", func() bool { return len(pidsOf(t, n, "orders")) == 1 })
	return n
}

// asked is what systemctl was asked to change since the unit was first started.
func asked(t *testing.T, n *providertest.Node) string {
	return strings.TrimPrefix(n.Must(t, "cat", "/run/units.log"), "start orders.service\n")
}

func TestFaultsOnUnitsConform(t *testing.T) {
	for _, tc := range []struct{ typ, args string }{
		{"process_kill", `{"hosts":["dc1.edge"],"unit":"orders.service"}`},
		{"process_hang", `{"hosts":["dc1.edge"],"unit":"orders.service"}`},
		{"process_restart", `{"hosts":["dc1.edge"],"unit":"orders.service"}`},
	} {
		t.Run(tc.typ, func(t *testing.T) {
			t.Parallel()
			for _, ft := range Provider().Faults {
				if ft.Name != tc.typ {
					continue
				}
				providertest.Run(t, ft, func(t *testing.T, try func(*testing.T, *providertest.World)) {
					n := unitNode(t)
					try(t, &providertest.World{
						Env: envOf(n), Fresh: func() providers.Env { return envOf(n) }, ID: id, Args: json.RawMessage(tc.args), TTL: 2 * time.Second,
						Scope: providers.Scope{Targets: targets()},
						State: func(context.Context) (string, error) {
							s := sight(t, n)                                                                                                     //nolint:contextcheck // it has the test's
							return fmt.Sprintf("%d active\n%s", len(pidsOf(t, n, "orders")), strings.ReplaceAll(s, "/run/units.log\n", "")), nil //nolint:contextcheck // it has the test's
						},
					})
				})
			}
		})
	}
}

func TestAUnitThatWasKilledIsStartedAgainByTheHeal(t *testing.T) {
	for _, by := range []string{"xdc", "the watchdog"} {
		t.Run(by, func(t *testing.T) {
			t.Parallel()
			n := unitNode(t)
			was := pidsOf(t, n, "orders")[0]
			d, h, err := prepare(t, n, "process_kill", `{"hosts":["dc1.edge"],"unit":"orders.service"}`)
			if err != nil {
				t.Fatal(err)
			}
			if got := texts(h.Found); !strings.Contains(got, "process "+was+" (/run/bin/orders 40000) will get SIGKILL") {
				t.Errorf("preflight says\n%s", got)
			}
			inForce(t, d, h, 3*time.Second)
			until(t, "the kill", func() bool { return len(pidsOf(t, n, "orders")) == 0 })
			if e, err := d.Verify(t.Context(), h); err != nil || !e.InForce {
				t.Errorf("got %+v, %v", e, err)
			}
			if by == "xdc" {
				if err := d.Heal(t.Context(), h); err != nil {
					t.Fatal(err)
				}
			}
			until(t, "the start", func() bool { p := pidsOf(t, n, "orders"); return len(p) == 1 && p[0] != was })
			if got := asked(t, n); got != "start orders.service\n" {
				t.Errorf("systemctl was asked to\n%s", got)
			}
			if e, err := d.VerifyHealed(t.Context(), h); err != nil || e.InForce || e.Difference != "" {
				t.Errorf("got %+v, %v", e, err)
			}
		})
	}
}

func TestAUnitIsKilledAgainAndAgain(t *testing.T) {
	n := unitNode(t)
	n.Must(t, "sh", "-c", "setsid sh -c 'while :; do /run/fake/systemctl start -- orders.service; sleep 0.2; done' >/dev/null 2>&1 </dev/null &") // Restart=always
	d, h, err := prepare(t, n, "process_kill", `{"hosts":["dc1.edge"],"unit":"orders.service","every":"1s"}`)
	if err != nil {
		t.Fatal(err)
	}
	inForce(t, d, h, time.Minute)
	seen := map[string]bool{}
	until(t, "two more kills", func() bool {
		for _, p := range pidsOf(t, n, "orders") {
			seen[p] = true
		}
		return len(seen) >= 4
	})
	if err := d.Heal(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	until(t, "the unit", func() bool {
		e, err := d.VerifyHealed(t.Context(), h)
		return err == nil && !e.InForce && e.Difference == ""
	})
}

func TestAUnitIsTakenDownAndBroughtUp(t *testing.T) {
	n := unitNode(t)
	d, h, err := prepare(t, n, "process_restart", `{"hosts":["dc1.edge"],"unit":"orders.service"}`)
	if err != nil {
		t.Fatal(err)
	}
	if got := texts(h.Found); !strings.Contains(got, "process "+pidsOf(t, n, "orders")[0]+" (/run/bin/orders 40000) belongs to orders.service") {
		t.Errorf("preflight says\n%s", got)
	}
	inForce(t, d, h, time.Minute)
	if e, err := d.Verify(t.Context(), h); err != nil || !e.InForce || len(pidsOf(t, n, "orders")) != 0 {
		t.Errorf("got %+v, %v", e, err)
	}
	if err := d.Heal(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	if e, err := d.VerifyHealed(t.Context(), h); err != nil || e.InForce || e.Difference != "" {
		t.Errorf("got %+v, %v", e, err)
	}
	if got := asked(t, n); got != "stop orders.service\nstart orders.service\n" {
		t.Errorf("systemctl was asked to\n%s", got)
	}
}

func TestAUnitThatIsNotActiveIsRefused(t *testing.T) {
	n := unitNode(t)
	n.Must(t, "/run/fake/systemctl", "stop", "--", "orders.service")
	for _, typ := range []string{"process_kill", "process_hang", "process_restart"} {
		if _, _, err := prepare(t, n, typ, `{"hosts":["dc1.edge"],"unit":"orders.service"}`); err == nil {
			t.Errorf("%s is prepared", typ)
		}
	}
	for _, unit := range []string{"--help", "$(touch /tmp/owned)", "a b", "../x"} {
		args, _ := json.Marshal(map[string]any{"hosts": []string{"dc1.edge"}, "unit": unit})
		if _, _, err := prepare(t, n, "process_kill", string(args)); err == nil {
			t.Errorf("unit %q is prepared", unit)
		}
	}
	if n.Command(t.Context(), "test", "-e", "/tmp/owned").Run() == nil {
		t.Error("something has run")
	}
}
