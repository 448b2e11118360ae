package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// synGaps are the waits between the attempts to open a connection, as Linux makes them: six repetitions, then it gives
// up.
var synGaps = []time.Duration{1 * time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 32 * time.Second, 64 * time.Second}

// Dial returns a function that opens connections from a node.
func (n *Network) Dial(from string) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, _, to string) (net.Conn, error) {
		c, err := n.dial(ctx, from, to)
		if err != nil {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: address(to), Err: err}
		}
		return c, nil
	}
}

func (n *Network) dial(ctx context.Context, from, to string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(to)
	if err != nil {
		return nil, err
	}
	p, err := strconv.Atoi(port)
	if err != nil {
		return nil, fmt.Errorf("port %q: %w", port, err)
	}
	l, err := n.newLink(from, to, host, p)
	if err != nil {
		return nil, err
	}
	if err := l.admit(ctx); err != nil {
		return nil, err
	}
	n.mu.Lock()
	ls := n.listeners[strings.ToLower(host)+":"+port]
	n.mu.Unlock()
	if ls == nil {
		return nil, syscall.ECONNREFUSED
	}
	near, far := l.ends(from, to)
	n.register(l)
	if ls.tcp != nil {
		c, err := n.dialTCP(ctx, "tcp", ls.tcp.Addr().String())
		if err != nil {
			l.forget()
			return nil, err
		}
		if !n.pump(far, c) {
			return nil, errEnded
		}
		return near, nil
	}
	if err := ls.offer(ctx, far); err != nil {
		l.forget()
		return nil, err
	}
	return near, nil
}

func (n *Network) newLink(from, to, host string, port int) (*link, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	src := n.nodes[from]
	switch {
	case src == nil:
		return nil, fmt.Errorf("no node is called %q", from)
	case n.closed:
		return nil, errEnded
	}
	n.opened++
	way := from + ">" + to
	n.ordinals[way]++
	name := fmt.Sprintf("%s#%d", way, n.ordinals[way])
	base := latency(n.seed, from, host)
	l := &link{net: n, id: n.opened, src: src, dst: n.find(host), port: port}
	l.out, l.in = newFlow(base, rng(n.seed, name+" out")), newFlow(base, rng(n.seed, name+" in"))
	return l, nil
}

// register has the link follow the rules from now on.
func (n *Network) register(l *link) {
	n.mu.Lock()
	n.conns[l.id] = l
	n.version++
	out, in, version := n.effects(l, true), n.effects(l, false), n.version
	n.mu.Unlock()
	l.change(out, in, version)
}

// admit opens the connection: an attempt at once, then at growing intervals while the network loses them, each taking
// a round trip.
func (l *link) admit(ctx context.Context) error {
	for _, gap := range synGaps {
		l.net.mu.Lock()
		out, in := l.net.effects(l, true), l.net.effects(l, false)
		l.net.mu.Unlock()
		lost := out.drop || in.drop || l.out.rng.Float64() < out.loss || l.in.rng.Float64() < in.loss
		switch {
		case out.reject || in.reject:
			if err := l.net.sleep(ctx, 2*l.out.base); err != nil {
				return err
			}
			return syscall.ECONNREFUSED
		case !lost:
			return l.net.sleep(ctx, 2*l.out.base+out.delay+in.delay)
		}
		if err := l.net.sleep(ctx, gap); err != nil {
			return err
		}
	}
	return syscall.ETIMEDOUT
}

func (n *Network) sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(max(d, 1))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-n.done:
		return errEnded
	}
}

// pump joins the far end of a link to a real connection until either ends; it reports false when the network has
// ended already.
func (n *Network) pump(far *end, c net.Conn) bool {
	n.mu.Lock()
	if n.closed {
		n.mu.Unlock()
		_ = c.Close()
		_ = far.Close()
		return false
	}
	n.pumps.Add(2)
	n.mu.Unlock()
	go func() {
		defer n.pumps.Done()
		_, err := io.Copy(c, far)
		if errors.Is(err, errReset) {
			if t, ok := c.(*net.TCPConn); ok {
				_ = t.SetLinger(0) // the other side sees a reset as well
			}
		}
		_ = c.Close() // the other copy ends with it
	}()
	go func() {
		defer n.pumps.Done()
		_, err := io.Copy(far, c)
		if err != nil && errors.Is(err, syscall.ECONNRESET) {
			far.link.reset()
		}
		_ = far.Close() // what is under way still arrives
	}()
	return true
}
