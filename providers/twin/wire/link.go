package wire

import (
	"context"
	"maps"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/xdc-project/xdc/providers"
)

// link is a connection as its opener sees it. Both flows pass through it, so that rules act here.
type link struct {
	net.Conn
	net      *Network
	src, dst *Node
	port     int
	base     time.Duration
	flows    []*flow // in memory the rules act in these

	mu     sync.Mutex
	rng    *rand.Rand
	closed chan struct{}
	once   sync.Once
	read   time.Time // deadlines
	write  time.Time
}

// effect is what the rules together do to one flow of a connection.
type effect struct {
	drop, reject bool
	delay        time.Duration
	jitter       time.Duration
	loss         float64
	rate         int64
}

// effects adds up the rules that apply to a flow; outward is from the opener to the other side. The channel is closed
// when they change.
func (l *link) effects(outward bool) (effect, <-chan struct{}) {
	l.net.mu.Lock()
	defer l.net.mu.Unlock()
	var e effect
	for _, r := range l.net.rules {
		if !l.matches(r, outward) {
			continue
		}
		e.drop = e.drop || r.Drop
		e.reject = e.reject || r.Reject
		e.delay += time.Duration(r.LatencyMS * float64(time.Millisecond))
		e.jitter += time.Duration(r.JitterMS * float64(time.Millisecond))
		e.loss = 1 - (1-e.loss)*(1-r.Loss)
		if r.RateBPS > 0 && (e.rate == 0 || r.RateBPS < e.rate) {
			e.rate = r.RateBPS
		}
	}
	return e, l.net.changed
}

// matches reports whether a rule acts on a flow. By connections, what counts is who opened them: a one-way cut does
// not touch the other way's replies. By packets, what counts is which way the bytes go.
func (l *link) matches(r providers.LinkRule, outward bool) bool {
	if len(r.Ports) > 0 && !slices.Contains(r.Ports, l.port) {
		return false
	}
	if r.Protocol != "" && r.Protocol != "tcp" && r.Protocol != "all" {
		return false
	}
	out := isHost(l.src, r.Host) && inNetworks(l.dst, r.Networks) // opened by the host
	in := isHost(l.dst, r.Host) && inNetworks(l.src, r.Networks)  // opened towards the host
	if !out && !in {
		return false
	}
	if r.Match == "packets" {
		fromHost := out == outward
		return r.Direction == "" || r.Direction == "both" || (r.Direction == "out") == fromHost
	}
	switch r.Direction {
	case "out":
		return out
	case "in":
		return in
	}
	return true
}

func isHost(n *Node, host string) bool {
	a, err := netip.ParseAddr(host)
	return n != nil && err == nil && slices.Contains(n.Addrs, a.Unmap())
}

func inNetworks(n *Node, networks []string) bool {
	if n == nil {
		return false
	}
	for _, s := range networks {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			continue
		}
		if slices.ContainsFunc(n.Addrs, p.Contains) {
			return true
		}
	}
	return false
}

// admit decides about a new connection: it waits while it is dropped, as a SYN that is sent again and again would,
// and takes a round trip otherwise.
func (l *link) admit(ctx context.Context) error {
	for {
		e, changed := l.effects(true)
		switch {
		case e.reject:
			return syscall.ECONNREFUSED
		case !e.drop:
			return sleep(ctx, 2*l.base+2*e.delay)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// pass holds bytes of a flow back for as long as the rules say.
func (l *link) pass(outward bool, size int) error {
	for {
		e, changed := l.effects(outward)
		if e.reject {
			return errReset
		}
		if !e.drop {
			return l.hold(l.cost(e, size))
		}
		t := l.timer(outward)
		select {
		case <-changed:
			t.Stop()
		case <-t.C:
			return os.ErrDeadlineExceeded
		case <-l.closed:
			t.Stop()
			return net.ErrClosed
		}
	}
}

// cost is how long a piece of data takes: latency, jitter, the rate, and for each loss a retransmission, the first
// after 200 ms, then doubling.
func (l *link) cost(e effect, size int) time.Duration {
	d := l.base + e.delay
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.jitter > 0 {
		d += time.Duration(l.rng.Int64N(int64(2*e.jitter)+1)) - e.jitter
	}
	if e.rate > 0 {
		d += time.Duration(float64(size) * 8 / float64(e.rate) * float64(time.Second))
	}
	for again := 200 * time.Millisecond; e.loss > 0 && again < 2*time.Minute && l.rng.Float64() < e.loss; again *= 2 {
		d += again
	}
	return max(d, 0)
}

// timer fires at the deadline of a flow; without one, never.
func (l *link) timer(outward bool) *time.Timer {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := l.read
	if outward {
		at = l.write
	}
	if at.IsZero() {
		t := time.NewTimer(time.Hour)
		t.Stop()
		return t
	}
	return time.NewTimer(max(time.Until(at), 0))
}

func (l *link) hold(d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-l.closed:
		return net.ErrClosed
	}
}

func (l *link) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	if n > 0 && l.flows == nil {
		if perr := l.pass(false, n); perr != nil {
			return 0, perr
		}
	}
	return n, err
}

func (l *link) Write(p []byte) (int, error) {
	if l.flows == nil {
		if err := l.pass(true, len(p)); err != nil {
			return 0, err
		}
	}
	return l.Conn.Write(p)
}

func (l *link) Close() error {
	l.once.Do(func() {
		close(l.closed)
		l.net.mu.Lock()
		delete(l.net.conns, l)
		l.net.mu.Unlock()
	})
	return l.Conn.Close()
}

func (l *link) SetDeadline(t time.Time) error {
	l.mu.Lock()
	l.read, l.write = t, t
	l.mu.Unlock()
	return l.Conn.SetDeadline(t)
}

func (l *link) SetReadDeadline(t time.Time) error {
	l.mu.Lock()
	l.read = t
	l.mu.Unlock()
	return l.Conn.SetReadDeadline(t)
}

func (l *link) SetWriteDeadline(t time.Time) error {
	l.mu.Lock()
	l.write = t
	l.mu.Unlock()
	return l.Conn.SetWriteDeadline(t)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
