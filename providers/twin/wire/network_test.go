package wire_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/twin/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	east = "10.0.1.10"
	west = "10.0.2.10"
)

func lay(n *wire.Network) *wire.Network {
	n.Add(wire.Node{Name: "east", Addrs: []netip.Addr{netip.MustParseAddr(east)}, Loopback: "127.0.1.1"})
	n.Add(wire.Node{Name: "west", Addrs: []netip.Addr{netip.MustParseAddr(west)}, Loopback: "127.0.2.1"})
	n.Add(wire.Node{Name: "runner", Loopback: "127.0.0.1"})
	return n
}

// inMemory runs a test in a bubble with a network in memory.
func inMemory(t *testing.T, fn func(t *testing.T, n *wire.Network)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := lay(wire.NewMemory(1))
		defer n.Close()
		fn(t, n)
	})
}

// onBoth runs a test on both carriers. What depends on exact times is for the one in memory.
func onBoth(t *testing.T, fn func(t *testing.T, n *wire.Network)) {
	t.Helper()
	t.Run("memory", func(t *testing.T) { inMemory(t, fn) })
	t.Run("tcp", func(t *testing.T) {
		var d net.Dialer
		var lc net.ListenConfig
		n := lay(wire.NewTCP(1, d.DialContext, func(network, address string) (net.Listener, error) {
			return lc.Listen(t.Context(), network, address)
		}))
		defer n.Close()
		fn(t, n)
	})
}

// pair opens a connection from east to a port of west.
func pair(t *testing.T, n *wire.Network, port int) (client, server net.Conn) {
	t.Helper()
	at := net.JoinHostPort(west, fmt.Sprint(port))
	l, err := n.Listen("west", at)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err = n.Dial("east")(t.Context(), "tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	server, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = client.Close()
		_ = server.Close()
	})
	return client, server
}

func rule(r providers.LinkRule) providers.LinkRule {
	r.Name, r.Host, r.Networks = "r", east, []string{"10.0.2.0/24"}
	return r
}

func apply(t *testing.T, n *wire.Network, r providers.LinkRule) {
	t.Helper()
	if err := n.Apply(rule(r)); err != nil {
		t.Fatal(err)
	}
}

func send(t *testing.T, c net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
}

func receive(t *testing.T, c net.Conn, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(c, got); err != nil || string(got) != want {
		t.Fatalf("got %q, %v; want %q", got, err, want)
	}
}

// silent checks that nothing arrives for a while.
func silent(t *testing.T, c net.Conn, d time.Duration) {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(d)); err != nil {
		t.Fatal(err)
	}
	if n, err := c.Read(make([]byte, 1)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("got %d bytes and %v while nothing can come through", n, err)
	}
	if err := c.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
}

func TestBytesGoBothWaysAndTheEndFollowsThem(t *testing.T) {
	onBoth(t, func(t *testing.T, n *wire.Network) {
		client, server := pair(t, n, 80)
		send(t, client, "there")
		receive(t, server, "there")
		send(t, server, "and back")
		_ = server.Close()
		receive(t, client, "and back")
		if _, err := client.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("after the end: %v", err)
		}
	})
}

func TestDialOfAPortThatNobodyServesIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, n *wire.Network) {
		_, err := n.Dial("east")(t.Context(), "tcp", west+":81")
		if !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("got %v", err)
		}
	})
}

func TestDropStallsWhatIsOpenAndItFlowsAfterTheHeal(t *testing.T) {
	onBoth(t, func(t *testing.T, n *wire.Network) {
		client, server := pair(t, n, 80)
		apply(t, n, providers.LinkRule{Drop: true})
		send(t, client, "held")
		silent(t, server, 100*time.Millisecond)
		send(t, server, "held too")
		silent(t, client, 100*time.Millisecond)
		if !n.Remove(east, "r") {
			t.Fatal("the rule was not there")
		}
		receive(t, server, "held")
		receive(t, client, "held too")
	})
}

func TestDropLosesTheEndOfAConnectionToo(t *testing.T) {
	inMemory(t, func(t *testing.T, n *wire.Network) {
		client, server := pair(t, n, 80)
		apply(t, n, providers.LinkRule{Drop: true})
		_ = client.Close()
		silent(t, server, time.Hour)
		n.Remove(east, "r")
		if _, err := server.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("after the heal: %v", err)
		}
	})
}

