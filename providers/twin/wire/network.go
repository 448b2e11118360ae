// Package wire is the network between the nodes of a twin: connections in memory or over loopback that rules can
// cut, delay, thin out or refuse.
//
// It carries bytes and knows nothing of what they mean. Everything in it works inside a testing/synctest bubble.
package wire

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/xdc-project/xdc/providers"
)

// Node is a machine of the network.
type Node struct {
	Name string
	// Addrs are its declared addresses: rules match these. A node without any is outside all networks.
	Addrs []netip.Addr
	// Names are the host names under which it is dialled.
	Names []string
	// Loopback is the address that stands for it where connections are real.
	Loopback string
}

// Network connects nodes. It is safe for concurrent use.
type Network struct {
	seed uint64
	real bool
	// DialTCP and ListenTCP open real connections on loopback; only used by NewTCP.
	dialTCP   func(ctx context.Context, network, address string) (net.Conn, error)
	listenTCP func(network, address string) (net.Listener, error)

	mu        sync.Mutex
	nodes     map[string]*Node
	byAddr    map[netip.Addr]*Node
	byName    map[string]*Node
	listeners map[string]*listener // declared "host:port"
	rules     map[string]providers.LinkRule
	changed   chan struct{} // closed and replaced when rules change
	conns     map[*link]struct{}
	later     []*flow // to be told of a change
	ordinals  map[string]uint64
}

// NewMemory makes a network in memory.
func NewMemory(seed uint64) *Network { return newNetwork(seed) }

// NewTCP makes a network over loopback TCP.
func NewTCP(seed uint64, dial func(ctx context.Context, network, address string) (net.Conn, error), listen func(network, address string) (net.Listener, error)) *Network {
	n := newNetwork(seed)
	n.real, n.dialTCP, n.listenTCP = true, dial, listen
	return n
}

func newNetwork(seed uint64) *Network {
	return &Network{
		seed: seed, nodes: map[string]*Node{}, byAddr: map[netip.Addr]*Node{}, byName: map[string]*Node{},
		listeners: map[string]*listener{}, rules: map[string]providers.LinkRule{}, changed: make(chan struct{}),
		conns: map[*link]struct{}{}, ordinals: map[string]uint64{},
	}
}

// Add adds a node.
func (n *Network) Add(node Node) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.nodes[node.Name] = &node
	for _, a := range node.Addrs {
		n.byAddr[a] = &node
	}
	for _, name := range append(node.Names, node.Name) {
		n.byName[strings.ToLower(name)] = &node
	}
}

// Apply puts a rule in force, in place of one of the same name at the same host.
func (n *Network) Apply(r providers.LinkRule) {
	n.mu.Lock()
	n.rules[r.Host+" "+r.Name] = r
	n.wake()
	n.mu.Unlock()
	n.tell()
}

// Remove takes a rule away and reports whether it was there.
func (n *Network) Remove(host, name string) bool {
	n.mu.Lock()
	_, ok := n.rules[host+" "+name]
	delete(n.rules, host+" "+name)
	n.wake()
	n.mu.Unlock()
	n.tell()
	return ok
}

// Rules lists the rules seen from a host; "" lists all.
func (n *Network) Rules(host string) []providers.LinkRule {
	n.mu.Lock()
	defer n.mu.Unlock()
	out := []providers.LinkRule{}
	for _, k := range sortedKeys(n.rules) {
		if r := n.rules[k]; host == "" || r.Host == host {
			out = append(out, r)
		}
	}
	return out
}

func (n *Network) wake() {
	close(n.changed)
	n.changed = make(chan struct{})
	for l := range n.conns {
		n.later = append(n.later, l.flows...)
	}
}

// tell has everybody who waits on a flow look at the rules again. n.mu is not held: they take it.
func (n *Network) tell() {
	n.mu.Lock()
	flows := n.later
	n.later = nil
	n.mu.Unlock()
	for _, f := range flows {
		f.wake()
	}
}

// refused is what a connection that nobody takes ends with.
func refused(address string) error {
	return &net.OpError{Op: "dial", Net: "tcp", Addr: named(address), Err: syscall.ECONNREFUSED}
}

type named string

func (named) Network() string  { return "tcp" }
func (a named) String() string { return string(a) }

