package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/xdc-project/xdc/cmd/internal/cli"
	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/exec"
)

// What fault tests tell xdc by the environment.
const (
	killAtVar   = "XDC_TEST_KILL_AT"   // the number of the kill point at which it is killed
	killListVar = "XDC_TEST_KILL_LIST" // a file that gets the name of each kill point, one a line
	leaseVar    = "XDC_TEST_LEASE"     // longest,every,slack
	stopAtVar   = "XDC_TEST_STOP_AT"   // the number of the kill point at which it waits to be continued or killed
)

// killHooks makes every journalled event and every script on a machine, before and after it, a kill point.
func killHooks() *cli.Hooks {
	at, list, lease, stop := os.Getenv(killAtVar), os.Getenv(killListVar), os.Getenv(leaseVar), os.Getenv(stopAtVar)
	if at == "" && list == "" && lease == "" && stop == "" {
		return nil
	}
	p := &points{list: list}
	p.at, _ = strconv.Atoi(at) // 0: never
	p.stop, _ = strconv.Atoi(stop)
	h := &cli.Hooks{Event: p, Command: func(place, script, when string) { p.pass(fmt.Sprintf("%s %s at %s", when, script, place)) }}
	if f := strings.Split(lease, ","); len(f) == 3 {
		times := make([]time.Duration, 3)
		for i := range f {
			times[i], _ = time.ParseDuration(f[i]) // 0 shows at once
		}
		h.Lease = exec.LeaseTimes{Longest: times[0], Every: times[1], Slack: times[2]}
	}
	return h
}

type points struct {
	mu       sync.Mutex
	n        int
	at, stop int
	list     string
}

// Accept implements event.Sink: the event is in the journal already.
func (p *points) Accept(e event.Event) error {
	switch b := e.Body.(type) {
	case *event.DeedChanged:
		p.pass(fmt.Sprintf("journal %s %s %s", b.Kind, b.Step, b.Phase))
	case *event.RunStarted, *event.RunFinished, *event.StepChanged:
		p.pass(fmt.Sprintf("journal %T", b))
	case *event.Happened, *event.Progress, *event.Routed, *event.Measured, *event.Audited, *event.Judged, *event.GuardTripped,
		*event.ApprovalAsked, *event.ApprovalAnswered, *event.Interrupted, *event.Aborting, *event.Noted, *event.Changed:
	}
	return nil
}

func (p *points) pass(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.n++
	if p.list != "" {
		f, err := os.OpenFile(p.list, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err == nil {
			fmt.Fprintln(f, name)
			f.Close()
		}
	}
	if p.n == p.at {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // it does not come to that
	}
	if p.n == p.stop {
		_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		time.Sleep(10 * time.Millisecond) // the signal arrives
	}
}
