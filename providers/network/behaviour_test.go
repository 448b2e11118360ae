//go:build linux

package network

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"math"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/host"
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

func TestQueriesForANameAreRefusedAndNoOthers(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.serve(t, l.far, 53, "10.0.2.1")
	long := strings.Repeat("a", 60) + "." + strings.Repeat("b", 60) + ".example.com"
	ask := func(name string) string {
		q := make([]byte, 12)
		for label := range strings.SplitSeq(name, ".") {
			q = append(append(q, byte(len(label))), label...)
		}
		c, err := dial(l.host, "udp", "10.0.2.1:53", patience)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(patience))
		if _, err = c.Write(append(q, 0, 0, 1, 0, 1)); err == nil {
			_, err = c.Read(make([]byte, 500))
		}
		var e net.Error
		switch {
		case err == nil:
			return "answered"
		case errors.As(err, &e) && e.Timeout():
			return "silence"
		}
		return "refused"
	}
	args, _ := json.Marshal(map[string]any{"hosts": []string{"dc1.edge"}, "names": []string{"orders.example.com", long}})
	f := l.inject(t, "network_dns", string(args), time.Hour)
	for name, want := range map[string]string{
		"orders.example.com": "refused", "ORDERS.eXample.com": "refused", long: "refused",
		"orders.example.org": "answered", "a.orders.example.com": "answered", "orders.example.com.au": "answered", "xrders.example.com": "answered", "orders": "answered",
	} {
		if got := ask(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	f.heal(t)
	if got := ask("orders.example.com"); got != "answered" {
		t.Errorf("after the heal: %s", got)
	}
}

func TestAWrongNameIsTheOnlyOne(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	before := l.host.Must(t, "cat", "/etc/hosts")
	f := l.inject(t, "network_dns", `{"hosts":["dc1.edge"],"names":["orders.example.com"],"answer":"fd00::7"}`, time.Hour)
	if got := l.host.Must(t, "cat", "/etc/hosts"); !strings.HasSuffix(got, "\nfd00::7 orders.example.com\n") || len(got) != len(before)+len("fd00::7 orders.example.com\n") {
		t.Errorf("got %q, before it was %q", got, before)
	}
	f.heal(t)
	if got := l.host.Must(t, "cat", "/etc/hosts"); got != before {
		t.Errorf("got %q, before it was %q", got, before)
	}
}

func TestDelaysNeedNetem(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	env := l.env()
	env.Machine = func(providers.Place) (providers.Machine, error) {
		return machine{Node: l.host, qdiscs: []string{"htb"}}, nil
	}
	_, err := faultType(t, "network_latency").New(env).Prepare(t.Context(), hostID, json.RawMessage(`{"hosts":["dc1.edge"],"from":["10.0.2.0/24"],"latency":"100ms"}`))
	if !errors.Is(err, providers.ErrUnsupported) || !strings.Contains(err.Error(), "toxiproxy") {
		t.Errorf("got %v", err)
	}
}

// standInQueue is the latency with a queue that every kernel has, in place of netem: all but the delay itself is tried.
func standInQueue(queue string) providers.FaultType {
	k := latency()
	k.lay = func(ctx context.Context, s site, r providers.LinkRule) (host.Work, error) {
		return queueWork(ctx, s, r, queue)
	}
	return k.faultType()
}

func TestQueuesConform(t *testing.T) {
	t.Parallel()
	providertest.Run(t, standInQueue("pfifo limit 1000"), func(t *testing.T, try func(*testing.T, *providertest.World)) {
		l := newLab(t)
		l.host.Shell = []string{"dash"}
		try(t, &providertest.World{
			Env: l.env(), Fresh: l.env, ID: hostID, Args: json.RawMessage(`{"hosts":["dc1.edge"],"from":["10.0.2.0/24","fd00:2::/64"],"latency":"100ms","ports":[7]}`), TTL: 2 * time.Second,
			Scope: providers.Scope{Targets: targets()}, State: l.world,
		})
	})
}

// TestWhatWaitsInAQueue leads packets into a queue that is very slow, and sees which are.
func TestWhatWaitsInAQueue(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		more string
		slow []attempt
		fast []attempt
	}{
		{``, []attempt{{"host", "tcp", "10.0.2.1:7", "no"}, {"far", "tcp", "10.0.1.10:7", "no"}, {"far", "tcp", "[fd00:1::10]:7", "no"}}, []attempt{{"host", "tcp", "10.0.3.1:7", "yes"}, {"host", "tcp", "127.0.0.1:7", "yes"}}},
		{`,"direction":"in","match":"packets","ports":[7]`, []attempt{{"host", "udp", "10.0.2.1:7", "no"}, {"far", "udp", "[fd00:1::10]:7", "no"}}, []attempt{{"host", "udp", "10.0.2.1:8", "yes"}, {"host", "tcp", "10.0.3.1:7", "yes"}}},
		{`,"direction":"out","match":"packets","protocol":"udp"`, []attempt{{"host", "udp", "10.0.2.1:7", "no"}}, []attempt{{"host", "tcp", "10.0.2.1:7", "yes"}, {"host", "udp", "10.0.3.1:8", "yes"}}},
	} {
		l := newLab(t)
		d := standInQueue("tbf rate 8bit burst 10 limit 100000").New(l.env())
		h, err := d.Prepare(t.Context(), hostID, json.RawMessage(`{"hosts":["dc1.edge"],"from":["10.0.2.0/24","fd00:2::/64"],"latency":"100ms"`+tc.more+`}`))
		if err != nil {
			t.Fatal(err)
		}
		if err := d.(providers.Armer).Arm(t.Context(), h, lease(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if err := d.Inject(t.Context(), h); err != nil {
			t.Fatal(err)
		}
		l.try(t, tc.fast)
		l.try(t, tc.slow)
		armed{d, h}.heal(t)
		for _, a := range tc.slow {
			l.try(t, []attempt{{a.from, a.network, a.address, "yes"}})
		}
	}
}

func TestAQueueThatSomebodyHasSetUpIsNotReplaced(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.host.Must(t, "tc", "qdisc", "add", "dev", "wan", "root", "handle", "5:", "pfifo", "limit", "99")
	_, err := standInQueue("pfifo limit 1000").New(l.env()).Prepare(t.Context(), hostID, json.RawMessage(`{"hosts":["dc1.edge"],"from":["10.0.2.0/24"],"latency":"100ms"}`))
	if !errors.Is(err, providers.ErrUnsupported) || !strings.Contains(err.Error(), "wan has a queue that somebody has set up (pfifo 5)") {
		t.Errorf("got %v", err)
	}
}

func TestHostileArgumentsRunNothing(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	before, _ := l.world(t.Context())
	for _, s := range []string{
		"$(touch /tmp/owned)", "`touch /tmp/owned`", "'; touch /tmp/owned; '", "\"; touch /tmp/owned; \"", "-e", "--help", "a\nb", "a\x00b", "\xff\xfe", "|touch /tmp/owned",
		strings.Repeat("x", 64<<10), "\\", "*", "10.0.0.0/8; flush ruleset", "10.0.0.0/8 }\nflush ruleset\n", "", " ", "..", "a..b", "-a.b", "10.0.0.1%$(touch /tmp/owned)", "fe80::1%eth0",
	} {
		for _, ft := range Provider().Faults {
			for _, argument := range []string{"hosts", "from", "to", "names", "answer", "ports", "latency", "jitter"} {
				if !slices.ContainsFunc(ft.Schema.Attributes, func(a schema.Attribute) bool { return a.Name == argument }) || argument == "answer" && s == "" {
					continue
				}
				args := map[string]any{"hosts": []string{"dc1.edge"}, "from": []string{"10.0.2.0/24"}, "to": []string{"10.0.2.0/24"}, "names": []string{"a"}, "loss": 0.5, "rate": 1000, "latency": "1s"}
				args[argument] = []string{s}
				if argument == "answer" || argument == "latency" || argument == "jitter" {
					args[argument] = s
				}
				if argument == "jitter" && s == "" {
					continue
				}
				raw, _ := json.Marshal(args)
				if _, err := ft.New(l.env()).Prepare(t.Context(), hostID, raw); err == nil {
					t.Errorf("%s takes %s = %s", ft.Name, argument, strconv.Quote(s[:min(len(s), 50)]))
				}
			}
		}
	}
	if after, _ := l.world(t.Context()); after != before {
		t.Errorf("something has run:\n%s\n%s", before, after)
	}
}
