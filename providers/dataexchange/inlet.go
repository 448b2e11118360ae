package dataexchange

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/https"
)

// feed opens endpoints.
type feed struct{ env providers.Env }

var _ providers.Feed = (*feed)(nil)

func (f *feed) session(target string) (*Session, error) {
	got, err := f.env.Session(target, Name)
	if err != nil {
		return nil, fmt.Errorf("use the data exchange session of %s: %w", target, err)
	}
	s, ok := got.(*Session)
	if !ok {
		return nil, fmt.Errorf("the data exchange session of %s is a %T", target, got)
	}
	return s, nil
}

// Inlet implements providers.Feed. The endpoint is looked for when the first records are sent: it may not be there yet.
func (f *feed) Inlet(_ context.Context, target string, raw json.RawMessage) (providers.Inlet, error) {
	args, err := decode(raw)
	if err != nil {
		return nil, err
	}
	s, err := f.session(target)
	if err != nil {
		return nil, err
	}
	if args.socket() {
		return &socketInlet{inlet: inlet{place{s: s, args: args, way: inject}}}, nil
	}
	return &inlet{place{s: s, args: args, way: inject}}, nil
}

// place is an endpoint that is found when it is needed, and again after it has moved.
type place struct {
	s    *Session
	args flow
	way  way

	mu  sync.Mutex
	url *url.URL
	now *search // under way
	// next begins when now has ended: who comes meanwhile shares it, since what is under way may have asked before the
	// endpoint was there.
	next *search
}

// search is one look for an endpoint, which several may share.
type search struct {
	over chan struct{} // closed when it has ended
	url  *url.URL
	err  error
}

// where returns the endpoint's URL.
func (p *place) where(ctx context.Context) (*url.URL, error) {
	p.mu.Lock()
	have := p.url
	p.mu.Unlock()
	if have != nil {
		return have, nil
	}
	return p.search(ctx)
}

// search looks for the endpoint. However many ask, one look at a time is made, and each of them gets the answer of one that
// began after it had asked, or the good news of an earlier one.
func (p *place) search(ctx context.Context) (*url.URL, error) {
	for {
		p.mu.Lock()
		if p.now == nil {
			mine := p.next
			if mine == nil {
				mine = &search{over: make(chan struct{})}
			}
			p.now, p.next = mine, nil
			p.mu.Unlock()
			return p.look(ctx, mine)
		}
		running := p.now
		if p.next == nil {
			p.next = &search{over: make(chan struct{})}
		}
		mine := p.next
		p.mu.Unlock()
		select {
		case <-running.over:
			if running.err == nil {
				return running.url, nil
			}
		case <-ctx.Done():
			return nil, fmt.Errorf("find endpoint %s at %s: %w", p.args.Endpoint, p.s.target, context.Cause(ctx))
		}
		p.mu.Lock()
		lead := p.now == nil && p.next == mine // the first to come makes it, the others wait
		if lead {
			p.now, p.next = mine, nil
		}
		p.mu.Unlock()
		if lead {
			return p.look(ctx, mine)
		}
		select {
		case <-mine.over:
			if mine.err == nil || ctx.Err() != nil {
				return mine.url, mine.err
			}
			if !errors.Is(mine.err, context.Canceled) && !errors.Is(mine.err, context.DeadlineExceeded) {
				return nil, mine.err
			}
			// Whoever made it had less time than this one: once more.
		case <-ctx.Done():
			return nil, fmt.Errorf("find endpoint %s at %s: %w", p.args.Endpoint, p.s.target, context.Cause(ctx))
		}
	}
}

// look makes a search that was taken on.
func (p *place) look(ctx context.Context, s *search) (*url.URL, error) {
	s.url, s.err = p.s.find(ctx, p.args, p.way)
	p.mu.Lock()
	p.now = nil
	if s.err == nil {
		p.url = s.url
	}
	p.mu.Unlock()
	close(s.over)
	return s.url, s.err
}

// lost forgets the URL: a job that is submitted again has another one.
func (p *place) lost() {
	p.mu.Lock()
	p.url = nil
	p.mu.Unlock()
}

