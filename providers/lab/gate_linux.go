package lab

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/xdc-project/xdc/providers/twin"
)

// gate is where the processes of a machine say that they run.
type gate struct {
	l net.Listener

	mu      sync.Mutex
	awaited map[int]chan *proc
	closed  bool
	live    map[*proc]bool
	wg      sync.WaitGroup
}

func newGate(l net.Listener) *gate {
	g := &gate{l: l, awaited: map[int]chan *proc{}, live: map[*proc]bool{}}
	g.wg.Go(g.accept)
	return g
}

// expect announces a process; it arrives on the channel.
func (g *gate) expect(id int) <-chan *proc {
	c := make(chan *proc, 1)
	g.mu.Lock()
	g.awaited[id] = c
	g.mu.Unlock()
	return c
}

func (g *gate) forget(id int) {
	g.mu.Lock()
	delete(g.awaited, id)
	g.mu.Unlock()
}

func (g *gate) accept() {
	for {
		c, err := g.l.Accept()
		if err != nil {
			return
		}
		g.wg.Go(func() { g.admit(c) })
	}
}

// admit reads who it is and keeps the connection.
func (g *gate) admit(c net.Conn) {
	_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
	in := bufio.NewReader(c)
	line, err := in.ReadString('\n')
	id, bad := strconv.Atoi(strings.TrimSpace(line))
	p := &proc{conn: c, done: make(chan struct{})}
	if err == nil && bad == nil {
		err = p.identify()
	}
	g.mu.Lock()
	waiting := g.awaited[id]
	delete(g.awaited, id)
	if err != nil || bad != nil || waiting == nil || g.closed {
		g.mu.Unlock()
		_ = c.Close()
		return
	}
	g.live[p] = true
	g.mu.Unlock()
	_ = c.SetReadDeadline(time.Time{})
	waiting <- p
	p.answers(in)
	g.mu.Lock()
	delete(g.live, p)
	g.mu.Unlock()
}

func (g *gate) close() {
	_ = g.l.Close()
	g.mu.Lock()
	g.closed = true
	for p := range g.live {
		_ = p.conn.Close()
	}
	g.mu.Unlock()
	g.wg.Wait()
}

// proc is a real process behind a PE.
type proc struct {
	conn net.Conn
	pid  int      // in the machine
	here int      // as this machine counts
	fd   *os.File // names it for ever
	done chan struct{}

	mu       sync.Mutex
	asked    uint64
	answered uint64
	failed   bool          // the script that ran last
	news     chan struct{} // closed at the next answer
}

var _ twin.Proc = (*proc)(nil)

// identify finds out which process is at the other end.
func (p *proc) identify() error {
	raw, err := p.conn.(*net.UnixConn).SyscallConn()
	if err != nil {
		return err
	}
	var cred *unix.Ucred
	bad := raw.Control(func(fd uintptr) { cred, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) })
	if err = errors.Join(bad, err); err != nil {
		return err
	}
	p.here = int(cred.Pid)
	fd, err := unix.PidfdOpen(p.here, 0)
	if err != nil {
		return err
	}
	p.fd = os.NewFile(uintptr(fd), "pidfd")
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.here))
	if err != nil {
		return err
	}
	for line := range strings.SplitSeq(string(b), "\n") {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "NSpid:" {
			p.pid, err = strconv.Atoi(f[len(f)-1])
		}
	}
	return err
}

// answers counts what the process answers until it has ended.
func (p *proc) answers(in *bufio.Reader) {
	for {
		b, err := in.ReadByte()
		if err != nil {
			break
		}
		p.mu.Lock()
		p.answered++
		if b != turn {
			p.failed = b == scriptFailed
		}
		if p.news != nil {
			close(p.news)
			p.news = nil
		}
		p.mu.Unlock()
	}
	close(p.done)
	_ = p.conn.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = p.fd.Close()
}

// PID implements twin.Proc.
func (p *proc) PID() int { return p.pid }

// Done implements twin.Proc.
func (p *proc) Done() <-chan struct{} { return p.done }

var errEnded = errors.New("the process has ended")

// Turn implements twin.Proc: it asks the process and waits for its answer. A process that is stopped does not answer.
func (p *proc) Turn(ctx context.Context) error { return p.answer(ctx, turn) }

// answer asks something and waits until that is answered.
func (p *proc) answer(ctx context.Context, question byte) error {
	mine, err := p.ask(ctx, question)
	if err != nil {
		return err
	}
	for {
		p.mu.Lock()
		if p.answered >= mine {
			p.mu.Unlock()
			return nil
		}
		if p.news == nil {
			p.news = make(chan struct{})
		}
		news := p.news
		p.mu.Unlock()
		select {
		case <-news:
		case <-p.done:
			return errEnded
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// ask sends a question and returns its number. Thousands of questions fit unanswered; then asking waits.
func (p *proc) ask(ctx context.Context, question byte) (uint64, error) {
	for {
		p.mu.Lock()
		_ = p.conn.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
		_, err := p.conn.Write([]byte{question})
		if err == nil {
			p.asked++
		}
		mine := p.asked
		p.mu.Unlock()
		switch {
		case err == nil:
			return mine, nil
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return 0, errEnded
		case ctx.Err() != nil:
			return 0, ctx.Err()
		}
	}
}

// Stopped implements twin.Proc.
func (p *proc) Stopped() bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.here))
	if err != nil {
		return false
	}
	i := strings.LastIndexByte(string(b), ')')
	return i >= 0 && strings.HasPrefix(string(b[i+1:]), " T")
}

// Kill implements twin.Proc.
func (p *proc) Kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.done:
	default:
		_ = unix.PidfdSendSignal(int(p.fd.Fd()), unix.SIGKILL, nil, 0) // it may have ended
	}
}
