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
}

// where returns the endpoint's URL.
func (p *place) where(ctx context.Context) (*url.URL, error) {
	p.mu.Lock()
	have := p.url
	p.mu.Unlock()
	if have != nil {
		return have, nil
	}
	u, err := p.s.find(ctx, p.args, p.way)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	p.url = u
	p.mu.Unlock()
	return u, nil
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
	return i.answered(u, a, len(items))
}

// encode writes {"items":[...]}.
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

// answered reads what the service says it has taken.
func (i *inlet) answered(u *url.URL, a *https.Answer, n int) providers.Receipt {
	r := providers.Receipt{Outcome: providers.Refused, Sent: a.Sent, Answered: a.Answered}
	switch {
	case a.Status >= 200 && a.Status <= 299:
		r.Outcome, r.Accepted = providers.Accepted, n
		return r
	case a.Status == http.StatusRequestEntityTooLarge:
		if added, ok := addedItems(a.Body); ok {
			r.Accepted, r.Busy = min(added, n), true
			if added >= n {
				r.Outcome, r.Busy = providers.Accepted, false
				return r
			}
		}
	case a.Status == http.StatusTooManyRequests:
		r.Busy = true
	case a.Status == http.StatusNotFound || a.Status == http.StatusGone:
		i.lost()
	case a.Status == http.StatusBadGateway || a.Status == http.StatusGatewayTimeout:
		r.Outcome = providers.Indeterminate // somebody in between answered, and the service may have the request
	}
	r.Err = i.s.refused("send records", http.MethodPost, u, a)
	return r
}

// addedItems reads how many leading items were taken.
func addedItems(body []byte) (int, bool) {
	var b struct {
		AddedItems *int `json:"addedItems"`
	}
	if json.Unmarshal(body, &b) != nil || b.AddedItems == nil || *b.AddedItems < 0 {
		return 0, false
	}
	return *b.AddedItems, true
}
