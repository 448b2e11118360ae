package wire

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// pipeBuffer is how many bytes of a flow may be under way before the writer waits.
const pipeBuffer = 256 << 10

// pipe makes a connection in memory: two ends, each flow with a buffer of its own.
func pipe(near, far string) (net.Conn, net.Conn) {
	a, b := newFlow(), newFlow()
	return &end{in: a, out: b, local: named(near), remote: named(far)}, &end{in: b, out: a, local: named(far), remote: named(near)}
}

// flow is one direction.
type flow struct {
	mu    sync.Mutex
	cond  *sync.Cond
	buf   []byte
	eof   bool // the writer has closed
	gone  bool // the reader has closed
	read  deadline
	write deadline
}

// deadline is an instant after which waiting ends.
type deadline struct {
	at    time.Time
	timer *time.Timer
}

func newFlow() *flow {
	f := &flow{}
	f.cond = sync.NewCond(&f.mu)
	return f
}

// set changes a deadline and has everybody look again when it comes.
func (f *flow) set(d *deadline, t time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	d.at = t
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	if !t.IsZero() {
		d.timer = time.AfterFunc(max(time.Until(t), 0), func() {
			f.mu.Lock()
			f.cond.Broadcast()
			f.mu.Unlock()
		})
	}
	f.cond.Broadcast()
}

func (d *deadline) over() bool { return !d.at.IsZero() && !time.Now().Before(d.at) }

func (f *flow) pull(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for {
		switch {
		case f.gone:
			return 0, net.ErrClosed
		case f.read.over():
			return 0, os.ErrDeadlineExceeded
		case len(f.buf) > 0:
			n := copy(p, f.buf)
			f.buf = f.buf[n:]
			if len(f.buf) == 0 {
				f.buf = nil
			}
			f.cond.Broadcast()
			return n, nil
		case f.eof:
			return 0, io.EOF
		case len(p) == 0:
			return 0, nil
		}
		f.cond.Wait()
	}
}

func (f *flow) push(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	written := 0
	for {
		switch {
		case f.eof:
			return written, net.ErrClosed
		case f.gone:
			return written, errReset
		case f.write.over():
			return written, os.ErrDeadlineExceeded
		case len(p) == 0:
			return written, nil
		case len(f.buf) < pipeBuffer:
			n := min(len(p), pipeBuffer-len(f.buf))
			f.buf = append(f.buf, p[:n]...)
			p = p[n:]
			written += n
			f.cond.Broadcast()
			continue
		}
		f.cond.Wait()
	}
}

func (f *flow) closeWriter() {
	f.mu.Lock()
	f.eof = true
	f.cond.Broadcast()
	f.mu.Unlock()
}

func (f *flow) closeReader() {
	f.mu.Lock()
	f.gone = true
	f.buf = nil
	f.cond.Broadcast()
	f.mu.Unlock()
}

// end is one end of a connection.
type end struct {
	in, out       *flow
	local, remote net.Addr
}

func (e *end) Read(p []byte) (int, error)  { return e.in.pull(p) }
func (e *end) Write(p []byte) (int, error) { return e.out.push(p) }

func (e *end) Close() error {
	e.out.closeWriter()
	e.in.closeReader()
	e.in.set(&e.in.read, time.Time{})
	e.out.set(&e.out.write, time.Time{})
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