func TestStalledDataComesWithTheNextRepetition(t *testing.T) {
	inMemory(t, func(t *testing.T, n *wire.Network) {
		client, server := pair(t, n, 80)
		apply(t, n, providers.LinkRule{Drop: true})
		sent := time.Now()
		send(t, client, "x")
		<-time.After(time.Second)
		n.Remove(east, "r") // repetitions after 0.2, 0.6, 1.4 s
		receive(t, server, "x")
		if got := time.Since(sent); got < 1400*time.Millisecond || got > 1401*time.Millisecond {
			t.Errorf("it came after %s, want 1.4s and the latency", got)
		}
	})
}

func TestDialDuringADropWaitsUntilItsContextEnds(t *testing.T) {
	inMemory(t, func(t *testing.T, n *wire.Network) {
		apply(t, n, providers.LinkRule{Drop: true})
		ctx, cancel := context.WithTimeout(t.Context(), 25*time.Second)
		defer cancel()
		start := time.Now()
		_, err := n.Dial("east")(ctx, "tcp", west+":80")
		var ne net.Error
		if !errors.As(err, &ne) || !ne.Timeout() {
			t.Errorf("got %v, want a timeout", err)
		}
		if got := time.Since(start); got != 25*time.Second {
			t.Errorf("it gave up after %s", got)
		}
		// without a limit of its own, the operating system's
		start = time.Now()
		if _, err = n.Dial("east")(t.Context(), "tcp", west+":80"); !errors.Is(err, syscall.ETIMEDOUT) || time.Since(start) != 127*time.Second {
			t.Errorf("got %v after %s", err, time.Since(start))
		}
	})
}

func TestDialSucceedsWithItsNextAttemptAfterTheHeal(t *testing.T) {
	inMemory(t, func(t *testing.T, n *wire.Network) {
		l, err := n.Listen("west", west+":80")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		apply(t, n, providers.LinkRule{Drop: true})
		start := time.Now()
		healed := time.AfterFunc(4*time.Second, func() { n.Remove(east, "r") })
		defer healed.Stop()
		c, err := n.Dial("east")(t.Context(), "tcp", west+":80")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if got := time.Since(start); got < 7*time.Second || got > 7002*time.Millisecond {
			t.Errorf("connected after %s; attempts are made after 0, 1, 3, 7 s", got)
		}
	})
}

func TestRejectRefusesAndResets(t *testing.T) {
	onBoth(t, func(t *testing.T, n *wire.Network) {
		client, server := pair(t, n, 80)
		apply(t, n, providers.LinkRule{Reject: true})
		if _, err := n.Dial("east")(t.Context(), "tcp", west+":80"); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("dial: %v", err)
		}
		if _, err := client.Write([]byte("x")); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("write: %v", err)
		}
		if _, err := server.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("the other end: %v", err)
		}
	})
}

// opens reports whether each side can open a connection to the other at a port.
func opens(t *testing.T, n *wire.Network, port string) (eastToWest, westToEast bool) {
	t.Helper()
	try := func(from, to, at string) bool {
		l, err := n.Listen(to, net.JoinHostPort(at, port))
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		c, err := n.Dial(from)(ctx, "tcp", net.JoinHostPort(at, port))
		if err != nil {
			return false
		}
		defer c.Close()
		far, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer far.Close()
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		_ = far.SetDeadline(time.Now().Add(10 * time.Second))
		if _, err := c.Write([]byte("?")); err != nil {
			return false
		}
		if _, err := io.ReadFull(far, make([]byte, 1)); err != nil {
			return false
		}
		if _, err := far.Write([]byte("!")); err != nil {
			return false
		}
		_, err = io.ReadFull(c, make([]byte, 1))
		return err == nil
	}
	return try("east", "west", west), try("west", "east", east)
}

