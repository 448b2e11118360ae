package lab

import (
	"context"
	"net"
	"sync"
	"time"
)

// restartService is how long a service that died stays down, as under a service manager.
const restartService = time.Second

// service is the process behind the platform's services of a data centre. Requests wait while it is stopped, and its
// connections end with it.
type service struct {
	node *node
	argv []string
	ctx  context.Context //nolint:containedctx // of the whole lab

	mu    sync.Mutex
	live  *proc
	conns map[net.Conn]bool
}

func newService(ctx context.Context, n *node, argv []string) (*service, error) {
	p, err := n.startProc(ctx, argv)
	if err != nil {
		return nil, err
	}
	return &service{node: n, argv: argv, ctx: ctx, live: p, conns: map[net.Conn]bool{}}, nil
}

// keep starts the process again whenever it has ended, until the lab ends.
func (s *service) keep() {
	for {
		s.mu.Lock()
		p := s.live
		s.mu.Unlock()
		select {
		case <-p.done:
		case <-s.ctx.Done():
			return
		}
		s.mu.Lock()
		for c := range s.conns {
			_ = c.Close() // as the connections of a dead process do
		}
		s.mu.Unlock()
		for {
			select {
			case <-time.After(restartService):
			case <-s.ctx.Done():
				return
			}
			next, err := s.node.startProc(s.ctx, s.argv)
			if err != nil {
				continue
			}
			s.mu.Lock()
			s.live = next
			s.mu.Unlock()
			break
		}
	}
}

// turn waits while the process is stopped; it fails when it has ended.
func (s *service) turn() error {
	s.mu.Lock()
	p := s.live
	s.mu.Unlock()
	return p.Turn(s.ctx)
}

func (s *service) guard(l net.Listener) net.Listener { return guarded{l, s} }

// guarded is a listener of the service.
type guarded struct {
	net.Listener
	s *service
}

// Accept takes connections only while the process runs.
func (g guarded) Accept() (net.Conn, error) {
	for {
		c, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		g.s.mu.Lock()
		ended := false
		select {
		case <-g.s.live.done:
			ended = true
		default:
			g.s.conns[c] = true
		}
		g.s.mu.Unlock()
		if ended {
			_ = c.Close()
			continue
		}
		return &guardedConn{c, g.s}, nil
	}
}

type guardedConn struct {
	net.Conn
	s *service
}

// Read hands out what came only when the process runs.
func (c *guardedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n == 0 {
		return n, err
	}
	if gone := c.s.turn(); gone != nil {
		return 0, gone
	}
	return n, err
}

// Close implements net.Conn.
func (c *guardedConn) Close() error {
	c.s.mu.Lock()
	delete(c.s.conns, c.Conn)
	c.s.mu.Unlock()
	return c.Conn.Close()
}
