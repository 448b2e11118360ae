package wire

import (
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"time"
)

// flowBuffer is how many bytes of a flow may be under way before the writer waits.
const flowBuffer = 256 << 10

// What TCP does about lost segments: the first repetition after 200 ms, then twice as long each time, at most two
// minutes.
const (
	firstRetry = 200 * time.Millisecond
	maxRetry   = 2 * time.Minute
)

// flow is one direction of a connection. What the rules do happens on the way to its reader: a writer does not wait
// for time to pass, only for room, because it may hold locks that others need before time can pass.
type flow struct {
	base time.Duration
	rng  *rand.Rand

	mu      sync.Mutex
	cond    *sync.Cond
	effect  effect
	version uint64 // of the rules that effect comes from
	queue   []chunk
	size    int
	ended   bool // the writer has closed
	gone    bool // the reader has closed
	broken  bool // the connection was reset
	alarm   *time.Timer
	read    deadline
	write   deadline
}

// chunk is a piece of data under way, or the end of the flow.
type chunk struct {
	data    []byte
	end     bool
	sent    time.Time
	ready   time.Time // when it has come through
	stalled bool      // it was dropped, and is sent again and again
}

// deadline is an instant after which waiting ends.
type deadline struct {
	at    time.Time
	timer *time.Timer
}

func newFlow(base time.Duration, r *rand.Rand) *flow {
	f := &flow{base: base, rng: r}
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
		d.timer = time.AfterFunc(max(time.Until(t), 1), f.wake)
	}
	f.cond.Broadcast()
}

func (d *deadline) over() bool { return !d.at.IsZero() && !time.Now().Before(d.at) }

// change puts new effects in force and reports whether the connection breaks by them: something under way is refused.
func (f *flow) change(e effect, version uint64) (breaks bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if version <= f.version {
		return false
	}
	f.effect, f.version = e, version
	now := time.Now()
	var last time.Time
	for i := range f.queue {
		c := &f.queue[i]
		switch waiting := c.stalled || c.ready.After(now); {
		case !waiting:
		case e.reject:
			return true
		case e.drop:
			c.stalled = true
		case c.stalled:
			c.stalled = false
			c.ready = retry(c.sent, now).Add(f.cost(now, len(c.data)))
		}
		if c.ready.Before(last) {
			c.ready = last
		}
		last = c.ready
	}
	f.cond.Broadcast()
	return false
}

// retry is the next instant at or after now at which a segment that was first sent at sent is sent again.
func retry(sent, now time.Time) time.Time {
	at := sent
	for gap := firstRetry; at.Before(now); gap = min(2*gap, maxRetry) {
		at = at.Add(gap)
	}
	return at
}

// cost is how long a piece takes to come through: latency, jitter, the line's rate, and for each loss a repetition.
func (f *flow) cost(now time.Time, size int) time.Duration {
	d := f.base + f.effect.delay
	if j := f.effect.jitter; j > 0 {
		d += time.Duration(f.rng.Int64N(int64(2*j)+1)) - j
	}
	for _, l := range f.effect.lines {
		d += l.queue.take(now, size, l.rate).Sub(now)
	}
	for gap := firstRetry; f.effect.loss > 0 && gap < maxRetry && f.rng.Float64() < f.effect.loss; gap *= 2 {
		d += gap
	}
	return max(d, 0)
}

func (f *flow) pull(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for {
		switch {
		case f.gone:
			return 0, net.ErrClosed
		case f.broken:
			return 0, errReset
		case f.read.over():
			return 0, os.ErrDeadlineExceeded
		case len(p) == 0:
			return 0, nil
		case len(f.queue) > 0 && !f.queue[0].stalled:
			left := time.Until(f.queue[0].ready)
			if left <= 0 {
				return f.take(p)
			}
			f.ring(left)
		}
		f.cond.Wait()
	}
}

// ring has the reader look again when the next piece has come through.
func (f *flow) ring(after time.Duration) {
	if f.alarm != nil {
		f.alarm.Stop()
	}
	f.alarm = time.AfterFunc(max(after, 1), f.wake)
}

func (f *flow) take(p []byte) (int, error) {
	c := &f.queue[0]
	if c.end {
		return 0, io.EOF
	}
	n := copy(p, c.data)
	c.data = c.data[n:]
	if len(c.data) == 0 {
		f.queue = f.queue[1:]
	}
	f.size -= n
	f.cond.Broadcast()
	return n, nil
}

func (f *flow) push(p []byte) (n int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for {
		switch {
		case f.ended:
			return n, net.ErrClosed
		case f.gone || f.broken:
			return n, errReset
		case f.write.over():
			return n, os.ErrDeadlineExceeded
		case len(p) == 0:
			return n, nil
		case f.effect.reject:
			return n, errReset
		case f.size < flowBuffer:
			k := min(len(p), flowBuffer-f.size)
			f.send(chunk{data: append([]byte(nil), p[:k]...)})
			n, p = n+k, p[k:]
			continue
		}
		f.cond.Wait()
	}
}

// send puts a piece on its way: it comes through after those before it.
func (f *flow) send(c chunk) {
	c.sent = time.Now()
	c.stalled = f.effect.drop
	switch {
	case c.stalled:
	case c.end && !f.effect.shapes():
		c.ready = c.sent // nobody measures it, and a bubble that ends has no time left for it
	default:
		c.ready = c.sent.Add(f.cost(c.sent, len(c.data)))
	}
	if n := len(f.queue); n > 0 {
		if before := f.queue[n-1]; before.stalled || c.ready.Before(before.ready) {
			c.ready = before.ready
		}
	}
	f.queue = append(f.queue, c)
	f.size += len(c.data)
	f.cond.Broadcast()
}

func (f *flow) closeWriter() {
	f.mu.Lock()
	if !f.ended {
		f.ended = true
		f.send(chunk{end: true})
	}
	f.mu.Unlock()
}

func (f *flow) closeReader() {
	f.mu.Lock()
	f.gone = true
	f.discard()
	f.mu.Unlock()
}

// tear ends the flow at once for both sides.
func (f *flow) tear() {
	f.mu.Lock()
	f.broken = true
	f.discard()
	f.mu.Unlock()
}

func (f *flow) discard() {
	f.queue, f.size = nil, 0
	if f.alarm != nil {
		f.alarm.Stop()
		f.alarm = nil
	}
	f.cond.Broadcast()
}
