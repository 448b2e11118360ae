//go:build linux

package hostcommand

import (
	"context"
	"encoding/json"
	"maps"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/providertest"
	"github.com/xdc-project/xdc/providers/shell"
)

const run = "20260101T000000Z-abcdefgh"

var id = providers.StepID{Run: run, Step: "fault.host_command.x"}

func targets() map[string]providers.Target {
	return map[string]providers.Target{"dc1": {Name: "dc1", Hosts: []providers.Host{{Name: "edge", Address: "10.0.1.10"}}}}
}

func envOf(m providers.Machine) providers.Env {
	return providers.Env{Run: run, Targets: targets(), Machine: func(providers.Place) (providers.Machine, error) { return m, nil }}
}

// args are the arguments of a fault that makes the file /tmp/down, changed by what is given.
func args(change map[string]any) json.RawMessage {
	a := map[string]any{
		"hosts":  []string{"dc1.edge"},
		"inject": []string{"touch", "/tmp/down"}, "verify": []string{"test", "-e", "/tmp/down"}, "heal": []string{"rm", "-f", "/tmp/down"},
	}
	maps.Copy(a, change)
	b, err := json.Marshal(a)
	if err != nil {
		panic(err)
	}
	return b
}

// world is what an outsider sees: files, and what a command has left running.
func world(n *providertest.Node) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		b, err := n.Command(ctx, "sh", "-c", "find /run /tmp | grep -v '^/run/xdc.log$' | sort; ps -eo args | grep '[s]leep 4711'; true").CombinedOutput()
		return string(b), err
	}
}

func TestHostCommandConforms(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup // they sleep most of the time
	defer all.Wait()
	for _, sh := range [][]string{{"dash"}, {"busybox", "sh"}} {
		all.Go(func() {
			t.Run(sh[0], func(t *testing.T) {
				if _, err := exec.LookPath(sh[0]); err != nil {
					providertest.Lack(t, "needs %s: run make setup", sh[0])
				}
				providertest.Run(t, Provider().Faults[0], func(t *testing.T, try func(*testing.T, *providertest.World)) {
					n := providertest.NewNode(t, "edge")
					n.Shell = sh
					try(t, &providertest.World{
						Env: envOf(n), Fresh: func() providers.Env { return envOf(n) }, ID: id, TTL: 2 * time.Second,
						Args:  args(map[string]any{"state": []string{"ls", "/tmp"}, "verify_healed": []string{"test", "!", "-e", "/tmp/down"}}),
						Scope: providers.Scope{Targets: targets()}, State: world(n),
					})
				})
			})
		})
	}
}

func TestHostileValuesAreNothingButText(t *testing.T) {
	t.Parallel()
	providertest.Hostile(t, Provider().Faults[0], func(t *testing.T, try func(*testing.T, *providertest.World)) {
		n := providertest.NewNode(t, "edge")
		n.Seal(t)
		try(t, &providertest.World{
			Env: envOf(n), Fresh: func() providers.Env { return envOf(n) }, ID: id,
			Args:  args(map[string]any{"state": []string{"ls", "/tmp"}, "verify_healed": []string{"test", "!", "-e", "/tmp/down"}}),
			Scope: providers.Scope{Targets: targets()}, Owned: n.Has, State: world(n),
		})
	})
}

// begin prepares and arms a fault.
func begin(t *testing.T, m providers.Machine, raw json.RawMessage) (providers.Deed, providers.Handle) {
	t.Helper()
	d := Provider().Faults[0].New(envOf(m))
	h, err := d.Prepare(t.Context(), id, raw)
	if err != nil {
		t.Fatal(err)
	}
	l := providers.Lease{TTL: value.Duration(time.Minute), Deadline: value.Duration(time.Minute)}
	if err := d.(providers.Armer).Arm(t.Context(), h, l); err != nil {
		t.Fatal(err)
	}
	return d, h
}

func sh(text string, more ...string) []string {
	return append([]string{"sh", "-c", text, "sh"}, more...)
}

