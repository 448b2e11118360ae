package main

import (
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/xdc-project/xdc/cmd/internal/cli"
	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/exec"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/all"
	"github.com/xdc-project/xdc/providers/network"
)

// What fault tests tell xdc by the environment.
const (
	killAtVar   = "XDC_TEST_KILL_AT"   // the kill point at which it is killed
	killListVar = "XDC_TEST_KILL_LIST" // a file that gets the name of each kill point, one a line
	leaseVar    = "XDC_TEST_LEASE"     // longest,every,slack
	stopAtVar   = "XDC_TEST_STOP_AT"   // the kill point at which it waits to be continued or killed
	queueVar    = "XDC_TEST_QUEUE"     // what packets wait in where there is no netem, as tc takes it
)

// killHooks makes every write to the journal, every script on a machine and every request that changes something a kill
// point, before and after it.
func killHooks() *cli.Hooks {
	at, list, lease, stop := os.Getenv(killAtVar), os.Getenv(killListVar), os.Getenv(leaseVar), os.Getenv(stopAtVar)
	queue := os.Getenv(queueVar)
	if at == "" && list == "" && lease == "" && stop == "" && queue == "" {
		return nil
	}
	p := &points{list: list, at: at, stop: stop, passed: map[string]int{}}
	h := &cli.Hooks{
		Journal: p.journal,
		Command: func(place, script, when string) { p.pass(fmt.Sprintf("%s %s at %s", when, script, place)) },
		Request: func(target, what, when string) {
			what = runs.ReplaceAllString(numbers.ReplaceAllString(what, "/N$1"), "xdc_RUN_")
			p.pass(fmt.Sprintf("%s request %s to %s", when, what, target))
		},
	}
	if f := strings.Split(lease, ","); len(f) == 3 {
		times := make([]time.Duration, 3)
		for i := range f {
			times[i], _ = time.ParseDuration(f[i]) // 0 shows at once
		}
		h.Lease = exec.LeaseTimes{Longest: times[0], Every: times[1], Slack: times[2]}
	}
	if queue != "" {
		h.Registry = func() *providers.Registry { return delaysIn(queue) }
	}
	return h
}

// delaysIn is what ships, but network_latency has packets wait in a queue that every kernel has.
func delaysIn(queue string) *providers.Registry {
	shipped := all.Providers()
	for _, p := range shipped {
		for i, f := range p.Faults {
			if f.Name == "network_latency" {
				p.Faults[i] = network.LatencyIn(queue)
			}
		}
	}
	return providers.NewRegistry(shipped...)
}

// Ids in the paths of requests, which another run has others of.
var (
	numbers = regexp.MustCompile(`/\d+(/|$)`)
	runs    = regexp.MustCompile(`xdc_[a-z0-9]{8}_`)
)

// points are the kill points that a process passes. A point is its name and how often that has been passed: so it is the
// same one in every run, in whatever order things that happen at the same time come.
type points struct {
	mu       sync.Mutex
	passed   map[string]int
	at, stop string
	list     string
}

// journal passes the points around an event's way to the disk.
func (p *points) journal(e event.Event, when string) {
	what := event.Kind(e.Body)
	switch b := e.Body.(type) {
	case *event.Progress, *event.Changed:
		return // the journal leaves them out
	case *event.DeedChanged:
		what = fmt.Sprintf("deed %s %s %s", b.Kind, b.Step, b.Phase)
	case *event.StepChanged:
		what = fmt.Sprintf("step %s %s", b.Step, b.State)
	case *event.Happened:
		what = fmt.Sprintf("happened %s", b.Name)
	case *event.RunStarted, *event.RunFinished, *event.Routed, *event.Measured, *event.Audited, *event.Judged, *event.GuardTripped,
		*event.ApprovalAsked, *event.ApprovalAnswered, *event.Interrupted, *event.Aborting, *event.Noted, *event.Probed:
	}
	p.pass(when + " journal " + what)
}

