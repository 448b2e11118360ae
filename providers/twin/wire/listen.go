package wire

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"syscall"
)

// backlog is how many connections may wait to be accepted.
const backlog = 128

// Listen opens a port of a node. declared is "host:port" with a declared address or name. Over TCP the real port is
// another one, on the node's loopback address; Address tells it.
func (n *Network) Listen(node, declared string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(declared)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	at := n.nodes[node]
	switch {
	case at == nil:
		return nil, fmt.Errorf("listen on %s: no node is called %q", declared, node)
	case n.closed:
		return nil, fmt.Errorf("listen on %s: %w", declared, errEnded)
	}
	key := strings.ToLower(host) + ":" + port
	if n.listeners[key] != nil {
		return nil, &net.OpError{Op: "listen", Net: "tcp", Addr: address(declared), Err: syscall.EADDRINUSE}
	}
	l := &listener{net: n, key: key, queue: make(chan net.Conn, backlog), done: make(chan struct{})}
	if n.real {
		if l.tcp, err = n.listenReal(at.Loopback); err != nil {
			return nil, fmt.Errorf("listen for %s: %w", declared, err)
		}
	}
	n.listeners[key] = l
	return l, nil
}

// listenReal opens any port of a loopback address. Some systems have only one loopback address.
func (n *Network) listenReal(host string) (net.Listener, error) {
	l, err := n.listenTCP("tcp", net.JoinHostPort(host, "0"))
	if err != nil && host != "127.0.0.1" {
		return n.listenTCP("tcp", "127.0.0.1:0")
	}
	return l, err
}

// listener takes connections at one port.
type listener struct {
	net   *Network
	key   string
	queue chan net.Conn
	done  chan struct{}
	tcp   net.Listener // nil in memory
	once  sync.Once

	mu     sync.Mutex // held while a connection is put into the queue
	closed bool
}

// offer queues a connection for Accept; a full queue drops the last packet of the handshake, and the opener waits.
func (l *listener) offer(ctx context.Context, c net.Conn) error {
	for {
		l.mu.Lock()
		if l.closed {
			l.mu.Unlock()
			return syscall.ECONNREFUSED
		}
		select {
		case l.queue <- c:
			l.mu.Unlock()
			return nil
		default:
		}
		l.mu.Unlock()
		if err := l.net.sleep(ctx, firstRetry); err != nil {
			return err
		}
	}
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
	var err error
	l.once.Do(func() {
		l.net.mu.Lock()
		if l.net.listeners[l.key] == l {
			delete(l.net.listeners, l.key)
		}
		l.net.mu.Unlock()
		l.mu.Lock()
		l.closed = true
		close(l.done)
		l.mu.Unlock()
		l.refuse()
		if l.tcp != nil {
			err = l.tcp.Close()
		}
	})
	return err
}

// refuse ends the connections that nobody will take.
func (l *listener) refuse() {
	for {
		select {
		case c := <-l.queue:
			if e, ok := c.(*end); ok {
				e.link.reset()
			}
		default:
			return
		}
	}
}

func (l *listener) Addr() net.Addr {
	if l.tcp != nil {
		return l.tcp.Addr()
	}
	return address(l.key)
}
