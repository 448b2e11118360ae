//go:build linux

package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/providertest"
	"github.com/xdc-project/xdc/providers/shell"
)

// flag is a fault for the tests: a file with a word in it, and a process in the background.
var flag = Fault{Provider: "test", Type: "flag", Works: func(ctx context.Context, env providers.Env, _ providers.StepID, args json.RawMessage) ([]Work, error) {
	var a struct {
		Word  string   `json:"word"`
		Hosts []string `json:"hosts"`
	}
	if err := json.Unmarshal(args, &a); err != nil || a.Word == "" {
		return nil, fmt.Errorf("no word: %w", err)
	}
	if len(a.Hosts) == 0 {
		a.Hosts = []string{"edge"}
	}
	var out []Work
	for _, h := range a.Hosts {
		out = append(out, Work{
			Place:  providers.Place{Target: "dc1", Host: h},
			State:  shell.Script{Text: "ls /run | grep -v '^xdc'; cat /run/other 2>/dev/null; return 0"},
			Inject: shell.Script{Text: "printf %s \"$WORD\" >\"/run/$XDC_NAME\" && xdc_spawn sleep 1000"}.Set("WORD", a.Word),
			Verify: shell.Script{Text: "[ \"$(cat \"/run/$XDC_NAME\" 2>/dev/null)\" = \"$WORD\" ] && [ -n \"$(xdc_tagged)\" ] || return 1; echo the flag is there"}.Set("WORD", a.Word),
			Undo:   shell.Script{Text: "rm -f -- \"/run/$XDC_NAME\"; xdc_reap"},
			Left:   shell.Script{Text: "[ ! -e \"/run/$XDC_NAME\" ] && [ -z \"$(xdc_tagged)\" ] || { echo the flag; return 1; }"},
		})
	}
	return out, nil
}}

const run = "20260101T000000Z-abcdefgh"

var id = providers.StepID{Run: run, Step: "fault.flag.x"}

func envOf(nodes ...*providertest.Node) providers.Env {
	return providers.Env{Run: run, Machine: func(p providers.Place) (providers.Machine, error) {
		for _, n := range nodes {
			if n.Name == p.Host {
				return n, nil
			}
		}
		return nil, fmt.Errorf("no host %s", p)
	}}
}

// world is what an outsider sees in a node: files and processes.
func world(t testing.TB, n *providertest.Node) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		b, err := n.Command(ctx, "sh", "-c", "find /run /tmp | grep -v '^/run/xdc.log$' | sort; for p in /proc/[0-9]*; do { tr '\\0' ' ' <$p/cmdline; } 2>/dev/null; done | tr ' ' '\\n' | grep -c '^/run/xdc/.*/[w]atch$'; true").CombinedOutput()
		return string(b), err
	}
}

func shells(t *testing.T, test func(t *testing.T, sh []string)) {
	for _, sh := range [][]string{{"dash"}, {"busybox", "sh"}, {"bash", "--posix"}} {
		t.Run(sh[0], func(t *testing.T) {
			if _, err := exec.LookPath(sh[0]); err != nil {
				providertest.Lack(t, "needs %s: run make setup", sh[0])
			}
			t.Parallel()
			test(t, sh)
		})
	}
}

func TestAFaultOnAHostConforms(t *testing.T) {
	shells(t, func(t *testing.T, sh []string) {
		ft := providers.FaultType{
			Name: "flag", Doc: "x", Schema: &schema.Block{Name: "flag", Attributes: []schema.Attribute{{Name: "word", Type: cty.String, Required: true}}}, Stages: true,
			Describe: func(providers.Scope, json.RawMessage) (providers.Description, diag.List) {
				return providers.Description{SideEffects: true, Summary: "a flag", Effects: []providers.Line{{Text: "x"}}, Undo: []providers.Line{{Text: "y"}}, Places: []providers.Place{{Target: "dc1", Host: "edge"}}}, nil
			},
			New: flag.New,
		}
		providertest.Run(t, ft, func(t *testing.T, try func(*testing.T, *providertest.World)) {
			n := providertest.NewNode(t, "edge")
			n.Shell = sh
			try(t, &providertest.World{
				Env: envOf(n), Fresh: func() providers.Env { return envOf(n) }, ID: id, Args: json.RawMessage(`{"word":"$(id) 'x'"}`), State: world(t, n), TTL: 2 * time.Second,
			})
		})
	})
}

