//go:build linux

package network

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/providertest"
)

func TestConnectionsThatAreOpenAreCutToo(t *testing.T) {
	t.Parallel()
	mechanisms(t, func(t *testing.T, l *lab) {
		// A host with a firewall tracks connections already; on any other, nothing is known of those that are open.
		l.host.Must(t, "nft", "add table inet fw; add chain inet fw in { type filter hook input priority 0; }; add rule inet fw in ct state established accept")
		ours, err := dial(l.host, "tcp", "10.0.2.1:7", patience)
		if err != nil {
			t.Fatal(err)
		}
		defer ours.Close()
		theirs, err := dial(l.far, "tcp", "10.0.1.10:7", patience)
		if err != nil {
			t.Fatal(err)
		}
		defer theirs.Close()
		if !talks(ours) || !talks(theirs) {
			t.Fatal("the connections do not work")
		}
		f := l.inject(t, "network_partition", `{"hosts":["dc1.edge"],"from":["10.0.2.0/24"],"direction":"out"}`, time.Hour)
		if talks(ours) {
			t.Error("what the host has opened still talks")
		}
		if !talks(theirs) {
			t.Error("what the other side has opened is cut")
		}
		f.heal(t)
		if !talks(theirs) {
			t.Error("what the other side has opened is cut after the heal")
		}
	})
}

func TestTheShareThatIsLost(t *testing.T) {
	t.Parallel()
	mechanisms(t, func(t *testing.T, l *lab) {
		const n, share = 4000, 0.3
		f := l.inject(t, "network_loss", fmt.Sprintf(`{"hosts":["dc1.edge"],"from":["10.0.2.0/24"],"loss":%v,"direction":"in","match":"packets"}`, share), time.Hour)
		c, err := dial(l.host, "udp", "10.0.2.1:7", patience)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		var came atomic.Int64
		done := make(chan struct{})
		go func() {
			defer close(done)
			b := make([]byte, 10)
			for {
				if _, err := c.Read(b); err != nil {
					return
				}
				came.Add(1)
			}
		}()
		for i := range n {
			if _, err := c.Write([]byte("x")); err != nil {
				t.Fatal(err)
			}
			if i%10 == 0 {
				<-time.After(time.Millisecond)
			}
		}
		<-time.After(patience)
		_ = c.SetReadDeadline(time.Now())
		<-done
		lost := float64(n-came.Load()) / n
		// Five standard deviations: one run in a million is further away.
		if off := 5 * math.Sqrt(share*(1-share)/n); math.Abs(lost-share) > off {
			t.Errorf("%.3f of the packets are lost, want %.2f within %.3f", lost, share, off)
		}
		f.heal(t)
	})
}

func TestTheRateThatIsLeft(t *testing.T) {
	t.Parallel()
	mechanisms(t, func(t *testing.T, l *lab) {
		const rate = 400 << 10
		f := l.inject(t, "network_bandwidth", fmt.Sprintf(`{"hosts":["dc1.edge"],"from":["10.0.2.0/24"],"rate":%d}`, rate), time.Hour)
		// Packets of UDP, twice as many as may pass.
		c, err := dial(l.far, "udp", "10.0.1.10:7", patience)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		var came atomic.Int64
		go func() {
			b := make([]byte, 2000)
			for {
				k, err := c.Read(b)
				if err != nil {
					return
				}
				came.Add(int64(k))
			}
		}()
		msg := make([]byte, 1000)
		flood := func(d time.Duration) int64 {
			before, start := came.Load(), time.Now()
			for i := 1; time.Since(start) < d; i++ {
				_, _ = c.Write(msg)
				if ahead := time.Duration(i)*time.Second*1000/(2*rate) - time.Since(start); ahead > 0 {
					<-time.After(ahead)
				}
			}
			return came.Load() - before
		}
		flood(2500 * time.Millisecond) // what the bucket holds in the beginning
		got := float64(flood(2*time.Second)) / 2
		if ratio := got / rate; ratio < 0.7 || ratio > 1.15 {
			t.Errorf("%.0f bytes a second pass, want about %d: %.2f of it", got, rate, ratio)
		}
		f.heal(t)
		if got := float64(flood(time.Second)); got < 1.5*rate {
			t.Errorf("after the heal only %.0f bytes a second pass", got)
		}
	})
}

func TestTheKernelEndsTheCutWhenNobodyElseDoes(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	f := l.inject(t, "network_partition", `{"hosts":["dc1.edge"],"from":["10.0.2.0/24","fd00:2::/64"]}`, 2*time.Second)
	pid := strings.TrimSpace(l.host.Must(t, "sh", "-c", "cat /run/xdc/*/watch.pid"))
	l.host.Must(t, "kill", "-KILL", pid)
	l.try(t, []attempt{{"host", "tcp", "10.0.2.1:7", "no"}, {"host", "tcp", "[fd00:2::1]:7", "no"}})
	<-time.After(5 * time.Second)
	l.try(t, []attempt{{"host", "tcp", "10.0.2.1:7", "yes"}, {"host", "tcp", "[fd00:2::1]:7", "yes"}})
	if e, err := f.deed.Verify(t.Context(), f.handle); err != nil || e.InForce || !strings.Contains(e.Evidence, "expire") {
		t.Errorf("got %+v, %v", e, err)
	}
	f.heal(t)
}