func TestRulesCutWhatTheySayAndNothingElse(t *testing.T) {
	for _, c := range []struct {
		name     string
		rule     providers.LinkRule
		out, in  bool // whether connections that the host opens, and accepts, still work
		elsewise string
	}{
		{name: "both", rule: providers.LinkRule{Direction: "both"}},
		{name: "no direction means both", rule: providers.LinkRule{}},
		{name: "out by connections", rule: providers.LinkRule{Direction: "out", Match: "connections"}, in: true},
		{name: "in by connections", rule: providers.LinkRule{Direction: "in"}, out: true},
		{name: "out by packets kills replies too", rule: providers.LinkRule{Direction: "out", Match: "packets"}},
		{name: "in by packets kills replies too", rule: providers.LinkRule{Direction: "in", Match: "packets"}},
		{name: "its port", rule: providers.LinkRule{Ports: []int{22, 80}}},
		{name: "another port", rule: providers.LinkRule{Ports: []int{25091}}, out: true, in: true},
		{name: "its protocol", rule: providers.LinkRule{Protocol: "tcp"}},
		{name: "another protocol", rule: providers.LinkRule{Protocol: "udp"}, out: true, in: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			inMemory(t, func(t *testing.T, n *wire.Network) {
				c.rule.Drop = true
				apply(t, n, c.rule)
				if out, in := opens(t, n, "80"); out != c.out || in != c.in {
					t.Errorf("the host's own connections work: %v, those to it: %v; want %v, %v", out, in, c.out, c.in)
				}
			})
		})
	}
}

func TestNodesOutsideTheNetworksAreNotTouched(t *testing.T) {
	inMemory(t, func(t *testing.T, n *wire.Network) {
		apply(t, n, providers.LinkRule{Drop: true})
		l, err := n.Listen("west", west+":80")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		c, err := n.Dial("runner")(t.Context(), "tcp", west+":80")
		if err != nil {
			t.Fatal(err)
		}
		_ = c.Close()
	})
}

func TestLatencyAndRateAddUp(t *testing.T) {
	inMemory(t, func(t *testing.T, n *wire.Network) {
		client, server := pair(t, n, 80)
		start := time.Now()
		send(t, client, "x")
		receive(t, server, "x")
		base := time.Since(start)
		if base <= 0 || base >= time.Millisecond {
			t.Errorf("base latency %s", base)
		}
		apply(t, n, providers.LinkRule{LatencyMS: 40, RateBPS: 8000})
		start = time.Now()
		send(t, client, string(make([]byte, 1000))) // a second on the line each
		send(t, client, string(make([]byte, 1000)))
		receive(t, server, string(make([]byte, 1000)))
		if got, want := time.Since(start), time.Second+40*time.Millisecond+base; got != want {
			t.Errorf("the first took %s, want %s", got, want)
		}
		receive(t, server, string(make([]byte, 1000)))
		if got, want := time.Since(start), 2*time.Second+40*time.Millisecond+base; got != want {
			t.Errorf("both took %s, want %s", got, want)
		}
	})
}

// timings sends pieces through jitter and loss and says when each arrived.
func timings(t *testing.T, seed uint64) (out []time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := lay(wire.NewMemory(seed))
		defer n.Close()
		client, server := pair(t, n, 80)
		apply(t, n, providers.LinkRule{LatencyMS: 20, JitterMS: 10, Loss: 0.3})
		for i := range 50 {
			start := time.Now()
			send(t, client, fmt.Sprint(i%10))
			receive(t, server, fmt.Sprint(i%10))
			out = append(out, time.Since(start))
		}
	})
	return out
}

func TestJitterAndLossAreRepeatable(t *testing.T) {
	a, b, c := timings(t, 1), timings(t, 1), timings(t, 2)
	if fmt.Sprint(a) != fmt.Sprint(b) {
		t.Errorf("the same seed gave\n%v\n%v", a, b)
	}
	if fmt.Sprint(a) == fmt.Sprint(c) {
		t.Error("another seed gave the same")
	}
	slow := 0
	for _, d := range a {
		if d < 10*time.Millisecond {
			t.Errorf("a piece took %s", d)
		}
		if d >= 200*time.Millisecond {
			slow++
		}
	}
	if slow < 5 || slow > 30 {
		t.Errorf("%d of 50 were repeated at a loss of 0.3", slow)
	}
}

