package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/twin"
	"github.com/xdc-project/xdc/providers/twin/wire"
)

// network connects the twin's nodes by the lab's machines: what the model sends really goes from one to another.
type network struct {
	ctx context.Context //nolint:containedctx // of the whole lab

	mu        sync.Mutex
	machines  map[string]*node // by the twin's name of the node; without one it is on this machine
	names     map[string]string
	listeners map[string]net.Listener // by declared address
	services  map[string]*service     // by node
}

var _ twin.Network = (*network)(nil)

func newNetwork(ctx context.Context) *network {
	return &network{ctx: ctx, machines: map[string]*node{}, names: map[string]string{}, listeners: map[string]net.Listener{}, services: map[string]*service{}}
}

// Add implements twin.Network.
func (n *network) Add(node wire.Node) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, name := range node.Names {
		n.names[strings.ToLower(name)] = node.Name
	}
}

// real is the real address of a declared one; names are those of the services.
func (n *network) real(declared string) (string, error) {
	host, port, err := net.SplitHostPort(declared)
	if err != nil {
		return "", err
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return declared, nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	name, ok := n.names[strings.ToLower(host)]
	if !ok {
		return "", fmt.Errorf("no machine of the lab is called %q", host)
	}
	m := n.machines[name]
	if m == nil {
		return "127.0.0.1:0", nil // only this machine reaches it
	}
	return net.JoinHostPort(m.addr.String(), port), nil
}

func (n *network) machine(name string) *node {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.machines[name]
}

// Dial implements twin.Network.
func (n *network) Dial(from string) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		m := n.machine(from)
		if m == nil {
			return nil, fmt.Errorf("the lab has no machine %q to dial from", from)
		}
		to, err := n.real(address)
		if err != nil {
			return nil, err
		}
		return Dial(m.proc)(ctx, network, to)
	}
}

// Listen implements twin.Network.
func (n *network) Listen(name, declared string) (net.Listener, error) {
	at, err := n.real(declared)
	if err != nil {
		return nil, err
	}
	var l net.Listener
	if m := n.machine(name); m != nil {
		l, err = Listen(n.ctx, m.proc, "tcp", at)
	} else {
		l, err = (&net.ListenConfig{}).Listen(n.ctx, "tcp", at)
	}
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.listeners[strings.ToLower(declared)] = l
	if s := n.services[name]; s != nil {
		return s.guard(l), nil
	}
	return l, nil
}

// Address implements twin.Network.
func (n *network) Address(declared string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if l := n.listeners[strings.ToLower(declared)]; l != nil {
		return l.Addr().String()
	}
	return declared
}

// Apply implements twin.Network. The machines here are real, and so must be what is done to them.
func (n *network) Apply(providers.LinkRule) error {
	return errors.New("the links of a lab are real: rules are made on its machines, over SSH")
}

// Remove implements twin.Network.
func (n *network) Remove(string, string) bool { return false }

// Rules implements twin.Network.
func (n *network) Rules(string) []providers.LinkRule { return []providers.LinkRule{} }

// Close implements twin.Network.
func (n *network) Close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, l := range n.listeners {
		_ = l.Close() // nobody asks any more
	}
}
