// Package wire is the network between the nodes of a twin: connections in memory or over loopback that rules can
// cut, delay, thin out or refuse.
//
// It carries bytes and knows nothing of what they mean. Everything in it works inside a testing/synctest bubble:
// whoever waits, waits on a channel, a timer or a condition.
package wire

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
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
	// They open real connections on loopback; nil in memory.
	dialTCP   func(ctx context.Context, network, address string) (net.Conn, error)
	listenTCP func(network, address string) (net.Listener, error)
	done      chan struct{}
	pumps     sync.WaitGroup

	mu        sync.Mutex
	closed    bool
	nodes     map[string]*Node
	byAddr    map[netip.Addr]*Node
	byName    map[string]*Node
	listeners map[string]*listener // by declared "host:port"
	rules     map[string]inForce   // by "host name"
	version   uint64               // of the rules
	conns     map[uint64]*link     // by order of opening
	opened    uint64
	ordinals  map[string]uint64 // connections so far, by "from>address"
}

// NewMemory makes a network in memory.
func NewMemory(seed uint64) *Network { return newNetwork(seed) }

// NewTCP makes a network over loopback TCP, with the dialler and the listener that are given. What the rules do
// happens at the opener's end of each connection.
func NewTCP(seed uint64, dial func(ctx context.Context, network, address string) (net.Conn, error), listen func(network, address string) (net.Listener, error)) *Network {
	n := newNetwork(seed)
	n.real, n.dialTCP, n.listenTCP = true, dial, listen
	return n
}

func newNetwork(seed uint64) *Network {
	return &Network{
		seed: seed, done: make(chan struct{}), nodes: map[string]*Node{}, byAddr: map[netip.Addr]*Node{}, byName: map[string]*Node{},
		listeners: map[string]*listener{}, rules: map[string]inForce{}, conns: map[uint64]*link{}, ordinals: map[string]uint64{},
	}
}

// Add adds a node.
func (n *Network) Add(node Node) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.nodes[node.Name] = &node
	for _, a := range node.Addrs {
		n.byAddr[a.Unmap()] = &node
	}
	for _, name := range append(slices.Clone(node.Names), node.Name) {
		n.byName[strings.ToLower(name)] = &node
	}
}

func (n *Network) find(host string) *Node {
	if a, err := netip.ParseAddr(host); err == nil {
		return n.byAddr[a.Unmap()]
	}
	return n.byName[strings.ToLower(host)]
}

// Apply puts a rule in force, in place of one of the same name at the same host. It refuses a rule that it does not
// understand.
func (n *Network) Apply(r providers.LinkRule) error {
	made, err := newRule(r)
	if err != nil {
		return err
	}
	n.mu.Lock()
	if old, ok := n.rules[made.key()]; ok {
		made.shapers = old.shapers // what is queued on the line stays queued
	}
	n.rules[made.key()] = made
	n.mu.Unlock()
	n.refresh()
	return nil
}

// Remove takes a rule away and reports whether it was there.
func (n *Network) Remove(host, name string) bool {
	key := inForce{LinkRule: providers.LinkRule{Host: host, Name: name}}.key()
	n.mu.Lock()
	_, ok := n.rules[key]
	delete(n.rules, key)
	n.mu.Unlock()
	if ok {
		n.refresh()
	}
	return ok
}

// Rules lists the rules seen from a host in the order of their names; "" lists all.
func (n *Network) Rules(host string) []providers.LinkRule {
	n.mu.Lock()
	defer n.mu.Unlock()
	out := []providers.LinkRule{}
	for _, k := range sortedKeys(n.rules) {
		if r := n.rules[k]; host == "" || r.Host == host {
			out = append(out, r.LinkRule)
		}
	}
	return out
}

// refresh tells every connection what the rules do to it now.
func (n *Network) refresh() {
	n.mu.Lock()
	n.version++
	version := n.version
	links := make([]*link, 0, len(n.conns))
	out, in := make([]effect, 0, len(n.conns)), make([]effect, 0, len(n.conns))
	for _, id := range sortedKeys(n.conns) {
		l := n.conns[id]
		links = append(links, l)
		out, in = append(out, n.effects(l, true)), append(in, n.effects(l, false))
	}
	n.mu.Unlock()
	for i, l := range links {
		l.change(out[i], in[i], version)
	}
}

// Close resets every connection, ends dials under way and joins everything that the network started. Closing it
// again does nothing.
func (n *Network) Close() {
	n.mu.Lock()
	if n.closed {
		n.mu.Unlock()
		n.pumps.Wait()
		return
	}
	n.closed = true
	close(n.done)
	links := make([]*link, 0, len(n.conns))
	for _, id := range sortedKeys(n.conns) {
		links = append(links, n.conns[id])
	}
	listeners := make([]*listener, 0, len(n.listeners))
	for _, k := range sortedKeys(n.listeners) {
		listeners = append(listeners, n.listeners[k])
	}
	n.mu.Unlock()
	for _, l := range listeners {
		_ = l.Close() // nobody asks any more
	}
	for _, l := range links {
		l.reset()
	}
	n.pumps.Wait()
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

// rng is a source of randomness that depends on the seed and a name only.
func rng(seed uint64, name string) *rand.Rand {
	sum := sha256.Sum256(append(binary.BigEndian.AppendUint64(nil, seed), name...))
	return rand.New(rand.NewPCG(binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:16])))
}

// latency is the base latency between two nodes, one way: 0.2 to 0.6 ms, so that things that happen at once in
// different places do not reach a third at once.
func latency(seed uint64, a, b string) time.Duration {
	return 200*time.Microsecond + time.Duration(rng(seed, "latency "+a+" "+b).Int64N(int64(400*time.Microsecond)))
}

// address is a declared address as a net.Addr.
type address string

func (address) Network() string  { return "tcp" }
func (a address) String() string { return string(a) }

var (
	errReset = fmt.Errorf("the connection was reset: %w", syscall.ECONNRESET)
	errEnded = fmt.Errorf("the network has ended: %w", net.ErrClosed)
)