func (p *points) pass(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.passed[name]++
	name = fmt.Sprintf("%s #%d", name, p.passed[name])
	if p.list != "" {
		f, err := os.OpenFile(p.list, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err == nil {
			fmt.Fprintln(f, name)
			f.Close()
		}
	}
	if name == p.at {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // it does not come to that
	}
	if name == p.stop {
		goOn := make(chan os.Signal, 1)
		signal.Notify(goOn, syscall.SIGCONT)
		_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		<-goOn // the stop may come a moment later: nothing happens until somebody lets it go on
	}
}

// marking is true for points after which the world differs from before as far as healing goes: a deed's phase was written to
// the journal, a script that does more than look has run, a request that changes something was answered.
func marking(point string) bool {
	rest, after := strings.CutPrefix(point, "after ")
	if !after {
		return false
	}
	if entry, written := strings.CutPrefix(rest, "journal "); written {
		return strings.HasPrefix(entry, "deed ") || strings.HasPrefix(entry, "run_")
	}
	for _, looks := range []string{"facts", "ask ", "look ", "state ", "verify ", "find "} {
		if strings.HasPrefix(rest, looks) {
			return false
		}
	}
	return true
}

// situations groups the points of a run: between those of one group, nothing has changed on any machine or server, and the
// journal owes the same. What is killed at one of them leaves what it leaves at another.
func situations(list []string) [][]string {
	var out [][]string
	for i, p := range list {
		if i == 0 || marking(p) {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], p)
	}
	return out
}

// tried is a point at which xdc is killed and what follows. Where a run may not come to the point, it is killed at another one that
// leaves the same situation.
type tried struct{ point, instead, ending string }

// thorough is how much of all that can be tried is.
type thorough int

const (
	eachSituation thorough = iota // one point of it, with one ending, both by turns
	eachDeed                      // each point; after a write, script or request with each ending, before one with one, by turns
	eachPoint                     // with each ending
)

// casesOf are the cases of one run of a fault. Between the end of one write, script or request and the beginning of the next
// nothing is done anywhere, and so what is killed after the one leaves what is killed before the other.
func casesOf(list []string, turn int, endings []string, how thorough) []tried {
	var out []tried
	for g, group := range situations(list) {
		for k, p := range group {
			one := endings[(turn+g+k)%len(endings)]
			switch {
			case how == eachSituation:
				if k == (turn+g)%len(group) {
					out = append(out, tried{p, group[0], endings[(turn+g)%len(endings)]})
				}
			case how == eachDeed && strings.HasPrefix(p, "before ") && p != list[0]:
				out = append(out, tried{p, group[0], one})
			default:
				for _, e := range endings {
					out = append(out, tried{p, group[0], e})
				}
			}
		}
	}
	return out
}

func TestCasesLeaveNothingOut(t *testing.T) {
	list := []string{"before journal run_started #1", "after journal run_started #1", "before facts at h #1", "after facts at h #1", "before arm at h #1", "after arm at h #1"}
	for how, want := range map[thorough]int{eachSituation: 3, eachDeed: 3 + 3*3 + 2, eachPoint: 6 * 3} {
		for turn := range 5 {
			cases := casesOf(list, turn, []string{"a", "b", "c"}, how)
			seen := map[string]int{}
			for _, c := range cases {
				seen[c.point]++
				seen[c.ending]++
			}
			if len(cases) != want || seen["a"] == 0 || seen["b"] == 0 || seen["c"] == 0 {
				t.Errorf("%d, from %d: %v", how, turn, cases)
			}
			for _, p := range list {
				n, all := seen[p], how == eachPoint || how == eachDeed && (p == list[0] || strings.HasPrefix(p, "after "))
				if all && n != 3 || how == eachDeed && !all && n != 1 {
					t.Errorf("%d, from %d: %q is there %d times", how, turn, p, n)
				}
			}
		}
	}
}

// here takes the name of the target, a kind and a number, out of the names of points, so that they fit every one of the kind.
func here(points []string, kind string, n int) []string {
	name := regexp.MustCompile(fmt.Sprintf(`\b%s%d\b`, kind, n))
	out := make([]string, len(points))
	for i, p := range points {
		out[i] = name.ReplaceAllString(p, "TARGET")
	}
	return out
}

// there is the reverse of here.
func there(point, kind string, n int) string {
	return strings.ReplaceAll(point, "TARGET", fmt.Sprintf("%s%d", kind, n))
}

// fileName makes the name of a file out of that of a case.
func fileName(s string) string { return strings.NewReplacer(" ", "-", "/", "-", "#", "").Replace(s) }
