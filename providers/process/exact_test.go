//go:build linux

package process

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/providertest"
	"github.com/xdc-project/xdc/providers/shell"
)

// inForce arms and injects a fault that was prepared.
func inForce(t *testing.T, d providers.Deed, h providers.Handle, ttl time.Duration) {
	t.Helper()
	if err := d.(providers.Armer).Arm(t.Context(), h, providers.Lease{TTL: value.Duration(ttl), Deadline: value.Duration(time.Minute)}); err != nil {
		t.Fatal(err)
	}
	if err := d.Inject(t.Context(), h); err != nil {
		t.Fatal(err)
	}
}

func pidsOf(t *testing.T, n *providertest.Node, name string) []string {
	b, _ := n.Command(t.Context(), "pgrep", "-x", name).Output() // nobody is there: status 1
	return strings.Fields(string(b))
}

// stateOf is the kernel's letter for a process.
func stateOf(t *testing.T, n *providertest.Node, pid string) string {
	return strings.TrimSpace(n.Must(t, "ps", "-o", "state=", "-p", pid))
}

func texts(lines []providers.Line) string {
	var out []string
	for _, l := range lines {
		out = append(out, l.Place+": "+l.Text)
	}
	return strings.Join(out, "\n")
}

func TestWhatWasStoppedBeforeIsNotWokenByTheHeal(t *testing.T) {
	for _, how := range []string{`"hosts":["dc1.edge"],"name":"gateway","max_matches":2`, `"job":"job.orders","target":"dc1","operator":"KeyedCounter"`} {
		for _, by := range []string{"xdc", "the watchdog"} {
			t.Run(how+" healed by "+by, func(t *testing.T) {
				t.Parallel()
				n := node(t)
				pids := pidsOf(t, n, "gateway")
				n.Must(t, "kill", "-STOP", pids[0])
				until(t, "the stop", func() bool { return stateOf(t, n, pids[0]) == "T" })
				d, h, err := prepare(t, n, "process_hang", "{"+how+"}")
				if err != nil {
					t.Fatal(err)
				}
				if got := texts(h.Found); !strings.Contains(got, "dc1.edge: process "+pids[0]+" (/run/bin/gateway 10000") || !strings.Contains(got, ") is stopped already and is left as it is") ||
					!strings.Contains(got, "process "+pids[1]+" (/run/bin/gateway 10000") || strings.Count(got, ") will be stopped") != 1 {
					t.Errorf("preflight says\n%s", got)
				}
				inForce(t, d, h, 3*time.Second)
				until(t, "the effect", func() bool {
					e, err := d.Verify(t.Context(), h)
					return err == nil && e.InForce
				})
				if by == "xdc" {
					if err := d.Heal(t.Context(), h); err != nil {
						t.Fatal(err)
					}
				}
				until(t, "the heal", func() bool { return stateOf(t, n, pids[1]) != "T" })
				if got := stateOf(t, n, pids[0]); got != "T" {
					t.Errorf("the process that somebody else had stopped is in state %s", got)
				}
				if e, err := d.VerifyHealed(t.Context(), h); err != nil || e.InForce || e.Difference != "" {
					t.Errorf("got %+v, %v", e, err)
				}
				// Whoever wakes it meanwhile has made a difference, which is seen.
				n.Must(t, "kill", "-CONT", pids[0])
				until(t, "the waking", func() bool { return stateOf(t, n, pids[0]) != "T" })
				if e, err := d.VerifyHealed(t.Context(), h); err != nil || !strings.Contains(e.Difference, "- (stopped)") {
					t.Errorf("somebody has woken it, and nothing differs: %+v, %v", e, err)
				}
			})
		}
	}
}