func TestVerifyHasThreeAnswers(t *testing.T) {
	t.Parallel()
	n := providertest.NewNode(t, "edge")
	d, h := begin(t, n, args(map[string]any{"verify": sh("echo looked; exit $(cat /tmp/answer)")}))
	if err := d.Inject(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		answer  string
		inForce bool
		bad     string
	}{{"0", true, ""}, {"1", false, ""}, {"2", false, "ended with status 2: looked"}, {"137", false, "was killed"}} {
		n.Must(t, "sh", "-c", "echo "+tc.answer+" >/tmp/answer")
		e, err := d.Verify(t.Context(), h)
		switch {
		case tc.bad != "":
			if err == nil || !strings.Contains(err.Error(), tc.bad) {
				t.Errorf("verify %s: got %v", tc.answer, err)
			}
			if _, err := d.VerifyHealed(t.Context(), h); err == nil || !strings.Contains(err.Error(), tc.bad) {
				t.Errorf("after the heal, %s: got %v", tc.answer, err)
			}
		case err != nil || e.InForce != tc.inForce || !strings.Contains(e.Evidence, "looked"):
			t.Errorf("verify %s: got %+v, %v", tc.answer, e, err)
		default:
			if e, err := d.VerifyHealed(t.Context(), h); err != nil || e.InForce != tc.inForce {
				t.Errorf("after the heal, %s: got %+v, %v", tc.answer, e, err)
			}
		}
	}
}

func TestWhatCommandsSayIsInTheError(t *testing.T) {
	t.Parallel()
	n := providertest.NewNode(t, "edge")
	d, h := begin(t, n, args(map[string]any{"inject": sh("echo $XDC_NAME; echo no >&2; exit 5"), "heal": sh("echo not yet; exit 6")}))
	if err := d.Inject(t.Context(), h); err == nil || !strings.Contains(err.Error(), "the command of inject ended with status 5: "+h.Names[0]+" no") {
		t.Errorf("inject: got %v", err)
	}
	if err := d.Heal(t.Context(), h); err == nil || !strings.Contains(err.Error(), "the command of heal ended with status 6: not yet") {
		t.Errorf("heal: got %v", err)
	}
}

func TestACommandThatTakesTooLongIsKilledWithItsChildren(t *testing.T) {
	t.Parallel()
	n := providertest.NewNode(t, "edge")
	d, h := begin(t, n, args(map[string]any{"inject": sh("sleep 4711; true"), "command_timeout": "1s"}))
	start := time.Now()
	if err := d.Inject(t.Context(), h); err == nil || !strings.Contains(err.Error(), "took longer than 1 s") {
		t.Errorf("got %v", err)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
	for end := time.Now().Add(10 * time.Second); ; <-time.After(20 * time.Millisecond) {
		out, _ := n.Command(t.Context(), "pgrep", "-f", "sleep 4711").Output()
		if len(out) == 0 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("its child still runs: %s", out)
		}
	}
}

func TestWhatACommandLeavesRunningHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	n := providertest.NewNode(t, "edge")
	d, h := begin(t, n, args(map[string]any{
		"inject": sh("sleep 4711 & echo $! >/tmp/down"),
		"heal":   sh("[ ! -e /tmp/down ] || kill $(cat /tmp/down); rm -f /tmp/down"),
	}))
	start := time.Now()
	for _, do := range []func(context.Context, providers.Handle) error{d.Inject, d.Heal, d.Heal} {
		if err := do(t.Context(), h); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(start); took > 15*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestADifferenceInTheStateIsSeen(t *testing.T) {
	t.Parallel()
	n := providertest.NewNode(t, "edge")
	n.Must(t, "sh", "-c", "echo one >/tmp/conf")
	d, h := begin(t, n, args(map[string]any{"inject": sh("touch /tmp/down; echo two >/tmp/conf"), "state": []string{"cat", "/tmp/conf"}}))
	if err := d.Inject(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	if err := d.Heal(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	if e, err := d.VerifyHealed(t.Context(), h); err != nil || e.InForce || e.Difference != "dc1.edge:\n- one\n+ two" {
		t.Errorf("got %+v, %v", e, err)
	}
}

func TestTheHealRunsAfterARebootAndNotBeforeTheInject(t *testing.T) {
	t.Parallel()
	n := providertest.NewNode(t, "edge")
	d, h := begin(t, n, args(map[string]any{"heal": sh("echo healed >>/tmp/heals; rm -f /tmp/down")}))
	heals := func() string {
		return n.Must(t, "sh", "-c", "cat /tmp/heals 2>/dev/null | wc -l | tr -d ' \\n'")
	}
	if err := d.Heal(t.Context(), h); err != nil || heals() != "0" {
		t.Errorf("nothing was injected, and %s heals ran: %v", heals(), err)
	}
	n.Must(t, "rm", "-rf", "/run/xdc")
	if err := d.Heal(t.Context(), h); err != nil || heals() != "1" {
		t.Errorf("the folder is gone, and %s heals ran: %v", heals(), err)
	}
}

// someone is a machine at which nobody logs in, and everything else runs as root.
type someone struct{ *providertest.Node }

func (m someone) Run(ctx context.Context, s shell.Script) (shell.Output, error) {
	if s.Plain {
		return shell.Output{Stdout: "nobody\n"}, nil
	}
	return m.Node.Run(ctx, s)
}

func TestPlainCommandsRunAsTheUserWhoLogsIn(t *testing.T) {
	t.Parallel()
	n := providertest.NewNode(t, "edge")
	n.Must(t, "chmod", "1777", "/tmp")
	d, h := begin(t, someone{n}, args(map[string]any{"plain": true, "inject": sh("id -un >/tmp/down; printf '%s\n' \"$USER\" \"$1\" >>/tmp/down", "a b'$(id)")}))
	if err := d.Inject(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	if got := n.Must(t, "cat", "/tmp/down"); got != "nobody\nnobody\na b'$(id)\n" {
		t.Errorf("got %q", got)
	}
	if err := d.Heal(t.Context(), h); err != nil {
		t.Error(err)
	}
}

func TestHostileArgumentsArriveAsTheyAre(t *testing.T) {
	t.Parallel()
	n := providertest.NewNode(t, "edge")
	for _, s := range []string{
		"$(touch /tmp/owned)", "`touch /tmp/owned`", "'; touch /tmp/owned; '", "\"; touch /tmp/owned; \"", "-rf", "--help", "a\nb\n", "", "*", "\\", "|touch /tmp/owned",
		"$COMMAND", "\t \x01\x1b[31m", "\ufffd", strings.Repeat("x", 64<<10),
	} {
		d, h := begin(t, n, args(map[string]any{
			"inject": sh("printf %s. \"$1\" >/tmp/down", s), "verify": sh("[ -e /tmp/down ] || exit 1; [ \"$(cat /tmp/down)\" = \"$1.\" ] || exit 2", s), "heal": sh("rm -f /tmp/down", s), "state": sh("printf %s \"$1\"", s),
		}))
		if err := d.Inject(t.Context(), h); err != nil {
			t.Errorf("%.40q: %v", s, err)
		}
		if e, err := d.Verify(t.Context(), h); err != nil || !e.InForce {
			t.Errorf("%.40q: %+v, %v", s, e, err)
		}
		if err := d.Heal(t.Context(), h); err != nil {
			t.Errorf("%.40q: %v", s, err)
		}
		if e, err := d.VerifyHealed(t.Context(), h); err != nil || e.InForce || e.Difference != "" {
			t.Errorf("%.40q: %+v, %v", s, e, err)
		}
		if err := d.(providers.Armer).Disarm(t.Context(), h); err != nil {
			t.Error(err)
		}
	}
	if got := n.Must(t, "ls", "-A", "/tmp"); got != "" {
		t.Errorf("something has run: %s", got)
	}
}

func TestCommandsThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	n := providertest.NewNode(t, "edge")
	for _, tc := range []struct {
		change map[string]any
		want   string
	}{
		{map[string]any{"inject": []string{}}, "There is no command in `inject`"},
		{map[string]any{"verify": nil}, "There is no command in `verify`"},
		{map[string]any{"heal": nil}, "There is no command in `heal`"},
		{map[string]any{"heal": []string{""}}, "names no program"},
		{map[string]any{"heal": []string{"--help"}}, "names no program"},
		{map[string]any{"heal": []string{"a", "b\x00c"}}, "zero byte"},
		{map[string]any{"heal": []string{"a", strings.Repeat("x", 200<<10)}}, "too long"},
		{map[string]any{"command_timeout": "2h"}, "out of bounds"},
		{map[string]any{"hosts": []string{}}, "no hosts"},
		{map[string]any{"heal": []string{"/opt/none/such"}}, "there is no program /opt/none/such"},
		{map[string]any{"heal": []string{"$(touch /tmp/owned)"}}, "there is no program $(touch /tmp/owned)"},
		{map[string]any{"state": []string{"false"}}, "the command of state ended with status 1"},
	} {
		if _, err := Provider().Faults[0].New(envOf(n)).Prepare(t.Context(), id, args(tc.change)); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%.60v: got %v", tc.change, err)
		}
	}
	if got := n.Must(t, "ls", "-A", "/tmp"); got != "" {
		t.Errorf("something has run: %s", got)
	}
}

func TestTheDryRunShowsTheCommands(t *testing.T) {
	t.Parallel()
	d, ds := describe(providers.Scope{Targets: targets()}, args(map[string]any{"inject": []string{"/opt/x", "a b", "$(id)"}, "plain": true}))
	if ds.HasErrors() {
		t.Fatal(ds.Err())
	}
	if d.Effects[0].Text != "/opt/x 'a b' '$(id)'  (as the user who logs in)" || !strings.HasPrefix(d.Undo[0].Text, "rm -f /tmp/down") {
		t.Errorf("got %+v", d)
	}
}