func prepared(t *testing.T, d providers.Deed, args string) providers.Handle {
	t.Helper()
	h, err := d.Prepare(t.Context(), id, json.RawMessage(args))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func lease(ttl, deadline time.Duration) providers.Lease {
	return providers.Lease{TTL: value.Duration(ttl), Deadline: value.Duration(deadline)}
}

// enforced arms and injects under a short lease, once more where the machine is so slow that it ends before; it returns between
// which instants the lease began.
func enforced(t *testing.T, d providers.Deed, ttl time.Duration) (h providers.Handle, low, high time.Time) {
	t.Helper()
	for range 5 {
		h = prepared(t, d, `{"word":"a"}`)
		low = time.Now()
		if err := d.(providers.Armer).Arm(t.Context(), h, lease(ttl, time.Minute)); err != nil {
			t.Fatal(err)
		}
		high = time.Now()
		err := d.Inject(t.Context(), h)
		if err == nil {
			return h, low, high
		}
		if !errors.Is(err, providers.ErrLeaseEnded) {
			t.Fatal(err)
		}
		if err := d.(providers.Armer).Disarm(t.Context(), h); err != nil {
			t.Fatal(err)
		}
	}
	t.Fatalf("nothing is injected within %s", ttl)
	return h, low, high
}

// until polls a real process or kernel.
func until(t *testing.T, limit time.Duration, what string, is func() bool) time.Duration {
	t.Helper()
	start := time.Now()
	for time.Since(start) < limit {
		if is() {
			return time.Since(start)
		}
		<-time.After(20 * time.Millisecond)
	}
	t.Fatalf("%s did not happen within %s", what, limit)
	return 0
}

func TestTheWatchdogHealsInTimeAndLeavesNothing(t *testing.T) {
	shells(t, func(t *testing.T, sh []string) {
		n := providertest.NewNode(t, "edge")
		n.Shell = sh
		state := world(t, n)
		before, _ := state(t.Context())
		d := flag.New(envOf(n))
		h, low, high := enforced(t, d, 2*time.Second)
		if e, err := d.Verify(t.Context(), h); err != nil || !e.InForce || e.Evidence != "dc1.edge: the flag is there" {
			t.Errorf("got %+v, %v", e, err)
		}
		until(t, 10*time.Second, "the heal", func() bool { now, _ := state(t.Context()); return now == before })
		// When the test sees it depends on how busy this machine is; when it happened, the log of heals knows.
		at, err := strconv.ParseFloat(strings.TrimSpace(n.Must(t, "stat", "-c", "%.Y", "/run/xdc.log")), 64)
		healed := time.UnixMicro(int64(at * 1e6))
		if err != nil || healed.Sub(low) < 1900*time.Millisecond || healed.Sub(high) > 5*time.Second {
			t.Errorf("a lease of 2 s ended between %s and %s after it began (%v)", healed.Sub(high), healed.Sub(low), err)
		}
		if log := n.Must(t, "cat", "/run/xdc.log"); !strings.Contains(log, h.Names[0]+" healed: the lease ended") {
			t.Errorf("the log of heals says %q", log)
		}
		if err := d.(providers.Armer).Renew(t.Context(), h, lease(time.Minute, time.Minute)); !errors.Is(err, providers.ErrLeaseEnded) {
			t.Errorf("renewed after the end: %v", err)
		}
		if err := d.Inject(t.Context(), h); !errors.Is(err, providers.ErrLeaseEnded) {
			t.Errorf("injected after the end: %v", err)
		}
		if e, err := d.VerifyHealed(t.Context(), h); err != nil || e.InForce || e.Difference != "" {
			t.Errorf("got %+v, %v", e, err)
		}
	})
}

func TestNoRenewalGoesBeyondTheDeadline(t *testing.T) {
	n := providertest.NewNode(t, "edge")
	d := flag.New(envOf(n))
	h := prepared(t, d, `{"word":"a"}`)
	a := d.(providers.Armer)
	low := time.Now()
	if err := a.Arm(t.Context(), h, lease(2*time.Second, 3*time.Second)); err != nil {
		t.Fatal(err)
	}
	high := time.Now()
	until(t, 10*time.Second, "the deadline", func() bool {
		err := a.Renew(t.Context(), h, lease(time.Minute, time.Hour))
		if err != nil && !errors.Is(err, providers.ErrLeaseEnded) {
			t.Fatal(err)
		}
		return err != nil
	})
	if least, most := time.Since(high), time.Since(low); most < 2900*time.Millisecond || least > 6*time.Second {
		t.Errorf("a deadline of 3 s ended it between %s and %s after it was armed", least, most)
	}
}

func TestWhatIsNotArmedIsNotInjected(t *testing.T) {
	n := providertest.NewNode(t, "edge")
	d := flag.New(envOf(n))
	h := prepared(t, d, `{"word":"a"}`)
	if err := d.Inject(t.Context(), h); !errors.Is(err, providers.ErrLeaseEnded) || !strings.Contains(err.Error(), "not armed") {
		t.Errorf("got %v", err)
	}
	a := d.(providers.Armer)
	if err := a.Arm(t.Context(), h, lease(time.Minute, time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := d.Heal(t.Context(), h); err != nil { // somebody recovers while the inject is still on its way
		t.Fatal(err)
	}
	if err := d.Inject(t.Context(), h); !errors.Is(err, providers.ErrLeaseEnded) {
		t.Errorf("injected after a heal: %v", err)
	}
	if err := a.Disarm(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Prepare(t.Context(), id, json.RawMessage(`{"word":"a"}`)); err != nil {
		t.Errorf("after the disarming: %v", err)
	}
}

func TestAWatchdogThatWasKilledIsNoticed(t *testing.T) {
	n := providertest.NewNode(t, "edge")
	d := flag.New(envOf(n))
	h := prepared(t, d, `{"word":"a"}`)
	a := d.(providers.Armer)
	if err := a.Arm(t.Context(), h, lease(time.Minute, time.Minute)); err != nil {
		t.Fatal(err)
	}
	// A signal is sent before it has done its work.
	n.Must(t, "sh", "-c", `p=$(cat /run/xdc/*/watch.pid); kill -9 "$p"; while tr '\0' ' ' <"/proc/$p/cmdline" 2>/dev/null | grep -q .; do sleep 0.01; done`)
	if err := d.Inject(t.Context(), h); !errors.Is(err, providers.ErrLeaseEnded) {
		t.Errorf("injected without a watchdog: %v", err)
	}
}

func TestAnUndoThatFailsIsTriedAgain(t *testing.T) {
	n := providertest.NewNode(t, "edge")
	f := flag
	f.Works = func(ctx context.Context, env providers.Env, id providers.StepID, args json.RawMessage) ([]Work, error) {
		ws, err := flag.Works(ctx, env, id, args)
		for i := range ws {
			ws[i].Undo.Text = "[ -e /run/open ] || { echo the gate is shut >&2; return 4; }\n" + ws[i].Undo.Text
		}
		return ws, err
	}
	d := f.New(envOf(n))
	h, _, _ := enforced(t, d, time.Second)
	until(t, 10*time.Second, "a failed heal", func() bool {
		b, _ := n.Command(t.Context(), "cat", "/run/xdc.log").Output()
		return strings.Contains(string(b), "NOT healed, trying again: status 4: the gate is shut")
	})
	if err := d.Heal(t.Context(), h); err == nil || !strings.Contains(err.Error(), "the gate is shut") {
		t.Errorf("got %v", err)
	}
	n.Must(t, "touch", "/run/open")
	until(t, 20*time.Second, "the heal", func() bool {
		return n.Command(t.Context(), "test", "-e", "/run/xdc").Run() != nil
	})
}

func TestManyHealersAtOnceDoNoHarm(t *testing.T) {
	n := providertest.NewNode(t, "edge")
	state := world(t, n)
	before, _ := state(t.Context())
	d := flag.New(envOf(n))
	for round := range 3 {
		h, _, _ := enforced(t, d, time.Second)
		<-time.After(time.Duration(850+100*round) * time.Millisecond) // about when the watchdog begins
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if err := d.Heal(t.Context(), h); err != nil {
					t.Error(err)
				}
				if e, err := d.VerifyHealed(t.Context(), h); err != nil || e.InForce {
					t.Errorf("got %+v, %v", e, err)
				}
				if err := d.(providers.Armer).Disarm(t.Context(), h); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		until(t, 5*time.Second, "order", func() bool { now, _ := state(t.Context()); return now == before })
	}
}

func TestADifferenceIsShown(t *testing.T) {
	n := providertest.NewNode(t, "edge")
	n.Must(t, "sh", "-c", "printf 'one\\ntwo\\n' >/run/other")
	d := flag.New(envOf(n))
	h := prepared(t, d, `{"word":"a"}`)
	n.Must(t, "sh", "-c", "printf 'one\\nthree\\n' >/run/other")
	e, err := d.VerifyHealed(t.Context(), h)
	if want := "dc1.edge:\n- two\n+ three"; err != nil || e.InForce || e.Difference != want {
		t.Errorf("got %+v, %v", e, err)
	}
}

func TestMachinesThatCannotArmAreRefused(t *testing.T) {
	for _, f := range []providers.Facts{{System: "FreeBSD"}, {System: "Linux", Tools: map[string]string{"flock": "/usr/bin/flock"}}} {
		if err := fit(providers.Place{Target: "dc1", Host: "edge"}, f); !errors.Is(err, providers.ErrUnsupported) || !strings.Contains(err.Error(), "dc1.edge") {
			t.Errorf("%+v: %v", f, err)
		}
	}
	if _, err := flag.New(providers.Env{}).Prepare(t.Context(), id, json.RawMessage(`{"word":"a"}`)); !errors.Is(err, providers.ErrUnsupported) {
		t.Errorf("got %v", err)
	}
}

// systemdRun is as much of the real one as arming uses: it runs a command in a session of its own, with a clean environment,
// and notes the name of the unit.
const systemdRun = `#!/bin/sh
unit=
while [ $# -gt 0 ]; do
	case $1 in
	--unit=*) unit=${1#*=} ;;
	--quiet | --collect) ;;
	-*) exit 2 ;;
	*) break ;;
	esac
	shift
done
[ -n "$unit" ] || exit 2
echo "$unit $*" >>/tmp/units
[ ! -e /tmp/refuse ] || exit 1
env -i setsid "$@" </dev/null >/dev/null 2>&1 &
`

func TestWithSystemdTheWatchdogIsAUnit(t *testing.T) {
	for _, refused := range []bool{false, true} {
		t.Run(fmt.Sprintf("refused %v", refused), func(t *testing.T) {
			t.Parallel()
			n := providertest.NewNode(t, "edge")
			n.Must(t, "sh", "-c", "mkdir -p /run/systemd/system /tmp/fake")
			put := n.Command(t.Context(), "sh", "-c", "cat >/tmp/fake/systemd-run; chmod +x /tmp/fake/systemd-run")
			put.Stdin = strings.NewReader(systemdRun)
			if err := put.Run(); err != nil {
				t.Fatal(err)
			}
			if refused {
				n.Must(t, "touch", "/tmp/refuse")
			}
			n.Shell = []string{"env", "PATH=/tmp/fake:" + os.Getenv("PATH"), "/bin/sh"}
			d := flag.New(envOf(n))
			h := prepared(t, d, `{"word":"a"}`)
			if err := d.(providers.Armer).Arm(t.Context(), h, lease(2*time.Second, time.Minute)); err != nil {
				t.Fatal(err)
			}
			name := h.Names[0]
			if got := n.Must(t, "cat", "/tmp/units"); got != name+" /bin/sh /run/xdc/"+name+"/watch\n" {
				t.Errorf("systemd-run was asked for %q", got)
			}
			if err := d.Inject(t.Context(), h); err != nil {
				t.Fatal(err)
			}
			if e, err := d.Verify(t.Context(), h); err != nil || !e.InForce {
				t.Errorf("got %+v, %v", e, err)
			}
			until(t, 20*time.Second, "the watchdog's heal", func() bool { return n.Command(t.Context(), "test", "-e", "/run/xdc").Run() != nil })
			if e, err := d.VerifyHealed(t.Context(), h); err != nil || e.InForce || e.Difference != "" {
				t.Errorf("got %+v, %v", e, err)
			}
			if got := n.Must(t, "cat", "/run/xdc.log"); !strings.Contains(got, name+" healed: the lease ended") {
				t.Errorf("the log says %q", got)
			}
		})
	}
}

// The scripts read the time from /proc/uptime and nowhere else. Here the file says what the test wants.
func TestTheLeaseIsMeasuredByUptimeAndNotByTheClock(t *testing.T) {
	shells(t, func(t *testing.T, sh []string) {
		n := providertest.NewNode(t, "edge")
		n.Must(t, "sh", "-c", "mkdir /tmp/fake; printf '1000.00 1.00\\n' >/tmp/uptime; mount --bind /tmp/uptime /proc/uptime; printf '#!/bin/sh\\nexec /bin/date -d @$(cat /tmp/clock) \"$@\"\\n' >/tmp/fake/date; chmod +x /tmp/fake/date; echo 1000000000 >/tmp/clock")
		n.Shell = append([]string{"env", "PATH=/tmp/fake:" + os.Getenv("PATH")}, sh...)
		if got := n.Must(t, "/tmp/fake/date", "+%Y"); got != "2001\n" {
			t.Fatalf("the clock of this test says %q", got)
		}
		d := flag.New(envOf(n))
		h := prepared(t, d, `{"word":"a"}`)
		if err := d.(providers.Armer).Arm(t.Context(), h, lease(30*time.Second, time.Minute)); err != nil {
			t.Fatal(err)
		}
		if err := d.Inject(t.Context(), h); err != nil {
			t.Fatal(err)
		}
		there := func() bool {
			e, err := d.Verify(t.Context(), h)
			return err == nil && e.InForce
		}
		healed := func() bool { return n.Command(t.Context(), "test", "-e", "/run/xdc").Run() != nil }
		// A clock that is set forward or back ends nothing and extends nothing.
		for _, clock := range []string{"4000000000", "0"} {
			n.Must(t, "sh", "-c", "echo "+clock+" >/tmp/clock")
			n.Must(t, "sleep", "1.5") // the watchdog looks once a second
			if !there() || healed() {
				t.Fatalf("the clock said %s, and the fault ended", clock)
			}
		}
		// A renewal after such a jump still ends by uptime, at the deadline at the latest.
		for range 2 {
			if err := d.(providers.Armer).Renew(t.Context(), h, lease(45*time.Second, time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
		n.Must(t, "sh", "-c", "printf '1044.00 1.00\\n' >/tmp/uptime")
		n.Must(t, "sleep", "1.5")
		if !there() {
			t.Fatal("it ended before its lease")
		}
		n.Must(t, "sh", "-c", "printf '1045.10 1.00\\n' >/tmp/uptime")
		until(t, 20*time.Second, "the watchdog's heal", healed)
		if err := d.(providers.Armer).Renew(t.Context(), h, lease(45*time.Second, time.Hour)); !errors.Is(err, providers.ErrLeaseEnded) {
			t.Errorf("renewed after its end: %v", err)
		}
		if e, err := d.VerifyHealed(t.Context(), h); err != nil || e.InForce || e.Difference != "" {
			t.Errorf("got %+v, %v", e, err)
		}
	})
}
