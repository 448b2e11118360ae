package twin

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
)

// Processes starts the operating-system processes behind PEs. A twin without one makes its processes up.
type Processes interface {
	// Start starts the process of one launch of a PE, on a host of a target by their names in the plan. The arguments
	// say what it works on: --job 3 --pe 7 --operators KeyedCounter.
	Start(target, host string, args []string) (Proc, error)
}

// Proc is the process of one launch of a PE. It is safe for concurrent use.
type Proc interface {
	// PID is its number as seen on its host.
	PID() int
	// Turn is passed before each piece of the PE's work. It waits while the process is stopped, and fails when the
	// process has ended or ctx ends.
	Turn(ctx context.Context) error
	// Stopped reports whether the process is stopped, as by SIGSTOP.
	Stopped() bool
	// Done is closed when the process has ended.
	Done() <-chan struct{}
	// Kill ends the process at once. It may have ended before.
	Kill()
}

// What a PE's process looks like in the table of a host of a twin.
const (
	peProgram = "streams-pe"
	pePath    = "/opt/streams/bin/pe"
)

var (
	errNotRunning = errors.New("the PE is not running")
	errEnded      = errors.New("the process has ended")
)

// peArgs are the arguments of a PE's process.
func peArgs(job, pe string, operators []string) []string {
	return []string{"--job", job, "--pe", pe, "--operators", strings.Join(operators, ",")}
}

// madeUp are the processes of a twin that has no real ones.
type madeUp struct{}

// Start makes one up. Its number depends on the PE and the launch alone.
func (madeUp) Start(string, string, []string) (Proc, error) {
	return &virtual{done: make(chan struct{})}, nil
}

// madeUpPID is a number for a launch of a PE. Numbers come again after a hundred launches, as they do on a host.
func madeUpPID(pe string, launch int64) int {
	n, err := strconv.Atoi(pe)
	if err != nil {
		n = 0
	}
	return 10000 + 100*n + int(launch-1)%100
}

// virtual is a process that is made up. It works in a testing/synctest bubble. Assumption twin.hung.
type virtual struct {
	pid int

	mu    sync.Mutex
	ended bool
	ends  bool          // a signal that will end it is pending until it goes on
	on    chan struct{} // closed when it goes on; nil while it runs
	done  chan struct{}
}

// PID implements Proc.
func (v *virtual) PID() int { return v.pid }

// Done implements Proc.
func (v *virtual) Done() <-chan struct{} { return v.done }

// Turn implements Proc.
func (v *virtual) Turn(ctx context.Context) error {
	for {
		v.mu.Lock()
		ended, on := v.ended, v.on
		v.mu.Unlock()
		switch {
		case ended:
			return errEnded
		case on == nil:
			return nil
		}
		select {
		case <-on:
		case <-v.done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Stopped implements Proc.
func (v *virtual) Stopped() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.on != nil && !v.ended
}

// Kill implements Proc.
func (v *virtual) Kill() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.end()
}

// end is called with v.mu held.
func (v *virtual) end() {
	if !v.ended {
		v.ended = true
		close(v.done)
	}
}

// signal does what the signal does to a process without handlers, and reports whether that changed anything.
func (v *virtual) signal(name string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case v.ended:
		return false
	case name == "STOP":
		if v.on != nil {
			return false
		}
		v.on = make(chan struct{})
	case name == "CONT":
		if v.on == nil {
			return false
		}
		close(v.on)
		v.on = nil
		if v.ends {
			v.end()
		}
	case name == "KILL" || v.on == nil:
		v.end()
	default:
		v.ends = true
		return false
	}
	return true
}