func TestWhatIsStoppedBetweenTheLookAndTheDeedIsNotWoken(t *testing.T) {
	n := node(t)
	d, h, err := prepare(t, n, "process_hang", `{"hosts":["dc1.edge"],"name":"gateway","max_matches":2}`)
	if err != nil {
		t.Fatal(err)
	}
	pids := pidsOf(t, n, "gateway")
	n.Must(t, "kill", "-STOP", pids[1])
	until(t, "the stop", func() bool { return stateOf(t, n, pids[1]) == "T" })
	inForce(t, d, h, time.Minute)
	if err := d.Heal(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	if a, b := stateOf(t, n, pids[0]), stateOf(t, n, pids[1]); a == "T" || b != "T" {
		t.Errorf("states %s and %s", a, b)
	}
	e, err := d.VerifyHealed(t.Context(), h)
	if err != nil || e.InForce || !strings.Contains(e.Difference, "+ (stopped) /run/bin/gateway 10000") {
		t.Errorf("the difference that somebody else has made: %+v, %v", e, err)
	}
}

func TestNothingIsHungWhereAllAreStoppedAlready(t *testing.T) {
	n := node(t)
	n.Must(t, "sh", "-c", "kill -STOP $(cat /run/lonely.pid)")
	until(t, "the stop", func() bool { return stateOf(t, n, pidsOf(t, n, "lonely")[0]) == "T" })
	if _, _, err := prepare(t, n, "process_hang", `{"hosts":["dc1.edge"],"pid_file":"/run/lonely.pid"}`); err == nil || !strings.Contains(err.Error(), "nothing to hang") {
		t.Errorf("got %v", err)
	}
}

// A repetition by PE or by file looks up again, on the host, who is meant, and ends with its lease.
func TestARepetitionFindsWhoHasTakenThePlace(t *testing.T) {
	for _, tc := range []struct {
		args string
		of   []string // arguments of those who are meant; nobody else is touched
	}{
		{`{"job":"job.orders","target":"dc1","operator":"KeyedCounter","every":"1s"}`, []string{"100000", "100001"}},
		{`{"job":"job.orders","target":"dc1","operator":"KeyedCounter","every":"1s","pick":1}`, []string{"100000", "100001"}},
		{`{"hosts":["dc1.edge"],"pid_file":"/run/first.pid","every":"1s"}`, []string{"100000"}},
	} {
		t.Run(tc.args, func(t *testing.T) {
			t.Parallel()
			n := node(t)
			n.Must(t, "sh", "-c", "setsid /run/bin/gateway 777777 >/dev/null 2>&1 </dev/null &") // of somebody else, after the platform was asked
			d, h, err := prepareWithout(t, n, tc.args, "777777")
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(texts(h.Found), "whoever takes their place") {
				t.Errorf("preflight says\n%s", texts(h.Found))
			}
			inForce(t, d, h, 5*time.Second)
			seen := map[string]map[string]bool{}
			until(t, "the watchdog's heal", func() bool {
				b, _ := n.Command(t.Context(), "pgrep", "-a", "-x", "gateway").Output()
				for line := range strings.Lines(string(b)) {
					f := strings.Fields(line)
					if len(f) == 3 {
						if seen[f[2]] == nil {
							seen[f[2]] = map[string]bool{}
						}
						seen[f[2]][f[0]] = true
					}
				}
				return n.Command(t.Context(), "test", "-e", "/run/xdc").Run() != nil
			})
			sum := 0
			for arg, pids := range seen {
				if meant := slices.Contains(tc.of, arg); !meant && len(pids) > 1 {
					t.Errorf("gateway %s was killed, too", arg)
				} else if meant {
					sum += len(pids)
				}
			}
			if sum < len(tc.of)+2 {
				t.Errorf("processes were seen: %v: nothing was killed again", seen)
			}
		})
	}
}

// prepareWithout prepares a kill; the platform does not count a gateway with some argument among its PEs.
func prepareWithout(t *testing.T, n *providertest.Node, args, but string) (providers.Deed, providers.Handle, error) {
	env := envOf(n)
	env.Session = func(string, string) (providers.Session, error) { return platform{n, but}, nil }
	d := killFault().New(env)
	h, err := d.Prepare(t.Context(), id, json.RawMessage(args))
	return d, h, err
}

func TestARepetitionIsRefusedWhereOthersHaveTheSameCommandLine(t *testing.T) {
	n := node(t)
	n.Must(t, "sh", "-c", "mkdir /run/other; cp /bin/sleep /run/other/else; (exec -a x true) 2>/dev/null; setsid bash -c 'exec -a /run/bin/gateway /run/other/else 100000' >/dev/null 2>&1 </dev/null &")
	until(t, "the other", func() bool { return len(pidsOf(t, n, "else")) == 1 })
	if _, _, err := prepare(t, n, "process_kill", `{"job":"job.orders","target":"dc1","every":"5s"}`); err == nil || !strings.Contains(err.Error(), "is not one of them") {
		t.Errorf("got %v", err)
	}
}

// Between the look and the signal a number may have passed to somebody else.
func TestARoundOfARepetitionSparesWhoIsSomebodyElse(t *testing.T) {
	n := node(t)
	pid := strings.TrimSpace(n.Must(t, "cat", "/run/lonely.pid"))
	round := func(start string) {
		t.Helper()
		s := shell.Script{Text: killRound + "p_find() { printf '%s\\t%s\\tS\\tlonely\\t/run/bin/lonely 30000\\n' \"$PID\" \"$START\"; }\nk_round"}
		out, err := n.Run(t.Context(), s.Set("PID", pid).Set("START", start).Set("MOST", "1").Set("PICK", "").Set("SIGNAL", "KILL").Set("HOW", "").Set("WHAT", ""))
		if err != nil || out.Exit != 0 || out.Stderr != "" {
			t.Fatalf("%+v, %v", out, err)
		}
	}
	start := strings.Fields(n.Must(t, "cat", "/proc/"+pid+"/stat"))[21]
	round(start + "1")
	if !slices.Equal(pidsOf(t, n, "lonely"), []string{pid}) {
		t.Fatal("a process with another start time was killed")
	}
	round(start)
	until(t, "the kill", func() bool { return len(pidsOf(t, n, "lonely")) == 0 })
}

func TestPreflightNamesWhoIsMeant(t *testing.T) {
	n := node(t)
	n.Must(t, "sh", "-c", "setsid bash -c 'exec -a \"$(printf \"evil\\033[31m\")\" /run/bin/lonely 1 "+strings.Repeat("9", 300)+"' >/dev/null 2>&1 </dev/null &")
	until(t, "the service", func() bool { return len(pidsOf(t, n, "lonely")) == 2 })
	_, h, err := prepare(t, n, "process_kill", `{"hosts":["dc1.edge"],"name":"lonely","max_matches":5,"signal":"TERM"}`)
	if err != nil {
		t.Fatal(err)
	}
	pids := pidsOf(t, n, "lonely")
	got := texts(h.Found)
	for _, want := range []string{"dc1.edge: process " + pids[0] + " (/run/bin/lonely 30000) will get SIGTERM", "process " + pids[1] + ` (evil\x1b[31m 1 999`, "...) will get SIGTERM"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	if strings.ContainsRune(got, 0x1b) || len(got) > 600 {
		t.Errorf("it is not safe to show:\n%q", got)
	}
}

func TestNamesOfManyProcessesAreBounded(t *testing.T) {
	var list []found
	for i := range 1000 {
		list = append(list, found{PID: i + 2, Start: "1", Command: strings.Repeat("é\u202e", 500)})
	}
	got := strings.Join(named(list), "\n")
	if len(got) > 20*1000 || !strings.HasSuffix(got, "and 980 more") || strings.Contains(got, "\u202e") {
		t.Errorf("%d bytes: %.200q", len(got), got)
	}
	if got := fmt.Sprint(found{PID: 7, Command: "a\xff\n"}); got != `7 (a?\n)` {
		t.Errorf("got %q", got)
	}
}