func TestDeadlines(t *testing.T) {
	onBoth(t, func(t *testing.T, n *wire.Network) {
		client, server := pair(t, n, 80)
		silent(t, server, 20*time.Millisecond)
		apply(t, n, providers.LinkRule{Drop: true})
		_ = client.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
		for {
			if _, err := client.Write(make([]byte, 64<<10)); err != nil {
				if !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("got %v", err)
				}
				break
			}
		}
		n.Remove(east, "r")
		_ = client.SetWriteDeadline(time.Time{})
		go func() { _, _ = io.Copy(io.Discard, server) }()
		send(t, client, "again")
		_ = client.Close()
	})
}

func TestCloseEndsEverybodyWhoWaits(t *testing.T) {
	onBoth(t, func(t *testing.T, n *wire.Network) {
		client, _ := pair(t, n, 80)
		apply(t, n, providers.LinkRule{Drop: true, Ports: []int{99}})
		ended := make(chan error, 2)
		go func() {
			_, err := client.Read(make([]byte, 1))
			ended <- err
		}()
		go func() {
			_, err := n.Dial("east")(context.Background(), "tcp", west+":99")
			ended <- err
		}()
		n.Close()
		for range 2 {
			if err := <-ended; err == nil {
				t.Error("it went on")
			}
		}
		if _, err := n.Listen("west", west+":80"); err == nil {
			t.Error("it listens after its end")
		}
		if _, err := n.Dial("east")(t.Context(), "tcp", west+":80"); err == nil {
			t.Error("it dials after its end")
		}
	})
}

func TestAPortCanBeOpenedOnceAndAgainAfterItsClose(t *testing.T) {
	onBoth(t, func(t *testing.T, n *wire.Network) {
		l, err := n.Listen("west", west+":80")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := n.Listen("west", west+":80"); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("got %v", err)
		}
		_ = l.Close()
		l, err = n.Listen("west", west+":80")
		if err != nil {
			t.Fatal(err)
		}
		_ = l.Close()
	})
}

func TestRulesThatMakeNoSenseAreRefused(t *testing.T) {
	n := lay(wire.NewMemory(1))
	defer n.Close()
	for _, r := range []providers.LinkRule{
		{Name: "", Host: east},
		{Name: "x", Host: "dc1"},
		{Name: "x", Host: east, Networks: []string{"dc2"}},
		{Name: "x", Host: east, Direction: "up"},
		{Name: "x", Host: east, Match: "bytes"},
		{Name: "x", Host: east, Loss: 1.5},
		{Name: "x", Host: east, LatencyMS: -1},
		{Name: "x", Host: east, RateBPS: -1},
	} {
		if err := n.Apply(r); err == nil {
			t.Errorf("%+v was taken", r)
		}
	}
	if got := n.Rules(""); len(got) != 0 {
		t.Errorf("in force: %v", got)
	}
}

// Whatever the rules do meanwhile, what is read is what was written, in order.
func TestNoRuleCorruptsAStream(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		seed := rapid.Uint64().Draw(rt, "seed")
		writes := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 1, 2000), 1, 20).Draw(rt, "writes")
		rules := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) providers.LinkRule {
			return providers.LinkRule{
				Drop: rapid.Bool().Draw(t, "drop"), LatencyMS: rapid.Float64Range(0, 500).Draw(t, "latency"), JitterMS: rapid.Float64Range(0, 500).Draw(t, "jitter"),
				Loss: rapid.Float64Range(0, 0.9).Draw(t, "loss"), RateBPS: int64(rapid.IntRange(0, 1).Draw(t, "rated") * 100_000),
			}
		}), 1, 10).Draw(rt, "rules")
		synctest.Test(t, func(t *testing.T) {
			n := lay(wire.NewMemory(seed))
			defer n.Close()
			client, server := pair(t, n, 80)
			go func() {
				for i, w := range writes {
					_, _ = client.Write(w)
					apply(t, n, rules[i%len(rules)])
					<-time.After(time.Duration(i) * 37 * time.Millisecond)
				}
				n.Remove(east, "r")
				_ = client.Close()
			}()
			got, err := io.ReadAll(server)
			if err != nil || !bytes.Equal(got, bytes.Join(writes, nil)) {
				rt.Fatalf("read %d bytes (%v) of %d", len(got), err, len(bytes.Join(writes, nil)))
			}
		})
	})
}
