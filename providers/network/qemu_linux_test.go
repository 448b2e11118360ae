package network

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/providertest"
	"github.com/xdc-project/xdc/providers/shell"
)

// TestNetemUnderQemu tries the real delay, which needs a kernel with netem: one is booted in an emulator, reached over SSH,
// and measured through its own network card.
//
// It does not run beside the package's other tests: who measures time needs the processor.
func TestNetemUnderQemu(t *testing.T) { //nolint:paralleltest // see above
	if testing.Short() {
		t.Skip("boots a kernel in an emulator: not in short tests")
	}
	if raced {
		t.Skip("runs without the race detector, in a pass of its own")
	}
	g := boot(t)
	v := &visitor{guest: g, env: g.env(t), near: listen(t, "127.0.0.1:0"), near6: listen(t, "[::1]:0")}
	v.machine = v.at(t)
	f, err := v.machine.Facts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s is up after %.1fs", f.Kernel, g.up.Sub(g.began).Seconds())
	for _, q := range []string{"netem", "htb"} {
		if !slices.Contains(f.Qdiscs, q) {
			t.Fatalf("its kernel has no %s: %q", q, f.Qdiscs)
		}
	}
	t.Run("a delay with jitter, and a stage", v.delay)
	t.Run("one way at a time", v.oneWay)
	t.Run("both protocols, and the way by which xdc comes", v.everything)
	t.Run("an interface with several queues", v.queues)
	t.Run("the lease ends", v.leaseEnds)
	t.Run("conformance", v.conforms)
	t.Logf("all in %.1fs", time.Since(g.began).Seconds())
}

// env is what a run gives to its faults. Each has a connection of its own.
func (g *guest) env(t *testing.T) providers.Env {
	t.Helper()
	p := g.pool(t)
	return providers.Env{Run: run, Targets: targets(), Machine: func(at providers.Place) (providers.Machine, error) { return p.Machine(at, g.host) }}
}

// listen answers at an address of this machine, and returns its port; 0 where there is no such address.
func listen(t *testing.T, address string) int {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		return 0
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = io.Copy(c, c)
			}()
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

// visitor looks at the guest from outside and from inside.
type visitor struct {
	*guest
	env         providers.Env
	machine     providers.Machine
	near, near6 int // ports of this machine that answer
}

