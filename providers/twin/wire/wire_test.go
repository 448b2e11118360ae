package wire

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/xdc-project/xdc/providers"
)

// bench is two hosts in two networks, and an echo at port 80 of each.
type bench struct {
	t *testing.T
	n *Network
}

func inBubble(t *testing.T, fn func(b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &bench{t, NewMemory(7)}
		for name, a := range map[string]string{"a": "10.0.1.10", "b": "10.0.2.10"} {
			b.n.Add(Node{Name: name, Addrs: []netip.Addr{netip.MustParseAddr(a)}})
			l, err := b.n.Listen(name, a+":80")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { l.Close() })
			go func() {
				for {
					c, err := l.Accept()
					if err != nil {
						return
					}
					go func() {
						_, _ = io.Copy(c, c)
						c.Close()
					}()
				}
			}()
		}
		fn(b)
		b.n.Close() // or the far ends would wait for ever for the end of what was cut
	})
}

func (b *bench) dial(from, to string, limit time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(b.t.Context(), limit)
	defer cancel()
	return b.n.Dial(from)(ctx, "tcp", to+":80")
}

func (b *bench) open(from, to string) net.Conn {
	b.t.Helper()
	c, err := b.dial(from, to, time.Minute)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { c.Close() })
	return c
}

// echo sends a byte and waits for it to come back.
func (b *bench) echo(c net.Conn, limit time.Duration) error {
	if _, err := c.Write([]byte("x")); err != nil {
		return err
	}
	_ = c.SetReadDeadline(time.Now().Add(limit))
	_, err := io.ReadFull(c, make([]byte, 1))
	return err
}

func rule(change func(*providers.LinkRule)) providers.LinkRule {
	r := providers.LinkRule{Name: "r", Host: "10.0.1.10", Networks: []string{"10.0.2.0/24"}, Direction: "both"}
	change(&r)
	return r
}

func TestDropStallsAndDeliversAfterTheHeal(t *testing.T) {
	inBubble(t, func(b *bench) {
		c := b.open("a", "10.0.2.10")
		if err := b.echo(c, time.Second); err != nil {
			t.Fatal(err)
		}
		b.n.Apply(rule(func(r *providers.LinkRule) { r.Drop = true }))
		before := time.Now()
		if err := b.echo(c, 10*time.Second); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(before) != 10*time.Second {
			t.Errorf("through a cut: %v after %v", err, time.Since(before))
		}
		if _, err := b.dial("a", "10.0.2.10", 5*time.Second); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a new connection through a cut: %v", err)
		}
		if !b.n.Remove("10.0.1.10", "r") {
			t.Error("the rule was not there")
		}
		_ = c.SetReadDeadline(time.Now().Add(30 * time.Second)) // it is sent again at growing intervals
		if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
			t.Errorf("what was held back did not come: %v", err)
		}
	})
}

func TestAWriteNeverWaitsForTimeToPass(t *testing.T) {
	inBubble(t, func(b *bench) {
		c := b.open("a", "10.0.2.10")
		b.n.Apply(rule(func(r *providers.LinkRule) { r.Drop = true }))
		before := time.Now()
		if _, err := c.Write(make([]byte, 1000)); err != nil || time.Since(before) != 0 {
			t.Errorf("%v after %v", err, time.Since(before))
		}
	})
}

func TestRejectRefusesAndResets(t *testing.T) {
	inBubble(t, func(b *bench) {
		c := b.open("a", "10.0.2.10")
		b.n.Apply(rule(func(r *providers.LinkRule) { r.Reject = true }))
		if err := b.echo(c, time.Second); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("a running connection: %v", err)
		}
		if _, err := b.dial("a", "10.0.2.10", time.Second); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("a new connection: %v", err)
		}
	})
}

func TestAOneWayCutLeavesTheOtherWaysRepliesAlone(t *testing.T) {
	inBubble(t, func(b *bench) {
		out, back := b.open("a", "10.0.2.10"), b.open("b", "10.0.1.10")
		b.n.Apply(rule(func(r *providers.LinkRule) { r.Drop, r.Direction = true, "out" }))
		if err := b.echo(out, time.Second); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("opened by the host: %v", err)
		}
		if err := b.echo(back, time.Second); err != nil {
			t.Errorf("opened towards the host: %v", err)
		}
	})
}

func TestOtherPortsAndNodesAreUntouched(t *testing.T) {
	inBubble(t, func(b *bench) {
		c := b.open("a", "10.0.2.10")
		b.n.Apply(rule(func(r *providers.LinkRule) { r.Drop, r.Ports = true, []int{81} }))
		if err := b.echo(c, time.Second); err != nil {
			t.Error(err)
		}
	})
}

func TestLatencyIsAddedToEachWay(t *testing.T) {
	inBubble(t, func(b *bench) {
		c := b.open("a", "10.0.2.10")
		b.n.Apply(rule(func(r *providers.LinkRule) { r.LatencyMS = 100 }))
		before := time.Now()
		if err := b.echo(c, time.Second); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(before); took < 200*time.Millisecond || took > 202*time.Millisecond {
			t.Errorf("there and back took %v, want 200ms and the base latency", took)
		}
	})
}
