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
func pipe(near, far string) (*end, *end) {
	a, b := newFlow(), newFlow()
	return &end{in: a, out: b, local: named(near), remote: named(far)}, &end{in: b, out: a, local: named(far), remote: named(near)}
}

// flow is one direction. What the rules do to it happens on the way to its reader: a writer never waits for time to
// pass, because it may hold locks that others need before time can.
type flow struct {
	mu    sync.Mutex
	cond  *sync.Cond
	queue []chunk
	size  int
	eof   bool // the writer has closed
	gone  bool // the reader has closed
	last  time.Time
	alarm *time.Timer
	read  deadline
	write deadline
	link  *link // whose rules apply; nil: none
	out   bool  // from the opener to the other side
}

// chunk is a piece of data with the instant at which it has come through.
type chunk struct {
	data  []byte
	ready time.Time
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

func (f *flow) wake() {
	f.mu.Lock()
	f.cond.Broadcast()
	f.mu.Unlock()
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
		d.timer = time.AfterFunc(max(time.Until(t), 0), f.wake)
	}
	f.cond.Broadcast()
}

func (d *deadline) over() bool { return !d.at.IsZero() && !time.Now().Before(d.at) }

// effects are what the rules do to the flow now.
func (f *flow) effects() effect {
	if f.link == nil {
		return effect{}
	}
	e, _ := f.link.effects(f.out)
	return e
}

func (f *flow) pull(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for {
		switch {
		case f.gone:
			return 0, net.ErrClosed
		case f.read.over():
			return 0, os.ErrDeadlineExceeded
		case len(f.queue) > 0 || f.eof:
			e := f.effects()
			if e.reject {
				return 0, errReset
			}
			if e.drop {
				break // until the rules change
			}
			if len(f.queue) == 0 {
				return 0, io.EOF
			}
			if left := time.Until(f.queue[0].ready); left > 0 {
				f.ring(left)
				break
			}
			return f.take(p), nil
		case len(p) == 0:
			return 0, nil
		}
		f.cond.Wait()
	}
}

// ring has the reader look again when the next piece has come through.
func (f *flow) ring(after time.Duration) {
	if f.alarm != nil {
		f.alarm.Stop()
	}
	f.alarm = time.AfterFunc(after, f.wake)
}

func (f *flow) take(p []byte) int {
	c := &f.queue[0]
	n := copy(p, c.data)
	c.data = c.data[n:]
	if len(c.data) == 0 {
		f.queue = f.queue[1:]
	}
	f.size -= n
	f.cond.Broadcast()
	return n
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
		case f.size < pipeBuffer:
			n := min(len(p), pipeBuffer-f.size)
			if err := f.send(p[:n]); err != nil {
				return written, err
			}
			p = p[n:]
			written += n
			continue
		}
		f.cond.Wait()
	}
}

// send puts a piece on its way: it comes through after those before it.
func (f *flow) send(p []byte) error {
	ready := time.Now()
	if f.link != nil {
		e := f.effects()
		if e.reject {
			return errReset
		}
		ready = ready.Add(f.link.cost(e, len(p)))
	}
	if ready.Before(f.last) {
		ready = f.last
	}
	f.last = ready
	f.queue = append(f.queue, chunk{append([]byte(nil), p...), ready})
	f.size += len(p)
	f.cond.Broadcast()
	return nil
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
	f.queue, f.size = nil, 0
	if f.alarm != nil {
		f.alarm.Stop()
	}
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
