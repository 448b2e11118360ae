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

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/https"
)

// socketInlet sends records to one endpoint through a WebSocket. What acknowledges a message is the answer to a ping
// that was sent behind it. Assumption data_exchange.websocket.
type socketInlet struct {
	inlet

	sending sync.Mutex // one message at a time
	link    *link
}

// Close implements providers.Inlet.
func (i *socketInlet) Close() error {
	i.sending.Lock()
	defer i.sending.Unlock()
	i.drop()
	return nil
}

func (i *socketInlet) drop() {
	if i.link != nil {
		i.link.close()
		i.link = nil
	}
}

// Send implements providers.Inlet. A connection that ends while a message is under way leaves that message's records
// indeterminate; those of earlier messages are in, and those of later ones were never sent.
func (i *socketInlet) Send(ctx context.Context, items []json.RawMessage) providers.Receipt {
	i.sending.Lock()
	defer i.sending.Unlock()
	r := providers.Receipt{Outcome: providers.Accepted, Sent: time.Now()}
	u, refused, err := i.connect(ctx)
	if err != nil || refused != nil {
		return i.notConnected(r, u, refused, err)
	}
	r.Sent = time.Now()
	for r.Accepted < len(items) {
		n := portion(items[r.Accepted:])
		if err := i.link.write(ctx, encode(items[r.Accepted:r.Accepted+n])); err != nil {
			i.drop()
			i.lost()
			r.Outcome = providers.Indeterminate
			r.Err = fmt.Errorf("send records at %s: WebSocket %s: %w", i.s.target, u, err)
			break
		}
		r.Accepted += n
	}
	r.Answered = time.Now()
	return r
}

// connect opens the connection where there is none.
func (i *socketInlet) connect(ctx context.Context) (*url.URL, *https.Answer, error) {
	u, err := i.where(ctx)
	if err != nil {
		return nil, nil, err
	}
	if i.link != nil && i.link.alive() {
		return u, nil, nil
	}
	i.drop()
	l, refused, err := i.s.openLink(ctx, "send records", inject, u)
	i.link = l
	return u, refused, err
}

// notConnected says what is known of records that could not be sent: they are not in.
func (i *socketInlet) notConnected(r providers.Receipt, u *url.URL, refused *https.Answer, err error) providers.Receipt {
	r.Answered = time.Now()
	if err != nil {
		r.Outcome, r.Err = providers.Unreached, err
		if _, ok := errors.AsType[*https.Failure](err); ok {
			i.lost() // the service may be elsewhere by now
		}
		return r
	}
	r.Outcome = providers.Refused
	r.Busy = refused.Status == http.StatusTooManyRequests
	if refused.Status == http.StatusNotFound || refused.Status == http.StatusGone {
		i.lost()
	}
	r.Err = i.s.refused("send records", "WebSocket", u, refused)
	return r
}

// portion is how many of some items go into one message: at least one.
func portion(items []json.RawMessage) int {
	size := 0
	for n, it := range items {
		if size += len(it) + 1; n > 0 && size > maxSent {
			return n
		}
	}
	return len(items)
}
