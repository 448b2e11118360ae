package remote

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/shell"
)

// A server that allows few sessions makes scripts wait for each other, from the first one on.
func TestScriptsTakeTurnsWhereFewSessionsAreAllowed(t *testing.T) {
	t.Parallel()
	s := serve(t, nil, "MaxSessions 1")
	m := s.machine(s.pool(nil), map[string]any{})
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if _, err := m.Run(t.Context(), shell.Script{Name: "x", Text: "sleep 0.05"}); err != nil {
				t.Errorf("got %v", err)
			}
		})
	}
	wg.Wait()
	if n := s.dials.Load(); n != 1 {
		t.Errorf("%d connections were made", n)
	}
}

func TestAServerThatAllowsNoSessionIsSaid(t *testing.T) {
	t.Parallel()
	s := serve(t, nil, "MaxSessions 0")
	refused(t, "no sessions", s.try(nil, map[string]any{}), ErrSession, "MaxSessions")
}

// hangs makes the directory /run/hangs.N, N counting those that run, and ends no more.
const hangs = "n=1; until mkdir /run/hangs.$n; do n=$((n + 1)); done; sleep 1000"

// Commands that hang must not keep a heal out, however many there are: those of one moment cost one new connection, and
// not one each.
func TestCommandsThatHangKeepNothingOut(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options []string
		hang    int // how many the server lets in
	}{
		"one session": {[]string{"MaxSessions 1"}, 1},
		"ten":         {nil, maxSessions},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, nil, c.options...)
			m := s.machine(s.pool(nil), map[string]any{})
			if _, err := m.Run(t.Context(), nothing); err != nil {
				t.Fatal(err)
			}
			// One end for all: whoever finds the server full after it has no time left to connect anew.
			ctx, cancel := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			for range maxSessions {
				wg.Go(func() {
					if _, err := m.Run(ctx, shell.Script{Name: "hangs", Text: hangs}); err == nil {
						t.Error("it did not hang")
					}
				})
			}
			s.await(fmt.Sprintf("/run/hangs.%d", c.hang))
			cancel()
			wg.Wait()
			for range 2 {
				if _, err := m.Run(t.Context(), nothing); err != nil {
					t.Errorf("got %v", err)
				}
			}
			if n := s.dials.Load(); n != 2 {
				t.Errorf("%d connections were made", n)
			}
		})
	}
}

// Calls that come too late leave everybody else on the connection alone.
func TestACancelledCallCutsNobody(t *testing.T) {
	t.Parallel()
	s := serve(t, nil)
	m := s.machine(s.pool(nil), map[string]any{})
	healed := make(chan error, 1)
	go func() {
		out, err := m.Run(t.Context(), shell.Script{Name: "heal", Text: "touch /run/began; while [ ! -e /run/end ]; do sleep 0.05; done; echo healed"})
		if err == nil && out.Stdout != "healed\n" {
			err = errors.New(out.Stdout)
		}
		healed <- err
	}()
	s.await("/run/began")
	for i := range 40 {
		ctx, cancel := context.WithCancel(t.Context())
		if i%2 == 0 {
			cancel()
		} else {
			time.AfterFunc(time.Duration(i)*100*time.Microsecond, cancel) // whatever it is doing then
		}
		if _, err := m.Run(ctx, shell.Script{Name: "late", Text: ":"}); err == nil && i%2 == 0 {
			t.Error("a call that was cancelled works")
		}
		cancel()
	}
	s.put("/run/end", "", "600")
	if err := <-healed; err != nil {
		t.Errorf("the heal: %v", err)
	}
}

// Whatever is under way when the pool is closed ends, and Close returns.
func TestClosingAtAnyMoment(t *testing.T) {
	t.Parallel()
	s := serve(t, nil)
	for i := range 25 {
		p := s.pool(nil)
		m := s.machine(p, map[string]any{})
		done := make(chan error, 1)
		go func() {
			_, err := m.Run(t.Context(), nothing)
			done <- err
		}()
		<-time.After(time.Duration(i) * 4 * time.Millisecond) // no event: any moment is meant
		must(t, p.Close())
		if err := <-done; err != nil && !errors.Is(err, ErrClosed) && !errors.Is(err, shell.ErrCut) {
			t.Errorf("got %v", err)
		}
	}
}

// timedOut is a connection that the kernel gives up in the middle of a handshake.
type timedOut struct{ net.Conn }

func (timedOut) Read([]byte) (int, error) {
	return 0, &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ETIMEDOUT)}
}

func TestTheKernelGivesAConnectionUp(t *testing.T) {
	t.Parallel()
	near, far := net.Pipe()
	defer far.Close()
	go func() { _, _ = far.Read(make([]byte, 1000)) }()
	p := NewPool(Options{Home: t.TempDir(), AgentSocket: "none", Dial: func(context.Context, string, string) (net.Conn, error) { return timedOut{near}, nil }})
	defer p.Close()
	m, err := p.Machine(place, providers.Host{Name: "edge", Address: address, Args: []byte(`{"verify_host_key":false}`)})
	must(t, err)
	_, err = m.Run(t.Context(), nothing)
	refused(t, "ETIMEDOUT", err, ErrTimeout, "firewall")
}

// Two places may be the same machine: each is told of its own.
func TestErrorsNameThePlaceThatWasAskedFor(t *testing.T) {
	t.Parallel()
	p := NewPool(Options{Home: t.TempDir(), AgentSocket: "none", Dial: func(context.Context, string, string) (net.Conn, error) { return nil, syscall.EHOSTUNREACH }})
	defer p.Close()
	for _, host := range []string{"one", "two"} {
		at := providers.Place{Target: "dc1", Host: host}
		m, err := p.Machine(at, providers.Host{Name: host, Address: address})
		must(t, err)
		_, err = m.Run(t.Context(), nothing)
		var e *Error
		if !errors.As(err, &e) || e.Place != at.String() || !errors.Is(e.Kind, ErrUnreachable) {
			t.Errorf("%s: got %v", host, err)
		}
	}
}