// Listen opens a port of a node. address is "host:port" with a declared address or name; port 0 is refused in memory.
func (n *Network) Listen(node, address string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.nodes[node] == nil {
		return nil, fmt.Errorf("listen on %s: no node is called %q", address, node)
	}
	key := strings.ToLower(host) + ":" + port
	if n.listeners[key] != nil {
		return nil, &net.OpError{Op: "listen", Net: "tcp", Addr: named(address), Err: syscall.EADDRINUSE}
	}
	l := &listener{net: n, key: key, queue: make(chan net.Conn, 64), done: make(chan struct{})}
	if n.real {
		if l.tcp, err = n.listenTCP("tcp", net.JoinHostPort(n.nodes[node].Loopback, "0")); err != nil {
			return nil, err
		}
	}
	n.listeners[key] = l
	return l, nil
}

// Address is where a listener can really be reached: the declared address in memory, the loopback one over TCP.
func (n *Network) Address(declared string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if l := n.listeners[strings.ToLower(declared)]; l != nil && l.tcp != nil {
		return l.tcp.Addr().String()
	}
	return declared
}

// Dial returns a function that opens connections from a node.
func (n *Network) Dial(from string) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, _, address string) (net.Conn, error) { return n.dial(ctx, from, address) }
}

func (n *Network) dial(ctx context.Context, from, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	p, err := strconv.Atoi(port)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", address, err)
	}
	n.mu.Lock()
	src := n.nodes[from]
	dst := n.find(host)
	n.ordinals[from+">"+address]++
	ordinal := n.ordinals[from+">"+address]
	n.mu.Unlock()
	if src == nil {
		return nil, fmt.Errorf("dial %s: no node is called %q", address, from)
	}
	l := &link{
		net: n, src: src, dst: dst, port: p, closed: make(chan struct{}),
		rng:  rng(n.seed, fmt.Sprintf("%s>%s#%d", from, address, ordinal)),
		base: latency(n.seed, from, host),
	}
	if err := l.admit(ctx); err != nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: named(address), Err: err}
	}
	n.mu.Lock()
	ls := n.listeners[strings.ToLower(host)+":"+port]
	n.mu.Unlock()
	if ls == nil {
		return nil, refused(address)
	}
	if ls.tcp != nil {
		c, err := n.dialTCP(ctx, "tcp", ls.tcp.Addr().String())
		if err != nil {
			return nil, err
		}
		l.Conn = c
	} else {
		near, far := pipe(from, address)
		l.flows = []*flow{near.out, near.in}
		near.out.link, near.out.out, near.in.link = l, true, l
		select {
		case ls.queue <- far:
		case <-ls.done:
			return nil, refused(address)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		l.Conn = near
	}
	n.mu.Lock()
	n.conns[l] = struct{}{}
	n.mu.Unlock()
	return l, nil
}

func (n *Network) find(host string) *Node {
	if a, err := netip.ParseAddr(host); err == nil {
		return n.byAddr[a.Unmap()]
	}
	return n.byName[strings.ToLower(host)]
}

// listener takes connections at one port.
type listener struct {
	net   *Network
	key   string
	queue chan net.Conn
	done  chan struct{}
	once  sync.Once
	tcp   net.Listener
}

func (l *listener) Accept() (net.Conn, error) {
	if l.tcp != nil {
		return l.tcp.Accept()
	}
	select {
	case c := <-l.queue:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error {
	l.once.Do(func() {
		close(l.done)
		l.net.mu.Lock()
		if l.net.listeners[l.key] == l {
			delete(l.net.listeners, l.key)
		}
		l.net.mu.Unlock()
		for {
			select {
			case c := <-l.queue:
				_ = c.Close() // nobody will take it
				continue
			default:
			}
			break
		}
	})
	if l.tcp != nil {
		return l.tcp.Close()
	}
	return nil
}

func (l *listener) Addr() net.Addr {
	if l.tcp != nil {
		return l.tcp.Addr()
	}
	return named(l.key)
}

func rng(seed uint64, name string) *rand.Rand {
	sum := sha256.Sum256(append(binary.BigEndian.AppendUint64(nil, seed), name...))
	return rand.New(rand.NewPCG(binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:16])))
}

// latency is the base latency of a pair of nodes, one way: 0.2 to 0.6 ms.
func latency(seed uint64, a, b string) time.Duration {
	return 200*time.Microsecond + time.Duration(rng(seed, "latency "+a+" "+b).Int64N(int64(400*time.Microsecond)))
}

var errReset = fmt.Errorf("the connection was reset: %w", syscall.ECONNRESET)
