package remote

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"
)

// maxSessions bounds the commands that run at once over one connection; sshd's MaxSessions is 10 by default.
const maxSessions = 8

// link is the kept connection to an endpoint.
type link struct {
	pool *Pool
	at   endpoint
	via  *link // the jump host; nil: dialled directly

	mu       sync.Mutex
	live     *conn
	dialling *attempt
	warned   bool // of a host key that is not verified
}

// attempt is a connection that is being made; others wait for it.
type attempt struct {
	done   chan struct{}
	c      *conn
	err    error
	gaveUp bool // because whoever made it had no more time: the next one tries again
}

// conn is a connection that was made.
type conn struct {
	client *ssh.Client
	wire   *heard        // what it runs over
	via    *conn         // the jump host's connection that it goes through; may be nil
	slots  chan struct{} // one for each command that runs
	dead   chan struct{} // closed when the connection has ended

	users   atomic.Int32 // commands and tunnels on it
	running atomic.Int32 // commands for which there is a session
	proved  atomic.Bool  // it has had a session
	left    atomic.Int32 // commands that nobody waits for any more
	retired atomic.Bool  // nothing new begins on it
}

// maxLeft is how many commands on a connection may be waited for in vain before further ones get a new connection: those
// that hang must not keep a heal out.
const maxLeft = maxSessions / 2

// alive reports whether something new may begin on it.
func (c *conn) alive() bool {
	select {
	case <-c.dead:
		return false
	default:
		return !c.retired.Load()
	}
}

// session asks for a session.
func (c *conn) session() (s *ssh.Session, err error) {
	err = c.wire.ask(func() error {
		s, err = c.client.NewSession()
		return err
	})
	return s, err
}

// tunnel opens a connection from the host to another one.
func (c *conn) tunnel(ctx context.Context, network, address string) (nc net.Conn, err error) {
	err = c.wire.ask(func() error {
		nc, err = c.client.DialContext(ctx, network, address)
		return err
	})
	return nc, err
}

// leave says that a user has ended. The last one closes a connection that is retired.
func (c *conn) leave() {
	if c.users.Add(-1) == 0 && c.retired.Load() {
		_ = c.client.Close()
	}
}

// done gives back the slot of a command that had a session.
func (c *conn) done() {
	c.running.Add(-1)
	<-c.slots
	c.leave()
}

// abandon says that nobody waits for a command any more, which may run on.
func (c *conn) abandon() {
	if c.left.Add(1) >= maxLeft {
		c.retired.Store(true)
	}
}

// giveUp closes a connection without waiting for it: through a jump host that is silent, that may take a while.
func (l *link) giveUp(c *conn) {
	c.retired.Store(true)
	l.pool.background(func() { _ = c.client.Close() })
}

func newLink(p *Pool, e endpoint, via *link) *link { return &link{pool: p, at: e, via: via} }

// get returns the live connection, or makes one.
func (l *link) get(ctx context.Context) (*conn, error) {
	for {
		l.mu.Lock()
		if l.live != nil && l.live.alive() {
			c := l.live
			l.mu.Unlock()
			return c, nil
		}
		if a := l.dialling; a != nil {
			l.mu.Unlock()
			select {
			case <-a.done:
			case <-ctx.Done():
				return nil, l.gone(ctx)
			}
			if a.gaveUp {
				continue
			}
			return a.c, a.err
		}
		a := &attempt{done: make(chan struct{})}
		l.dialling = a
		l.mu.Unlock()

		a.c, a.err = l.connect(ctx)
		l.mu.Lock()
		l.dialling = nil
		if a.err == nil {
			l.live = a.c
		}
		l.mu.Unlock()
		a.gaveUp = a.err != nil && ctx.Err() != nil
		close(a.done)
		return a.c, a.err
	}
}

// keep watches over a new connection: it sends keepalive requests and closes the connection when the other side stays
// silent, or when the pool is closed. It returns nil when the pool was closed meanwhile.
func (l *link) keep(client *ssh.Client, wire *heard, via *conn) *conn {
	c := &conn{client: client, wire: wire, via: via, slots: make(chan struct{}, maxSessions), dead: make(chan struct{})}
	stop := context.AfterFunc(l.pool.life, func() { _ = client.Close() })
	ended := func() {
		_ = client.Wait()
		close(c.dead)
		stop()
		if via != nil {
			via.leave()
		}
		l.pool.opt.Log.Debug("connection ended", "place", l.at.Place, "to", l.at.login())
	}
	if via != nil {
		via.users.Add(1)
	}
	if !l.pool.background(ended) {
		if via != nil {
			via.leave()
		}
		_ = client.Close()
		return nil
	}
	if !l.pool.background(func() { l.beat(c) }) {
		_ = client.Close()
		return nil
	}
	return c
}

// beat sends keepalive requests until the connection ends. Any answer will do, also a refusal.
func (l *link) beat(c *conn) {
	answers := make(chan struct{})
	asks := make(chan struct{}, 1)
	if !l.pool.background(func() {
		for range asks {
			if _, _, err := c.client.SendRequest("keepalive@openssh.com", true, nil); err != nil {
				return
			}
			select {
			case answers <- struct{}{}:
			case <-c.dead:
				return
			}
		}
	}) {
		return
	}
	defer close(asks)
	tick := time.NewTicker(l.at.Interval)
	defer tick.Stop()
	waiting, missed := false, 0
	for {
		select {
		case <-c.dead:
			return
		case <-answers:
			waiting, missed = false, 0
		case <-tick.C:
			if !waiting {
				asks <- struct{}{}
				waiting = true
				continue
			}
			if missed++; missed >= l.at.Misses {
				l.pool.opt.Log.Warn("no answer to keepalive requests: the connection is given up", "place", l.at.Place, "to", l.at.login())
				l.giveUp(c)
				return
			}
		}
	}
}

// gone is the error of somebody whose time is over before there was a connection.
func (l *link) gone(ctx context.Context) error {
	e := &Error{Place: l.at.Place, Doing: "connect to " + l.at.login(), Kind: ErrTimeout, Cause: context.Cause(ctx)}
	switch {
	case l.pool.life.Err() != nil:
		e.Kind, e.Cause = ErrClosed, nil
	case errors.Is(ctx.Err(), context.Canceled):
		e.What = "it was ended before there was an answer: " + context.Cause(ctx).Error()
	default:
		e.What, e.Remedy = "there was no answer in the time that was left", isItUp
	}
	return e
}

const isItUp = "Is the machine up, and does a firewall let the port through?"
