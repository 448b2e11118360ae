//go:build linux

package process

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/providertest"
)

const run = "20260101T000000Z-abcdefgh"

func targets() map[string]providers.Target {
	return map[string]providers.Target{"dc1": {Name: "dc1", Hosts: []providers.Host{{Name: "edge", Address: "10.0.1.10"}}}}
}

func envOf(n *providertest.Node) providers.Env {
	return providers.Env{
		Run: run, Targets: targets(), Machine: func(providers.Place) (providers.Machine, error) { return n, nil },
		Session: func(string, string) (providers.Session, error) { return platform{n: n}, nil },
	}
}

// platform knows the PEs of a node: the processes called gateway.
type platform struct {
	n   *providertest.Node
	but string // an argument of those that are not PEs
}

func (platform) Close() error { return nil }

func (p platform) PEProcesses(ctx context.Context, _, operator string) ([]providers.PEProcess, error) {
	if operator == "Nowhere" {
		return []providers.PEProcess{{PE: "7", PID: 4711, Resource: "elsewhere.example.com"}}, nil
	}
	b, err := p.n.Command(ctx, "pgrep", "-a", "-x", "gateway").Output()
	var out []providers.PEProcess
	for line := range strings.Lines(string(b)) {
		var pid int
		_, _ = fmt.Sscan(line, &pid) // pgrep prints numbers first
		if p.but != "" && strings.Contains(line, p.but) {
			continue
		}
		out = append(out, providers.PEProcess{PE: "1", PID: pid, Resource: "edge.example.com"})
	}
	return out, err
}

// node is a machine with two services called gateway that somebody starts again when they die, and one that nobody does.
func node(t *testing.T) *providertest.Node {
	n := providertest.NewNode(t, "edge")
	n.Must(t, "sh", "-c", "mkdir /run/bin; cp /bin/sleep /run/bin/gateway; cp /bin/sleep /run/bin/lonely")
	for i := range 2 {
		n.Must(t, "sh", "-c", fmt.Sprintf("setsid sh -c 'while :; do /run/bin/gateway 10000%d & [ %d = 1 ] || echo $! >/run/first.pid; wait; sleep 0.2; done' >/dev/null 2>&1 </dev/null &", i, i))
	}
	n.Must(t, "sh", "-c", "setsid /run/bin/lonely 30000 >/dev/null 2>&1 </dev/null & echo $! >/run/lonely.pid")
	until(t, "the services", func() bool { return strings.Count(world(t, n), "gateway") == 3 })
	return n
}

// world is what an outsider sees: files, and the processes with their states. A service that is just being started is
// waited for.
func world(t *testing.T, n *providertest.Node) string {
	for end := time.Now().Add(15 * time.Second); ; <-time.After(20 * time.Millisecond) {
		if now := sight(t, n); !strings.Contains(now, "setsid ") || time.Now().After(end) {
			return now
		}
	}
}

func sight(t *testing.T, n *providertest.Node) string {
	b, err := n.Command(t.Context(), "sh", "-c", "find /run /tmp | grep -v '^/run/xdc.log$' | sort; ps -eo stat,args | grep -v -e '^Z' -e ' ps ' -e ' sh ' -e nsenter -e 'sleep 0.2' -e ' sort' -e ' find' -e ' grep' -e ' sed ' -e '\\[[a-z]*\\]$' | sed -e 's/^\\(.\\)[^ ]*/\\1/' -e 's/^[RD]/S/' | sort").CombinedOutput()
	if err != nil {
		t.Logf("%s", b)
	}
	return string(b)
}

func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); <-time.After(20 * time.Millisecond) {
		if is() {
			return
		}
	}
	t.Fatalf("%s: not within 15 s", what)
}

var id = providers.StepID{Run: run, Step: "fault.process_kill.x"}

