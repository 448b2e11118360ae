package wire

import (
	"net"
	"sync"
	"time"
)

// link is a connection: two flows, and who is at its ends.
type link struct {
	net      *Network
	id       uint64
	src, dst *Node // dst is nil where nobody is known to be
	port     int
	out, in  *flow // from the opener, to the opener

	mu   sync.Mutex
	open int // ends not closed yet
}

// ends makes the two ends of the link: the opener's and the other one.
func (l *link) ends(from, to string) (near, far *end) {
	l.open = 2
	return &end{link: l, in: l.in, out: l.out, local: address(from), remote: address(to)},
		&end{link: l, in: l.out, out: l.in, local: address(to), remote: address(from)}
}

// change tells both flows what the rules do to them.
func (l *link) change(out, in effect, version uint64) {
	a, b := l.out.change(out, version), l.in.change(in, version)
	if a || b {
		l.reset()
	}
}

// reset breaks the connection at both ends.
func (l *link) reset() {
	l.out.tear()
	l.in.tear()
	l.forget()
}

func (l *link) forget() {
	l.net.mu.Lock()
	delete(l.net.conns, l.id)
	l.net.mu.Unlock()
}

// left says that one end has closed. The rules go on acting on what is under way to the other.
func (l *link) left() {
	l.mu.Lock()
	l.open--
	over := l.open == 0
	l.mu.Unlock()
	if over {
		l.forget()
	}
}

// end is one end of a connection, a net.Conn.
type end struct {
	link          *link
	in, out       *flow
	local, remote net.Addr
	once          sync.Once
}

var _ net.Conn = (*end)(nil)

func (e *end) Read(p []byte) (int, error) { return e.in.pull(p) }

func (e *end) Write(p []byte) (int, error) {
	n, err := e.out.push(p)
	if err == errReset { //nolint:errorlint // it is this very value
		e.link.reset() // the other end learns of it too
	}
	return n, err
}

func (e *end) Close() error {
	e.once.Do(func() {
		e.out.closeWriter()
		e.in.closeReader()
		e.in.set(&e.in.read, time.Time{})
		e.out.set(&e.out.write, time.Time{})
		e.link.left()
	})
	return nil
}

func (e *end) LocalAddr() net.Addr  { return e.local }
func (e *end) RemoteAddr() net.Addr { return e.remote }

func (e *end) SetDeadline(t time.Time) error {
	e.in.set(&e.in.read, t)
	e.out.set(&e.out.write, t)
	return nil
}

func (e *end) SetReadDeadline(t time.Time) error {
	e.in.set(&e.in.read, t)
	return nil
}

func (e *end) SetWriteDeadline(t time.Time) error {
	e.out.set(&e.out.write, t)
	return nil
}
