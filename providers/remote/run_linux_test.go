package remote

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/shell"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestScriptsRunOverOneConnection(t *testing.T) {
	t.Parallel()
	s := serve(t, nil)
	m := s.machine(s.pool(nil), map[string]any{})
	out, err := m.Run(t.Context(), shell.Script{Name: "x", Text: `printf %s "$V"; echo err >&2; return 7`}.Set("V", "a 'b' $(c) \n\\"))
	if err != nil || out.Stdout != "a 'b' $(c) \n\\" || out.Stderr != "err\n" || out.Exit != 7 {
		t.Fatalf("got %+v, %v", out, err)
	}
	var wg sync.WaitGroup
	for range 30 {
		wg.Go(func() {
			if out, err := m.Run(t.Context(), shell.Script{Name: "x", Text: "echo here"}); err != nil || out.Stdout != "here\n" {
				t.Errorf("got %+v, %v", out, err)
			}
		})
	}
	wg.Wait()
	if n := s.dials.Load(); n != 1 {
		t.Errorf("%d connections were made", n)
	}
	f, err := m.Facts(t.Context())
	if err != nil || !f.Root || f.System != "Linux" || !f.Has("flock") || f.Dir != "/run/xdc" || f.Peer.String() != "127.0.0.1" || f.Port != 22 || f.Boot == "" {
		t.Errorf("facts: %+v, %v", f, err)
	}
	if found := m.(providers.Checker).Check(t.Context()); len(found) != 1 || !found[0].OK {
		t.Errorf("check: %+v", found)
	}
}

func TestDialsThatAreRefusedAreTriedAgain(t *testing.T) {
	t.Parallel()
	s := serve(t, nil, "MaxStartups 1:90:3")
	var wg sync.WaitGroup
	for range 14 {
		m := s.machine(s.pool(nil), map[string]any{}) // a connection of its own
		wg.Go(func() {
			if _, err := m.Run(t.Context(), shell.Script{Name: "x", Text: ":"}); err != nil {
				t.Errorf("got %v", err)
			}
		})
	}
	wg.Wait()
}

// ancestor makes a script print the process of sshd that serves it.
const ancestor = `p=$$; while read -r c </proc/$p/comm && [ "$c" != sshd ]; do while read -r k v; do [ "$k" = PPid: ] && p=$v; done </proc/$p/status; done; echo "$p"`

// serving is the process on the machine that serves a connection.
func (s *server) serving(m providers.Machine) string {
	s.t.Helper()
	out, err := m.Run(s.t.Context(), shell.Script{Name: "who serves", Text: ancestor})
	must(s.t, err)
	return strings.TrimSpace(out.Stdout)
}

// await waits until a file is there on the machine.
func (s *server) await(name string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	for s.Command(ctx, "test", "-e", name).Run() != nil {
		if ctx.Err() != nil {
			s.t.Fatalf("%s does not appear", name)
		}
		<-time.After(20 * time.Millisecond)
	}
}

func TestASessionThatIsCutIsSaidAndTheNextOneWorks(t *testing.T) {
	t.Parallel()
	s := serve(t, nil)
	m := s.machine(s.pool(nil), map[string]any{})
	pid := s.serving(m)
	cut := make(chan error, 1)
	go func() {
		_, err := m.Run(t.Context(), shell.Script{Name: "long", Text: "touch /run/began; sleep 100"})
		cut <- err
	}()
	s.await("/run/began")
	s.Must(t, "kill", "-KILL", pid)
	refused(t, "cut", <-cut, shell.ErrCut, "look there before you run it again")
	if out, err := m.Run(t.Context(), shell.Script{Name: "x", Text: "echo again"}); err != nil || out.Stdout != "again\n" {
		t.Errorf("got %+v, %v", out, err)
	}
	s.Must(t, "kill", "-KILL", s.serving(m)) // while nobody uses it
	if out, err := m.Run(t.Context(), shell.Script{Name: "x", Text: "echo again"}); err != nil || out.Stdout != "again\n" {
		t.Errorf("got %+v, %v", out, err)
	}
	if n := s.dials.Load(); n != 3 {
		t.Errorf("%d connections were made", n)
	}
}

