//go:build linux

package network

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/providertest"
)

const run = "20260101T000000Z-abcdefgh"

// Tests here mostly wait, so that more of them run at a time than there are processors.
func TestMain(m *testing.M) {
	flag.Parse()
	_ = flag.Set("test.parallel", "12") // the flag exists
	os.Exit(m.Run())
}

// lab is a host, and the other side at the end of a cable: 10.0.2.1 and fd00:2::1 are in the networks that faults name,
// 10.0.3.1 and fd00:3::1 are not. On both sides, ports 7, 8 and 9 answer over TCP, and 7 and 8 over UDP.
type lab struct {
	host, far *providertest.Node
	tables    bool // nftables is hidden
}

func newLab(t *testing.T) *lab {
	t.Helper()
	l := &lab{host: providertest.NewNode(t, "edge"), far: providertest.NewNode(t, "far")}
	providertest.Join(t, l.host, "wan", "10.0.1.10/24", l.far, "wan", "10.0.2.1/24")
	for _, c := range []struct {
		n    *providertest.Node
		args string
	}{
		{l.host, "addr add fd00:1::10/64 dev wan nodad"},
		{l.far, "addr add fd00:2::1/64 dev wan nodad"},
		{l.far, "addr add 10.0.3.1/24 dev wan"},
		{l.far, "addr add fd00:3::1/64 dev wan nodad"},
		{l.host, "route add 10.0.2.0/24 dev wan"},
		{l.host, "route add 10.0.3.0/24 dev wan"},
		{l.far, "route add 10.0.1.0/24 dev wan src 10.0.2.1"},
		{l.host, "-6 route add fd00:2::/64 dev wan"},
		{l.host, "-6 route add fd00:3::/64 dev wan"},
		{l.far, "-6 route add fd00:1::/64 dev wan src fd00:2::1"},
		{l.host, "link set wan addrgenmode none"},
		{l.host, "-6 addr flush dev wan scope link"},
	} {
		c.n.Must(t, append([]string{"ip"}, strings.Fields(c.args)...)...)
	}
	for _, port := range []int{7, 8, 9} {
		l.serve(t, l.host, port, "10.0.1.10", "fd00:1::10")
		l.serve(t, l.far, port, "10.0.2.1", "10.0.3.1", "fd00:2::1", "fd00:3::1")
	}
	return l
}

// facts are the same for all nodes of one kernel, and take a while to find.
var facts = func() func(n *providertest.Node) (providers.Facts, error) {
	var once sync.Once
	var f providers.Facts
	var err error
	return func(n *providertest.Node) (providers.Facts, error) {
		once.Do(func() { f, err = n.Facts(context.Background()) })
		return f, err
	}
}()

// machine is the lab's host.
type machine struct {
	*providertest.Node
	tables bool
	qdiscs []string
}

func (m machine) Facts(context.Context) (providers.Facts, error) {
	f, err := facts(m.Node)
	f.Tools = maps.Clone(f.Tools)
	if m.tables {
		delete(f.Tools, "nft")
	}
	if m.qdiscs != nil {
		f.Qdiscs = m.qdiscs
	}
	return f, err
}

func (l *lab) env() providers.Env {
	return providers.Env{Run: run, Targets: targets(), Machine: func(p providers.Place) (providers.Machine, error) {
		if p.String() != "dc1.edge" {
			return nil, fmt.Errorf("no machine at %s", p)
		}
		return machine{Node: l.host, tables: l.tables}, nil
	}}
}

// setns is the number of a system call that the package syscall does not name.
var setns = map[string]uintptr{"amd64": 308, "arm64": 268}

// in does something in the network of a node, on a thread that ends with it.
func in(n *providertest.Node, do func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: the thread is not used again
		f, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", n.PID()))
		if err != nil {
			return
		}
		defer f.Close()
		if _, _, no := syscall.RawSyscall(setns[runtime.GOARCH], f.Fd(), syscall.CLONE_NEWNET, 0); no == 0 {
			do()
		}
	}()
	<-done
}

// serve answers on a port: what comes in goes back, over TCP and UDP. Port 9 takes everything and answers nothing.
func (l *lab) serve(t *testing.T, n *providertest.Node, port int, addresses ...string) {
	t.Helper()
	in(n, func() {
		tcp, err := net.ListenTCP("tcp", &net.TCPAddr{Port: port})
		if err != nil {
			t.Errorf("%s: %v", n.Name, err)
			return
		}
		t.Cleanup(func() { tcp.Close() })
		go func() {
			for {
				c, err := tcp.Accept()
				if err != nil {
					return
				}
				go func() {
					defer c.Close()
					if port == 9 {
						_, _ = io.Copy(io.Discard, c)
						return
					}
					_, _ = io.Copy(c, c)
				}()
			}
		}()
		if port == 9 {
			return
		}
		// An answer from a wildcard address would come from the wrong one of several.
		for _, address := range addresses {
			udp, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(address), Port: port})
			if err != nil {
				t.Errorf("%s: %v", n.Name, err)
				return
			}
			t.Cleanup(func() { udp.Close() })
			go echo(udp)
		}
	})
}