func TestFaultsOnProcessesConform(t *testing.T) {
	for _, tc := range []struct{ name, typ, args string }{
		{"kill by name", "process_kill", `{"hosts":["dc1.edge"],"name":"gateway","max_matches":2}`},
		{"kill by pattern", "process_kill", `{"hosts":["dc1.edge"],"pattern":"bin/gateway 1[0]+1$","signal":"TERM"}`},
		{"kill the PE", "process_kill", `{"job":"job.orders","target":"dc1","operator":"KeyedCounter"}`},
		{"kill for good", "process_kill", `{"hosts":["dc1.edge"],"name":"gateway","max_matches":2,"pick":1}`},
		{"hang by name", "process_hang", `{"hosts":["dc1.edge"],"name":"gateway","max_matches":2}`},
		{"kill by file", "process_kill", `{"hosts":["dc1.edge"],"pid_file":"/run/first.pid"}`},
		{"hang by file", "process_hang", `{"hosts":["dc1.edge"],"pid_file":"/run/lonely.pid"}`},
		{"restart", "process_restart", `{"hosts":["dc1.edge"],"stop":["sh","-c","kill $(cat /run/lonely.pid); sleep 0.1"],"start":["sh","-c","setsid /run/bin/lonely 30000 >/dev/null 2>&1 </dev/null & echo $! >/run/lonely.pid"],"running":["sh","-c","kill -0 $(cat /run/lonely.pid)"]}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			for _, ft := range Provider().Faults {
				if ft.Name != tc.typ {
					continue
				}
				providertest.Run(t, ft, func(t *testing.T, try func(*testing.T, *providertest.World)) {
					n := node(t)
					try(t, &providertest.World{
						Env: envOf(n), Fresh: func() providers.Env { return envOf(n) }, ID: id, Args: json.RawMessage(tc.args), TTL: 2 * time.Second,
						Scope: providers.Scope{Targets: targets()}, Dead: ft.Name == "process_kill",
						State: func(context.Context) (string, error) {
							var s string
							// A process that was killed is a while on its way up again.
							for end := time.Now().Add(800 * time.Millisecond); time.Now().Before(end); <-time.After(20 * time.Millisecond) {
								if s = world(t, n); strings.Count(s, "gateway") == 3 { //nolint:contextcheck // it has the test's
									break
								}
							}
							return s, nil
						},
					})
				})
			}
		})
	}
}

func TestHostileValuesAreNothingButText(t *testing.T) {
	for typ, args := range map[string]string{
		"process_kill":    `{"hosts":["dc1.edge"],"name":"gateway","max_matches":2}`,
		"process_hang":    `{"hosts":["dc1.edge"],"name":"gateway","max_matches":2}`,
		"process_restart": `{"hosts":["dc1.edge"],"stop":["pkill","-x","lonely"],"start":["/run/bin/start","lonely"],"running":["pgrep","-x","lonely"]}`,
	} {
		t.Run(typ, func(t *testing.T) {
			t.Parallel()
			i := slices.IndexFunc(Provider().Faults, func(f providers.FaultType) bool { return f.Name == typ })
			providertest.Hostile(t, Provider().Faults[i], func(t *testing.T, try func(*testing.T, *providertest.World)) {
				n := node(t)
				n.Must(t, "sh", "-c", `printf '#!/bin/sh\nsetsid /run/bin/lonely 30000 >/dev/null 2>&1 </dev/null &\n' >/run/bin/start; chmod 755 /run/bin/start`)
				n.Seal(t)
				try(t, &providertest.World{
					Env: envOf(n), Fresh: func() providers.Env { return envOf(n) }, ID: id, Args: json.RawMessage(args), Scope: providers.Scope{Targets: targets()},
					Owned: n.Has, State: func(context.Context) (string, error) { return world(t, n), nil }, //nolint:contextcheck // it has the test's
				})
			})
		})
	}
}

func prepare(t *testing.T, n *providertest.Node, typ, args string) (providers.Deed, providers.Handle, error) {
	t.Helper()
	for _, ft := range Provider().Faults {
		if ft.Name == typ {
			d := ft.New(envOf(n))
			h, err := d.Prepare(t.Context(), id, json.RawMessage(args))
			return d, h, err
		}
	}
	t.Fatal(typ)
	return nil, providers.Handle{}, nil
}

func TestSelectionsThatMeanTooMuchOrNothingAreRefusedWithTheList(t *testing.T) {
	n := node(t)
	for _, tc := range []struct{ args, want string }{
		{`{"hosts":["dc1.edge"],"name":"gateway"}`, "are 2, and `max_matches` allows 1: "},
		{`{"hosts":["dc1.edge"],"pattern":"."}`, "(/run/bin/gateway 100000)"},
		{`{"hosts":["dc1.edge"],"name":"gate"}`, "there are none"},
		{`{"hosts":["dc1.edge"],"pattern":"(unclosed"}`, "look for the processes whose command line matches (unclosed"},
		{`{"hosts":["dc1.edge"],"pid_file":"/run/none.pid"}`, "no process number is in /run/none.pid"},
		{`{"hosts":["dc1.edge"],"pid_file":"/dev/zero"}`, "dc1.edge"},
		{`{"hosts":["dc1.edge"],"unit":"orders.service"}`, "look for the processes of unit orders.service"},
		{`{"job":"job.orders","target":"dc1","operator":"Nowhere"}`, `runs on "elsewhere.example.com", which is no host of target dc1`},
		{`{"hosts":["dc1.edge"],"name":"a","pattern":"b"}`, "exactly one"},
		{`{"hosts":["dc1.edge"]}`, "exactly one"},
		{`{"name":"a"}`, "no hosts"},
		{`{"hosts":["dc1.edge"],"name":"a\u0000b"}`, "zero byte"},
	} {
		if _, _, err := prepare(t, n, "process_kill", tc.args); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v", tc.args, err)
		}
	}
}

func TestHostileNamesRunNothing(t *testing.T) {
	n := node(t)
	before := world(t, n)
	for _, s := range []string{"$(touch /tmp/owned)", "`touch /tmp/owned`", "'; touch /tmp/owned; '", "-e", "--help", "a\nb", "\xff\xfe", "|touch /tmp/owned", strings.Repeat("x", 64<<10), "\\", "*", "x\" BEGIN { system(\"touch /tmp/owned\") } \""} {
		for _, how := range []string{"name", "pattern", "pid_file", "unit"} {
			args, _ := json.Marshal(map[string]any{"hosts": []string{"dc1.edge"}, how: s, "max_matches": 1})
			if _, _, err := prepare(t, n, "process_kill", string(args)); err == nil {
				t.Errorf("%s = %q is taken", how, s)
			}
		}
	}
	if after := world(t, n); after != before {
		t.Errorf("something has run:\n%s\n%s", before, after)
	}
}

func TestANumberThatSomebodyElseHasNowIsLeftAlone(t *testing.T) {
	n := node(t)
	d, h, err := prepare(t, n, "process_hang", `{"hosts":["dc1.edge"],"pid_file":"/run/lonely.pid"}`)
	if err != nil {
		t.Fatal(err)
	}
	h.Args = json.RawMessage(strings.ReplaceAll(string(h.Args), ":", ":")) // as it is
	other := strings.NewReplacer(`"value":"`, `"value":"`).Replace(string(h.Args))
	var ws []map[string]any
	if err := json.Unmarshal([]byte(other), &ws); err != nil {
		t.Fatal(err)
	}
	swap(ws)
	h.Args, _ = json.Marshal(ws)
	if err := d.(providers.Armer).Arm(t.Context(), h, providers.Lease{TTL: value.Duration(time.Minute), Deadline: value.Duration(time.Minute)}); err != nil {
		t.Fatal(err)
	}
	if err := d.Inject(t.Context(), h); err == nil || !strings.Contains(err.Error(), "is gone") {
		t.Errorf("got %v", err)
	}
	if strings.Contains(world(t, n), "T    /run/bin/lonely") {
		t.Error("another process was stopped")
	}
}

// swap gives every process of a handle another start time.
func swap(v any) {
	switch v := v.(type) {
	case []map[string]any:
		for _, m := range v {
			swap(m)
		}
	case []any:
		for _, m := range v {
			swap(m)
		}
	case map[string]any:
		if v["name"] == "TARGETS" {
			v["value"] = v["value"].(string) + "1"
		}
		for _, m := range v {
			swap(m)
		}
	}
}

func TestWhatIsKilledForGoodIsADifference(t *testing.T) {
	n := node(t)
	d, h, err := prepare(t, n, "process_kill", `{"hosts":["dc1.edge"],"name":"lonely"}`)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.(providers.Armer).Arm(t.Context(), h, providers.Lease{TTL: value.Duration(time.Minute), Deadline: value.Duration(time.Minute)}); err != nil {
		t.Fatal(err)
	}
	if err := d.Inject(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	if err := d.Heal(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	e, err := d.VerifyHealed(t.Context(), h)
	if err != nil || e.InForce || e.Difference != "dc1.edge:\n- /run/bin/lonely 30000" {
		t.Errorf("got %+v, %v", e, err)
	}
}

func TestARepetitionKillsWhatComesBackUntilItsLeaseEnds(t *testing.T) {
	n := node(t)
	d, h, err := prepare(t, n, "process_kill", `{"hosts":["dc1.edge"],"name":"gateway","max_matches":2,"every":"1s"}`)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.(providers.Armer).Arm(t.Context(), h, providers.Lease{TTL: value.Duration(4 * time.Second), Deadline: value.Duration(time.Minute)}); err != nil {
		t.Fatal(err)
	}
	if err := d.Inject(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	pids := map[string]bool{}
	until(t, "the watchdog's heal", func() bool {
		b, _ := n.Command(t.Context(), "pgrep", "-x", "gateway").Output()
		for p := range strings.FieldsSeq(string(b)) {
			pids[p] = true
		}
		return n.Command(t.Context(), "test", "-e", "/run/xdc").Run() != nil
	})
	if len(pids) < 4 {
		t.Errorf("only %d processes were seen: nothing was killed again", len(pids))
	}
	if e, err := d.VerifyHealed(t.Context(), h); err != nil || e.InForce {
		t.Errorf("got %+v, %v", e, err)
	}
}
