package dataexchange

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/xdc-project/xdc/providers/https"
)

const (
	// maxFrame bounds one message that is read, in bytes.
	maxFrame = 16 << 20
	// maxSent is the size from which on a message that is sent is not made larger, in bytes.
	maxSent = 1 << 20
	// maxUnread bounds what has come and was not yet read, in bytes; each item counts for perItem more.
	maxUnread = 64 << 20
	perItem   = 32
	// keepAlive is how often an idle connection is asked whether it still is one.
	keepAlive = 15 * time.Second
	// lastWords is how long what a service said last may take to be read once nothing can be written any more.
	lastWords = time.Second
)

// link is one WebSocket connection to an endpoint. Two goroutines belong to it; close joins them.
type link struct {
	conn    *websocket.Conn
	way     way
	timeout time.Duration
	end     context.CancelFunc
	gone    chan struct{} // closed when nothing can come any more
	all     sync.WaitGroup

	mu     sync.Mutex
	items  []json.RawMessage
	size   int
	warned bool
	err    error // why the connection ended
}

// openLink connects to an endpoint. The answer is there in place of the link when the service refused.
func (s *Session) openLink(ctx context.Context, doing string, w way, u *url.URL) (*link, *https.Answer, error) {
	r := https.Request{Method: http.MethodGet, URL: u}
	r, err := s.login(ctx, doing, r)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, s.timeout(), &tooLong{s.timeout()})
	defer cancel()
	conn, a, err := s.pool.WebSocket(ctx, r)
	if err != nil {
		return nil, nil, s.failed(doing, r, err)
	}
	if to := a.Redirect(); to != "" {
		f := &https.Failure{Kind: https.Redirected, Status: a.Status, Sent: a.Sent, Answered: a.Answered, Err: fmt.Errorf("status %d to %.200q", a.Status, to)}
		return nil, nil, s.failed(doing, r, f)
	}
	if a != nil {
		return nil, a, nil
	}
	conn.SetReadLimit(maxFrame)
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	l := &link{conn: conn, way: w, timeout: s.timeout(), end: end, gone: make(chan struct{})}
	l.all.Go(func() { l.receive(life) })
	l.all.Go(func() { l.keep(life) })
	return l, nil, nil
}

// close ends the connection and waits for its goroutines.
func (l *link) close() {
	l.end()
	_ = l.conn.CloseNow() // it is over either way
	l.all.Wait()
}

// receive takes in what comes until the connection ends. It answers the other side's pings, too.
func (l *link) receive(ctx context.Context) {
	defer close(l.gone)
	defer l.end()
	for {
		_, text, err := l.conn.Read(ctx)
		if err == nil && l.way == inspect { // what else a service may say to who sends is not documented
			err = l.add(text)
		}
		if err != nil {
			l.fail(err)
			_ = l.conn.CloseNow()
			return
		}
	}
}

// add takes in a message.
func (l *link) add(text []byte) error {
	p, err := parse(&https.Answer{Status: http.StatusOK, Body: text})
	if err != nil {
		return fmt.Errorf("a message: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.size += len(text) + perItem*len(p.items); l.size > maxUnread {
		return fmt.Errorf("more than %d bytes came between two reads: shorten `poll_interval`", maxUnread)
	}
	l.items = append(l.items, p.items...)
	l.warned = l.warned || p.warned
	return nil
}

// take returns what has come since it was last called.
func (l *link) take() (items []json.RawMessage, warned bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	items, warned = l.items, l.warned
	l.items, l.size, l.warned = nil, 0, false
	return items, warned
}

func (l *link) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = err
	}
}

// why says how the connection ended, or what else went wrong. Who writes may notice the end before who reads has come to
// what the service said last.
func (l *link) why(err error) error {
	t := time.NewTimer(lastWords)
	defer t.Stop()
	select {
	case <-l.gone:
	case <-t.C:
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var closed websocket.CloseError
	switch {
	case errors.As(l.err, &closed) && closed.Reason != "":
		return fmt.Errorf("the service closed the connection with status %d: %s", closed.Code, message([]byte(closed.Reason)))
	case errors.As(l.err, &closed):
		return fmt.Errorf("the service closed the connection with status %d", closed.Code)
	case l.err != nil:
		return fmt.Errorf("the connection broke: %w", l.err)
	}
	return err
}

func (l *link) alive() bool {
	select {
	case <-l.gone:
		return false
	default:
		return true
	}
}

// keep asks every now and then whether the other side is there, so that a connection that has died is known to be dead
// before anything is sent through it.
func (l *link) keep(ctx context.Context) {
	t := time.NewTicker(keepAlive)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			if err := l.ping(ctx); err != nil {
				l.fail(err)
				_ = l.conn.CloseNow()
				return
			}
		}
	}
}

// ping returns when the other side has answered what was sent so far.
func (l *link) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, l.timeout, &tooLong{l.timeout})
	defer cancel()
	if err := l.conn.Ping(ctx); err != nil {
		if c := context.Cause(ctx); c != nil && l.alive() {
			return c
		}
		return l.why(err)
	}
	return nil
}

// write sends one message and returns when the other side has taken it in.
func (l *link) write(ctx context.Context, body []byte) error {
	limit, cancel := context.WithTimeoutCause(ctx, l.timeout, &tooLong{l.timeout})
	defer cancel()
	if err := l.conn.Write(limit, websocket.MessageText, body); err != nil {
		if c := context.Cause(limit); c != nil {
			return c
		}
		return l.why(err)
	}
	return l.ping(ctx)
}