// inlet posts to one endpoint.
type inlet struct{ place }

// Close implements providers.Inlet. The connections belong to the session.
func (i *inlet) Close() error { return nil }

// Send implements providers.Inlet.
func (i *inlet) Send(ctx context.Context, items []json.RawMessage) providers.Receipt {
	started := time.Now()
	u, err := i.where(ctx)
	if err != nil {
		return providers.Receipt{Outcome: providers.Unreached, Sent: started, Answered: time.Now(), Err: err}
	}
	r := https.Request{Method: http.MethodPost, URL: u, Body: encode(items), Header: http.Header{"Content-Type": {"application/json"}}}
	sent := time.Now()
	a, err := i.s.send(ctx, "send records", r)
	if err != nil {
		return i.unanswered(err, sent)
	}
	if a.Status == http.StatusNotFound || a.Status == http.StatusGone {
		// The job may have been submitted again, and has another URL since. The items are not in, so they may be sent there.
		i.lost()
		if to, err := i.where(ctx); err == nil && to.String() != u.String() {
			u, r.URL = to, to
			sent = time.Now()
			if a, err = i.s.send(ctx, "send records", r); err != nil {
				return i.unanswered(err, sent)
			}
		}
	}
	return i.answered(u, a, len(items))
}

// encode writes {"items":[...]}. Assumption data_exchange.wire.
func encode(items []json.RawMessage) []byte {
	var b bytes.Buffer
	b.WriteString(`{"items":[`)
	for n, it := range items {
		if n > 0 {
			b.WriteByte(',')
		}
		b.Write(it)
	}
	b.WriteString(`]}`)
	return b.Bytes()
}

// unanswered says what is known of records whose request got no answer.
func (i *inlet) unanswered(err error, sent time.Time) providers.Receipt {
	r := providers.Receipt{Outcome: providers.Unreached, Sent: sent, Answered: time.Now(), Err: err}
	var f *https.Failure
	if !errors.As(err, &f) {
		return r // it was never sent
	}
	r.Sent, r.Answered = f.Sent, f.Answered
	if f.Left {
		r.Outcome = providers.Indeterminate
	} else {
		i.lost() // the service may be elsewhere by now
	}
	return r
}

// answered reads what the service says it has taken. Assumption data_exchange.refused.
func (i *inlet) answered(u *url.URL, a *https.Answer, n int) providers.Receipt {
	r := providers.Receipt{Outcome: providers.Refused, Sent: a.Sent, Answered: a.Answered}
	switch {
	case a.Status >= 200 && a.Status <= 299:
		r.Outcome, r.Accepted = providers.Accepted, n
		return r
	case a.Status == http.StatusRequestEntityTooLarge:
		if added, ok := addedItems(a.Body); ok {
			if added > n { // it counts what nobody has sent, and so may the rest of what it says be wrong
				r.Outcome = providers.Indeterminate
				r.Err = fmt.Errorf("send records at %s: POST %s: the service says that it has added %d items of %d", i.s.target, u, added, n)
				return r
			}
			r.Accepted, r.Busy, r.After = added, true, a.RetryAfter()
			if added == n {
				r.Outcome, r.Busy, r.After = providers.Accepted, false, 0
				return r
			}
		}
	case a.Status == http.StatusTooManyRequests, a.Status == http.StatusServiceUnavailable && a.RetryAfter() > 0:
		r.Busy, r.After = true, a.RetryAfter()
	case a.Status == http.StatusNotFound || a.Status == http.StatusGone:
		i.lost()
	case a.Status == http.StatusBadGateway || a.Status == http.StatusGatewayTimeout:
		r.Outcome = providers.Indeterminate // somebody in between answered, and the service may have the request
	}
	r.Err = i.s.refused("send records", http.MethodPost, u, a)
	return r
}

// addedItems reads how many leading items were taken. Assumption data_exchange.acknowledged.
func addedItems(body []byte) (int, bool) {
	var b struct {
		AddedItems *int `json:"addedItems"`
	}
	if json.Unmarshal(body, &b) != nil || b.AddedItems == nil || *b.AddedItems < 0 {
		return 0, false
	}
	return *b.AddedItems, true
}
