package remote

import (
	"context"
	"sync"
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
	slots  chan struct{} // one for each command that runs
	dead   chan struct{} // closed when the connection has ended
}

func (c *conn) alive() bool {
	select {
	case <-c.dead:
		return false
	default:
		return true
	}
}

func newLink(p *Pool, e endpoint, via *link) *link { return &link{pool: p, at: e, via: via} }

// get returns the live connection, or makes one. reused says that it was there before.
func (l *link) get(ctx context.Context) (c *conn, reused bool, err error) {
	for {
		l.mu.Lock()
		if l.live != nil && l.live.alive() {
			c := l.live
			l.mu.Unlock()
			return c, true, nil
		}
		if a := l.dialling; a != nil {
			l.mu.Unlock()
			select {
			case <-a.done:
			case <-ctx.Done():
				return nil, false, l.gone(ctx)
			}
			if a.gaveUp {
				continue
			}
			return a.c, false, a.err
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
		return a.c, false, a.err
	}
}

// keep watches over a new connection: it sends keepalive requests and closes the connection when the other side stays
// silent. It returns nil when the pool was closed meanwhile.
func (l *link) keep(client *ssh.Client) *conn {
	c := &conn{client: client, slots: make(chan struct{}, maxSessions), dead: make(chan struct{})}
	ended := func() {
		_ = client.Wait()
		close(c.dead)
		l.pool.opt.Log.Debug("connection ended", "place", l.at.Place, "to", l.at.login())
	}
	if !l.pool.background(ended) || !l.pool.background(func() { l.beat(c) }) {
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
				_ = c.client.Close()
				return
			}
		}
	}
}

// drop closes the connection, if there is one.
func (l *link) drop() {
	l.mu.Lock()
	c := l.live
	l.mu.Unlock()
	if c != nil {
		_ = c.client.Close()
	}
}

// gone is the error of somebody whose time is over.
func (l *link) gone(ctx context.Context) error {
	e := &Error{Place: l.at.Place, Doing: "connect to " + l.at.login(), Kind: ErrTimeout, Cause: context.Cause(ctx)}
	switch {
	case l.pool.life.Err() != nil:
		e.Kind, e.Cause = ErrClosed, nil
	case ctx.Err() != context.DeadlineExceeded: //nolint:errorlint // it is that value
		e.What = "it was ended before there was an answer: " + context.Cause(ctx).Error()
	}
	return e
}