func echo(udp *net.UDPConn) {
	b := make([]byte, 2048)
	for {
		k, from, err := udp.ReadFromUDP(b)
		if err != nil {
			return
		}
		_, _ = udp.WriteToUDP(b[:k], from)
	}
}

// dial opens a connection from a node; nil when it does not come about in time.
func dial(n *providertest.Node, network, address string, limit time.Duration) (c net.Conn, err error) {
	in(n, func() { c, err = net.DialTimeout(network, address, limit) })
	return c, err
}

const patience = 400 * time.Millisecond

// talks reports whether a word comes back on a connection.
func talks(c net.Conn) bool {
	_ = c.SetDeadline(time.Now().Add(patience))
	if _, err := c.Write([]byte("hello")); err != nil {
		return false
	}
	b := make([]byte, 5)
	_, err := io.ReadFull(c, b)
	return err == nil
}

// reach says what comes of an attempt: yes, refused, or no (nothing is heard).
func reach(n *providertest.Node, network, address string) string {
	c, err := dial(n, network, address, patience)
	if err != nil {
		if e, ok := err.(net.Error); ok && e.Timeout() { //nolint:errorlint // the dialler returns it as it is
			return "no"
		}
		return "refused"
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	b := make([]byte, 5)
	if _, err = c.Write([]byte("hello")); err == nil {
		_, err = io.ReadFull(c, b)
	}
	switch e, ok := err.(net.Error); { //nolint:errorlint // as above
	case err == nil:
		return "yes"
	case ok && e.Timeout(), strings.Contains(err.Error(), syscall.EPERM.Error()): // the sender's own drop says so
		return "no"
	}
	return "refused"
}

// armed is a fault in force.
type armed struct {
	deed   providers.Deed
	handle providers.Handle
}

func lease(ttl time.Duration) providers.Lease {
	return providers.Lease{TTL: value.Duration(ttl), Deadline: value.Duration(time.Hour)}
}

var hostID = providers.StepID{Run: run, Step: "fault.network.x"}

// inject puts a fault in force and sees it verified.
func (l *lab) inject(t *testing.T, typ, args string, ttl time.Duration) armed {
	t.Helper()
	return l.injectOf(t, faultType(t, typ), args, ttl)
}

// injectOf is the same for a type that does not ship.
func (l *lab) injectOf(t *testing.T, ft providers.FaultType, args string, ttl time.Duration) armed {
	t.Helper()
	d := ft.New(l.env())
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

// heal ends it and sees nothing left.
func (a armed) heal(t *testing.T) {
	t.Helper()
	if err := a.deed.Heal(t.Context(), a.handle); err != nil {
		t.Fatalf("heal: %v", err)
	}
	if e, err := a.deed.VerifyHealed(t.Context(), a.handle); err != nil || e.InForce || e.Difference != "" {
		t.Errorf("verify healed: %+v, %v", e, err)
	}
	if err := a.deed.(providers.Armer).Disarm(t.Context(), a.handle); err != nil {
		t.Errorf("disarm: %v", err)
	}
}

// world is what an outsider sees of the lab's host.
func (l *lab) world(ctx context.Context) (string, error) {
	script := "nft -s list ruleset; ip rule; ip -6 rule; ip route show table all; ip -6 route show table all; tc qdisc show; ip -o link | cut -d: -f2; grep /etc/hosts /proc/self/mountinfo; cksum </etc/hosts; find /run /tmp | grep -v '^/run/xdc.log$' | sort"
	if l.tables {
		script = "iptables-save | grep -v '^#'; ip6tables-save | grep -v '^#';" + script
	}
	b, err := l.host.Command(ctx, "sh", "-c", script).CombinedOutput()
	return string(b), err
}

// mechanisms runs a test with nftables and with iptables.
func mechanisms(t *testing.T, test func(t *testing.T, l *lab)) {
	for _, name := range []string{"nftables", "iptables"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			if l.tables = name == "iptables"; l.tables {
				l.firewall(t)
			}
			test(t, l)
		})
	}
}

// firewall gives an iptables host the built-in chains that any firewall would have made.
func (l *lab) firewall(t *testing.T) {
	t.Helper()
	for _, tool := range []string{"iptables", "ip6tables"} {
		if _, err := exec.LookPath(tool); err != nil {
			providertest.Lack(t, "needs %s: run make setup", tool)
		}
		for _, chain := range []string{"INPUT", "OUTPUT", "FORWARD"} {
			l.host.Must(t, tool, "-w", "-A", chain, "-m", "mark", "--mark", "0x777", "-j", "ACCEPT")
		}
	}
}
