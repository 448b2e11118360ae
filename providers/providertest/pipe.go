package providertest

import (
	"bytes"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// newPipe makes a connection in memory that buffers what is written, as TCP does: net.Pipe does not, and two sides
// that write at once would wait for each other.
func newPipe(addr string) (a, b net.Conn) {
	x, y := newFlow(), newFlow()
	return &end{in: x, out: y, addr: address(addr)}, &end{in: y, out: x, addr: address(addr)}
}

// flow is one direction.
type flow struct {
	mu       sync.Mutex
	news     *sync.Cond
	buf      bytes.Buffer
	closed   bool // no more will come
	broken   bool // nobody reads
	deadline time.Time
	timer    *time.Timer
}

func newFlow() *flow {
	f := &flow{}
	f.news = sync.NewCond(&f.mu)
	return f
}

func (f *flow) read(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for {
		switch {
		case f.broken:
			return 0, net.ErrClosed
		case f.buf.Len() > 0:
			return f.buf.Read(p)
		case f.closed:
			return 0, io.EOF
		case !f.deadline.IsZero() && !time.Now().Before(f.deadline):
			return 0, os.ErrDeadlineExceeded
		}
		f.news.Wait()
	}
}

func (f *flow) write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed || f.broken {
		return 0, io.ErrClosedPipe
	}
	f.news.Broadcast()
	return f.buf.Write(p)
}

func (f *flow) stop(broken bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed, f.broken = true, f.broken || broken
	if f.timer != nil {
		f.timer.Stop()
	}
	f.news.Broadcast()
}

func (f *flow) until(t time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.timer != nil {
		f.timer.Stop()
	}
	f.deadline = t
	if !t.IsZero() && !f.closed {
		f.timer = time.AfterFunc(max(time.Until(t), 1), f.news.Broadcast)
	}
	f.news.Broadcast()
}

// end is one end of a connection.
type end struct {
	in, out *flow
	addr    net.Addr
}

func (e *end) Read(p []byte) (int, error)  { return e.in.read(p) }
func (e *end) Write(p []byte) (int, error) { return e.out.write(p) }
func (e *end) Close() error {
	e.out.stop(false)
	e.in.stop(true)
	return nil
}
func (e *end) LocalAddr() net.Addr               { return e.addr }
func (e *end) RemoteAddr() net.Addr              { return e.addr }
func (e *end) SetReadDeadline(t time.Time) error { e.in.until(t); return nil }
func (e *end) SetWriteDeadline(time.Time) error  { return nil }
func (e *end) SetDeadline(t time.Time) error     { return e.SetReadDeadline(t) }