func (v *visitor) at(t *testing.T) providers.Machine {
	t.Helper()
	m, err := v.env.Machine(providers.Place{Target: "dc1", Host: "edge"})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (v *visitor) conforms(t *testing.T) {
	providertest.Run(t, faultType(t, "network_latency"), func(t *testing.T, try func(*testing.T, *providertest.World)) {
		try(t, &providertest.World{
			Env: v.env, Fresh: func() providers.Env { return v.guest.env(t) }, ID: hostID,
			Args: json.RawMessage(`{"hosts":["dc1.edge"],"from":["10.0.2.2/32","fec0::2/128"],"latency":"80ms","jitter":"20ms","ports":[7]}`),
			TTL:  4 * time.Second, Scope: providers.Scope{Targets: targets()}, State: v.world,
		})
	})
}

func (v *visitor) sh(t *testing.T, text string, more ...string) string {
	t.Helper()
	out, err := v.machine.Run(t.Context(), shell.Script{Name: "look", Text: text}.SetList("MORE", more))
	if err != nil || out.Exit != 0 {
		t.Fatalf("%s: status %d, %v\n%s", text, out.Exit, err, out.Stderr)
	}
	return out.Stdout
}

func (v *visitor) world(ctx context.Context) (string, error) {
	out, err := v.machine.Run(ctx, shell.Script{Name: "look", Text: `
nft -s list ruleset
ip rule; ip -6 rule; ip route show table all; ip -6 route show table all; ip -o link | sed 's/ state .*//'
tc qdisc show; tc class show dev eth0; tc filter show dev eth0
find /run /tmp | grep -v '^/run/xdc.log$' | sort`})
	return out.Stdout + out.Stderr, err
}

func (v *visitor) look(t *testing.T) string {
	t.Helper()
	now, err := v.world(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return now
}

// inject puts a delay in force and sees it verified.
func (v *visitor) inject(t *testing.T, args string, ttl time.Duration) armed {
	t.Helper()
	d := faultType(t, "network_latency").New(v.env)
	h, err := d.Prepare(t.Context(), hostID, json.RawMessage(args))
	if err != nil {
		t.Fatalf("prepare: %v", err)
	}
	if err := d.(providers.Armer).Arm(t.Context(), h, lease(ttl)); err != nil {
		t.Fatalf("arm: %v", err)
	}
	if err := d.Inject(t.Context(), h); err != nil {
		t.Fatalf("inject: %v", err)
	}
	if e, err := d.Verify(t.Context(), h); err != nil || !e.InForce {
		t.Fatalf("verify: %+v, %v", e, err)
	}
	return armed{d, h}
}

// times are how long answers took, the shortest first.
type times []time.Duration

func (s times) at(share float64) time.Duration { return s[int(share*float64(len(s)-1))] }
func (s times) median() time.Duration          { return s.at(0.5) }

// spread is between the answers of which a tenth is faster and a tenth slower.
func (s times) spread() time.Duration { return s.at(0.9) - s.at(0.1) }

func (s times) String() string {
	r := func(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }
	return fmt.Sprintf("median %s, from %s to %s, spread %s", r(s.median()), r(s[0]), r(s[len(s)-1]), r(s.spread()))
}

// outside measures connections from this machine to a port of the guest.
func (v *visitor) outside(t *testing.T, port int) times {
	t.Helper()
	const connections, each = 6, 10
	all := make(chan times, connections)
	for range connections {
		go func() {
			var s times
			defer func() { all <- s }()
			c, err := net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(v.echo[port]))
			if err != nil {
				return
			}
			defer c.Close()
			for i := range each + 1 {
				d, err := trip(c)
				if err != nil {
					return
				}
				if i > 0 { // the first also waits for the connection to the guest itself
					s = append(s, d)
				}
			}
		}()
	}
	var out times
	for range connections {
		out = append(out, <-all...)
	}
	if len(out) < connections*each {
		t.Fatalf("only %d of %d answers come back from port %d", len(out), connections*each, port)
	}
	slices.Sort(out)
	return out
}

// trip is how long a byte takes there and back.
func trip(c net.Conn) (time.Duration, error) {
	start := time.Now()
	_ = c.SetDeadline(start.Add(10 * time.Second))
	if _, err := c.Write([]byte("x")); err != nil {
		return 0, err
	}
	_, err := io.ReadFull(c, make([]byte, 1))
	return time.Since(start), err
}

// inside measures a connection that the guest opens.
func (v *visitor) inside(t *testing.T, address string) times {
	t.Helper()
	var out times
	for f := range strings.FieldsSeq(v.sh(t, `eval "set -- $MORE"; guest measure tcp "$1" 15`, address)) {
		us, err := strconv.Atoi(f)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, time.Duration(us)*time.Microsecond)
	}
	slices.Sort(out)
	return out
}

// slower measures until answers take longer than they did by a time, and not much longer: a machine that is busy with other
// things makes them later, never earlier.
func slower(t *testing.T, what string, before times, by time.Duration, measure func() times) times {
	t.Helper()
	for attempt := 1; ; attempt++ {
		now := measure()
		t.Logf("%s: %s", what, now)
		more := now.median() - before.median()
		switch late := more > by*3/2+40*time.Millisecond; {
		case late && attempt < 4:
			continue
		case late, more < by*9/10-20*time.Millisecond:
			t.Errorf("%s: half of the answers take %s longer, not about %s (before: %s)", what, more, by, before)
		}
		return now
	}
}

// elsewhere is another destination by the same interface, which answers too.
const elsewhere = "10.0.2.100:7"

func (v *visitor) delay(t *testing.T) {
	was := v.look(t)
	port := func(n int) func() times { return func() times { return v.outside(t, n) } }
	seven, eight, other := v.outside(t, 7), v.outside(t, 8), v.inside(t, elsewhere)
	t.Logf("before: %s", seven)

	// Each way waits 100ms, give or take 40ms.
	f := v.inject(t, `{"hosts":["dc1.edge"],"from":["10.0.2.2/32"],"latency":"100ms","jitter":"40ms","ports":[7]}`, time.Hour)
	now := slower(t, "with 100ms and 40ms of jitter", seven, 200*time.Millisecond, port(7))
	if now[0] < 120*time.Millisecond {
		t.Errorf("an answer took %s: the two ways wait 60ms each at least", now[0])
	}
	// Two uniform parts make a triangle, eight tenths of which are 88ms wide.
	if s := now.spread(); s < 45*time.Millisecond {
		t.Errorf("the spread is %s", s)
	}
	slower(t, "another port meanwhile", eight, 0, port(8))
	slower(t, "another destination meanwhile", other, 0, func() times { return v.inside(t, elsewhere) })

	c, err := net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(v.echo[7]))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := trip(c); err != nil {
		t.Fatal(err)
	}
	const queues = "tc qdisc show | sed 's/ direct_packets_stat [0-9]*//'"
	first := v.sh(t, queues)
	stage := json.RawMessage(`{"hosts":["dc1.edge"],"from":["10.0.2.2/32"],"latency":"50ms","ports":[7]}`)
	if err := f.deed.(providers.Stager).Restage(t.Context(), f.handle, stage); err != nil {
		t.Fatal(err)
	}
	second := v.sh(t, queues)
	if strings.ReplaceAll(first, "delay 100ms  40ms", "delay 50ms") != second || first == second {
		t.Errorf("the stage has done more than change the delay:\n%s\n%s", first, second)
	}
	if _, err := trip(c); err != nil {
		t.Errorf("a connection does not outlive a stage: %v", err)
	}
	now = slower(t, "after the stage, with 50ms", seven, 100*time.Millisecond, port(7))
	if now[0] < 100*time.Millisecond {
		t.Errorf("an answer took %s", now[0])
	}
	f.heal(t)
	if _, err := trip(c); err != nil {
		t.Errorf("a connection does not outlive the heal: %v", err)
	}
	slower(t, "after the heal", seven, 0, port(7))
	v.same(t, was)
}

