package remote

import (
	"context"
	"errors"
	"io"
	"time"

	"golang.org/x/crypto/ssh"
)

const (
	// sessionTries is how often a session is asked for again on a connection that has had some: about two seconds in all.
	sessionTries = 20
	// longestPause bounds the pause between two of them.
	longestPause = 200 * time.Millisecond
	// maxDeaths is how many connections in a row may end before there is a session.
	maxDeaths = 3
)

// session opens a session on the kept connection, or on a new one when the kept one turns out to be dead. The caller gives
// it back with conn.done. Nothing has run when it fails.
func (m *machine) session(ctx context.Context) (*conn, *ssh.Session, error) {
	for refusals, deaths := 0, 0; ; {
		c, err := m.slot(ctx)
		if err != nil {
			return nil, nil, err
		}
		if c == nil {
			continue // it has ended meanwhile
		}
		s, err := m.open(ctx, c)
		var refused *ssh.OpenChannelError
		switch {
		case err == nil:
			return c, s, nil
		case ctx.Err() != nil || m.pool.life.Err() != nil:
			return nil, nil, m.mine(m.link.gone(ctx))
		case !errors.As(err, &refused):
			m.link.giveUp(c) // it is dead, and perhaps nobody has noticed yet
			if deaths++; deaths == maxDeaths {
				return nil, nil, m.noSession(err, "the connection ends as soon as one is asked for: "+printable(err.Error(), 200))
			}
		// Commands that hang have taken what the server allows: they must not keep this one out.
		case c.left.Load() > 0 && c.running.Load() <= c.left.Load():
			c.retired.Store(true)
		// Others have, and this one waits for its turn.
		case c.running.Load() > 0:
			pause(ctx, refusals)
		// The server counts sessions for a moment longer than they last, and another's may just be opening.
		case (c.proved.Load() || c.users.Load() > 0) && refusals < sessionTries:
			refusals++
			pause(ctx, refusals)
		default:
			return nil, nil, m.noSession(err, "the server refuses: "+printable(refused.Message, 200))
		}
	}
}

// slot takes a place on the kept connection. nil: that has ended while it was waited for.
func (m *machine) slot(ctx context.Context) (*conn, error) {
	if ctx.Err() != nil {
		return nil, m.mine(m.link.gone(ctx))
	}
	c, err := m.link.get(ctx)
	if err != nil {
		return nil, m.mine(err)
	}
	select {
	case c.slots <- struct{}{}:
		c.users.Add(1)
		return c, nil
	case <-c.dead:
		return nil, nil //nolint:nilnil // as documented
	case <-ctx.Done():
		return nil, &Error{
			Place: m.place, Doing: "wait for other commands at " + m.link.at.login(), Kind: ErrTimeout, Cause: context.Cause(ctx),
			What: "all places for commands were taken until the time was over", Remedy: "Do commands hang there?",
		}
	}
}

// forgotten is how long an answer may take after the connection has ended: what is known of it then is already here.
const forgotten = time.Second

// open opens a session in a slot and gives the slot back when that does not work. When ctx ends before the answer, whoever
// else uses the connection is left alone.
func (m *machine) open(ctx context.Context, c *conn) (*ssh.Session, error) {
	type opened struct {
		session *ssh.Session
		err     error
	}
	answer := make(chan opened)
	free := func() {
		<-c.slots
		c.leave()
	}
	started := m.pool.background(func() {
		// Should the mux forget it at its own end after all (see heard), that one goroutine is left to itself: nobody
		// waits for it.
		asked := make(chan opened, 1)
		go func() {
			s, err := c.session()
			asked <- opened{s, err}
		}()
		var s *ssh.Session
		var err error
		select {
		case o := <-asked:
			s, err = o.session, o.err
		case <-c.dead:
			select {
			case o := <-asked:
				s, err = o.session, o.err
			case <-time.After(forgotten):
				err = io.EOF
			}
		}
		select {
		case answer <- opened{s, err}:
		case <-ctx.Done():
			if err == nil {
				_ = s.Close()
			}
			free()
		}
	})
	if !started {
		free()
		return nil, ErrClosed
	}
	select {
	case o := <-answer:
		if o.err != nil {
			free()
			return nil, o.err
		}
		c.proved.Store(true)
		c.running.Add(1)
		return o.session, nil
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.DeadlineExceeded) && c.users.Load() == 1 {
			m.link.giveUp(c) // it did not answer, and nobody loses anything
		}
		return nil, ctx.Err()
	}
}

func (m *machine) noSession(cause error, what string) error {
	return &Error{
		Place: m.place, Doing: "run a command at " + m.link.at.login(), Kind: ErrSession, Cause: cause, What: what,
		Remedy: "MaxSessions in its sshd_config must be at least 1, and the key must not be limited to forwarding. The server's log says more (journalctl -u ssh).",
	}
}

// mine puts the place into an error of the connection, which may be shared with other places.
func (m *machine) mine(err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Place == m.place {
		return err
	}
	own := *e
	own.Place = m.place
	return &own
}

// pause waits a little, longer each time, or until ctx ends.
func pause(ctx context.Context, n int) {
	t := time.NewTimer(min(time.Duration(n+1)*10*time.Millisecond, longestPause))
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