func TestATimeLimitEndsTheWait(t *testing.T) {
	t.Parallel()
	s := serve(t, nil)
	m := s.machine(s.pool(nil), map[string]any{})
	if _, err := m.Run(t.Context(), nothing); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	_, err := m.Run(ctx, shell.Script{Name: "slow", Text: "sleep 100"})
	if !errors.Is(err, shell.ErrCut) || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "it may still run there") {
		t.Errorf("got %v", err)
	}
	if _, err := m.Run(t.Context(), shell.Script{Name: "x", Text: ":"}); err != nil {
		t.Errorf("the connection is lost: %v", err)
	}
}

func TestOutputIsBounded(t *testing.T) {
	t.Parallel()
	s := serve(t, nil)
	m := s.machine(s.pool(nil), map[string]any{})
	_, err := m.Run(t.Context(), shell.Script{Name: "much", Text: "head -c 40000000 /dev/zero"})
	refused(t, "40 MB", err, ErrOutput, "more than 32 MiB of output", "a file on the host")
	_, err = m.Run(t.Context(), shell.Script{Name: "loud", Text: "head -c 2000000 /dev/zero >&2"})
	refused(t, "2 MB of messages", err, ErrOutput, "more than 1 MiB of messages")
	if _, err := m.Run(t.Context(), nothing); err != nil {
		t.Errorf("the next one: %v", err)
	}
}

// silentConn stops passing anything on when it is told to, as a cut cable does.
type silentConn struct {
	net.Conn
	dead chan struct{}
}

func (c *silentConn) Write(p []byte) (int, error) {
	select {
	case <-c.dead:
		return len(p), nil
	default:
		return c.Conn.Write(p)
	}
}

func TestASilentPeerIsNoticed(t *testing.T) {
	t.Parallel()
	s := serve(t, nil)
	s.write(".ssh/config", []byte("Host *\n  ServerAliveInterval 1\n  ServerAliveCountMax 2\n"))
	dead := make(chan struct{})
	first := true
	p := s.pool(func(o *Options) {
		o.Dial = func(ctx context.Context, network, to string) (net.Conn, error) {
			c, err := s.dial(ctx, network, to)
			if err != nil || !first {
				return c, err
			}
			first = false
			return &silentConn{c, dead}, nil
		}
	})
	m := s.machine(p, map[string]any{})
	if _, err := m.Run(t.Context(), shell.Script{Name: "x", Text: ":"}); err != nil {
		t.Fatal(err)
	}
	under := make(chan error, 1)
	go func() {
		_, err := m.Run(t.Context(), shell.Script{Name: "under way", Text: "touch /run/began; sleep 1000"})
		under <- err
	}()
	s.await("/run/began")
	close(dead)
	start := time.Now()
	// What has not begun goes over a new connection; what is under way is not sent again.
	if _, err := m.Run(t.Context(), nothing); err != nil {
		t.Errorf("got %v", err)
	}
	refused(t, "under way", <-under, shell.ErrCut, "look there")
	if took := time.Since(start); took > 15*time.Second {
		t.Errorf("noticed after %s", took)
	}
	if out, err := m.Run(t.Context(), shell.Script{Name: "x", Text: "echo back"}); err != nil || out.Stdout != "back\n" {
		t.Errorf("got %+v, %v", out, err)
	}
}

func TestClosingEndsEverything(t *testing.T) {
	t.Parallel()
	s := serve(t, nil)
	p := s.pool(nil)
	m := s.machine(p, map[string]any{})
	cut := make(chan error, 1)
	go func() {
		_, err := m.Run(t.Context(), shell.Script{Name: "long", Text: "touch /run/began; sleep 100"})
		cut <- err
	}()
	s.await("/run/began")
	must(t, p.Close())
	if err := <-cut; !errors.Is(err, shell.ErrCut) && !errors.Is(err, ErrClosed) {
		t.Errorf("got %v", err)
	}
	if _, err := m.Run(t.Context(), shell.Script{Name: "x", Text: ":"}); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func TestKillPointsAreAroundEveryScript(t *testing.T) {
	t.Parallel()
	s := serve(t, nil)
	var seen []string
	m := s.machine(s.pool(func(o *Options) {
		o.KillPoint = func(place, script, when string) { seen = append(seen, when+" "+script+" at "+place) }
	}), map[string]any{})
	if _, err := m.Run(t.Context(), shell.Script{Name: "arm", Text: ":"}); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(seen, "; "); got != "before arm at dc1.edge; after arm at dc1.edge" {
		t.Errorf("got %s", got)
	}
}