// same fails unless the guest is as it was, byte for byte.
func (v *visitor) same(t *testing.T, was string) {
	t.Helper()
	if now := v.look(t); now != was {
		t.Errorf("the guest is not as it was:\n--- before\n%s\n--- now\n%s", was, now)
	}
}

func (v *visitor) oneWay(t *testing.T) {
	seven := v.outside(t, 7)
	for _, direction := range []string{"in", "out"} {
		f := v.inject(t, `{"hosts":["dc1.edge"],"from":["10.0.2.2/32"],"latency":"100ms","ports":[7],"match":"packets","direction":"`+direction+`"}`, time.Hour)
		slower(t, "100ms, "+direction, seven, 100*time.Millisecond, func() times { return v.outside(t, 7) })
		f.heal(t)
	}
}

func (v *visitor) everything(t *testing.T) {
	was := v.look(t)
	seven, other := v.outside(t, 7), v.inside(t, elsewhere)
	addresses := map[string]int{"10.0.2.2": v.near, "fec0::2": v.near6}
	before := map[string]times{}
	for a, port := range addresses {
		if port != 0 {
			before[a] = v.inside(t, net.JoinHostPort(a, strconv.Itoa(port)))
		}
	}
	f := v.inject(t, `{"hosts":["dc1.edge"],"from":["10.0.2.2/32","fec0::2/128"],"latency":"60ms"}`, time.Hour)
	slower(t, "what comes in", seven, 120*time.Millisecond, func() times { return v.outside(t, 7) })
	for a, b := range before {
		slower(t, "what the guest opens to "+a, b, 120*time.Millisecond, func() times { return v.inside(t, net.JoinHostPort(a, strconv.Itoa(addresses[a]))) })
	}
	slower(t, "another destination meanwhile", other, 0, func() times { return v.inside(t, elsewhere) })
	f.heal(t)
	v.same(t, was)
}

// queues tries an interface as fast network cards are: with a queue for each processor, below one that only leads there.
func (v *visitor) queues(t *testing.T) {
	v.sh(t, "ip link add many numtxqueues 4 type ifb && ip link set many up && ip addr add 10.0.9.1/24 dev many")
	was := v.look(t)
	if !strings.Contains(was, "qdisc mq 0: dev many root") {
		t.Fatalf("the interface has no mq:\n%s", was)
	}
	f := v.inject(t, `{"hosts":["dc1.edge"],"from":["10.0.9.0/24"],"latency":"60ms"}`, time.Hour)
	f.heal(t)
	v.same(t, was)
	v.sh(t, "ip link del many")
}

func (v *visitor) leaseEnds(t *testing.T) {
	was := v.look(t)
	seven := v.outside(t, 7)
	f := v.inject(t, `{"hosts":["dc1.edge"],"from":["10.0.2.2/32"],"latency":"100ms","jitter":"20ms"}`, time.Hour)
	slower(t, "while the lease runs", seven, 200*time.Millisecond, func() times { return v.outside(t, 7) })
	// The last renewal, before xdc is gone.
	if err := f.deed.(providers.Armer).Renew(t.Context(), f.handle, lease(3*time.Second)); err != nil {
		t.Fatal(err)
	}
	now := ""
	for end := time.Now().Add(time.Minute); now != was && time.Now().Before(end); {
		<-time.After(300 * time.Millisecond)
		now = v.look(t)
	}
	slower(t, "after the lease", seven, 0, func() times { return v.outside(t, 7) })
	v.same(t, was)
	if log := v.sh(t, "tail -n 1 /run/xdc.log"); !strings.Contains(log, "healed: the lease ended") {
		t.Errorf("the watchdog says %q", log)
	}
	f.heal(t)
}