func TestARenewalLeavesNoGap(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	f := l.inject(t, "network_partition", `{"hosts":["dc1.edge"],"from":["10.0.2.0/24"],"direction":"in","match":"packets"}`, time.Minute)
	c, err := dial(l.host, "udp", "10.0.2.1:7", patience)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var came atomic.Int64
	go func() {
		b := make([]byte, 10)
		for {
			if _, err := c.Read(b); err != nil {
				return
			}
			came.Add(1)
		}
	}()
	stop := make(chan struct{})
	done := make(chan int)
	go func() {
		n := 0
		for {
			select {
			case <-stop:
				done <- n
				return
			default:
				_, _ = c.Write([]byte("x"))
				n++
			}
		}
	}()
	for range 10 {
		if err := f.deed.(providers.Armer).Renew(t.Context(), f.handle, lease(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if err := f.deed.(providers.Stager).Restage(t.Context(), f.handle, json.RawMessage(`{"hosts":["dc1.edge"],"from":["10.0.2.0/24"],"direction":"in","match":"packets"}`)); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	n := <-done
	if came.Load() > 0 || n < 100 {
		t.Errorf("%d of %d packets came through", came.Load(), n)
	}
	f.heal(t)
}

func TestAStageMayMeanOtherNetworks(t *testing.T) {
	t.Parallel()
	mechanisms(t, func(t *testing.T, l *lab) {
		before, _ := l.world(t.Context())
		f := l.inject(t, "network_loss", `{"hosts":["dc1.edge"],"from":["10.0.2.0/24"],"loss":1}`, time.Hour)
		if err := f.deed.(providers.Stager).Restage(t.Context(), f.handle, json.RawMessage(`{"hosts":["dc1.edge"],"from":["fd00:2::/64"],"loss":1,"ports":[7],"direction":"out"}`)); err != nil {
			t.Fatal(err)
		}
		if err := f.deed.(providers.Armer).Renew(t.Context(), f.handle, lease(time.Hour)); err != nil {
			t.Fatal(err)
		}
		l.try(t, []attempt{{"host", "tcp", "10.0.2.1:7", "yes"}, {"host", "tcp", "[fd00:2::1]:7", "no"}, {"host", "tcp", "[fd00:2::1]:8", "yes"}, {"far", "tcp", "[fd00:1::10]:7", "yes"}})
		f.heal(t)
		if after, _ := l.world(t.Context()); after != before {
			t.Errorf("the host is not as it was:\n%s\n%s", before, after)
		}
	})
}

func TestAHostForwardsNothingThatIsCut(t *testing.T) {
	t.Parallel()
	mechanisms(t, func(t *testing.T, l *lab) {
		inner := providertest.NewNode(t, "inner")
		providertest.Join(t, l.host, "lan", "10.9.0.1/24", inner, "lan", "10.9.0.2/24")
		inner.Must(t, "ip", "route", "add", "default", "via", "10.9.0.1")
		l.far.Must(t, "ip", "route", "add", "10.9.0.0/24", "via", "10.0.1.10", "dev", "wan", "onlink")
		l.host.Must(t, "sysctl", "-qw", "net.ipv4.ip_forward=1")
		f := l.inject(t, "network_partition", `{"hosts":["dc1.edge"],"from":["10.0.2.0/24"]}`, time.Hour)
		if got := reach(inner, "tcp", "10.0.2.1:7"); got != "no" {
			t.Errorf("through the host: %s", got)
		}
		if got := reach(inner, "tcp", "10.0.3.1:7"); got != "yes" {
			t.Errorf("through the host to somebody else: %s", got)
		}
		f.heal(t)
		if got := reach(inner, "tcp", "10.0.2.1:7"); got != "yes" {
			t.Errorf("through the host after the heal: %s", got)
		}
	})
}

func TestALostRouteIsOne(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	f := l.inject(t, "network_blackhole", `{"hosts":["dc1.edge"],"to":["10.0.2.0/24","fd00:2::/64"]}`, time.Hour)
	if got := reach(l.host, "tcp", "10.0.2.1:7"); got == "yes" {
		t.Error("the host still finds the way")
	}
	l.try(t, []attempt{{"far", "tcp", "10.0.1.10:7", "no"}, {"host", "tcp", "10.0.3.1:7", "yes"}, {"host", "tcp", "[fd00:3::1]:7", "yes"}, {"far", "tcp", "[fd00:1::10]:7", "no"}})
	f.heal(t)
	l.try(t, []attempt{{"host", "tcp", "10.0.2.1:7", "yes"}, {"far", "tcp", "[fd00:1::10]:7", "yes"}})
	f = l.inject(t, "network_blackhole", `{"hosts":["dc1.edge"],"to":["0.0.0.0/0","::/0"]}`, time.Hour)
	l.try(t, []attempt{{"far", "tcp", "10.0.1.10:7", "no"}, {"host", "tcp", "10.0.1.10:7", "yes"}, {"host", "tcp", "127.0.0.1:7", "yes"}})
	f.heal(t)
}
