package dataexchange

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/https"
)

// socketOutlet reads one endpoint through a WebSocket. A connection begins with what is in the sink's buffer: where
// that overlaps with what was seen before, nothing has passed unseen in between.
type socketOutlet struct {
	outlet
	link    *link
	begins  bool              // nothing was taken from the link yet
	tail    []sum             // digests of the last items, in order
	pending []json.RawMessage // came, and were not returned yet
	cause   string            // of a gap that was not told yet
}

// Close implements providers.Outlet.
func (o *socketOutlet) Close() error {
	o.drop()
	return nil
}

func (o *socketOutlet) drop() {
	if o.link != nil {
		o.link.close()
		o.link = nil
	}
}

// Read implements providers.Outlet. What came is what had been sent when a ping was answered: what was in the sink
// before the ping left is therefore in this read or an earlier one.
func (o *socketOutlet) Read(ctx context.Context) (providers.Output, error) {
	if err := o.connect(ctx); err != nil {
		return providers.Output{}, err
	}
	out := providers.Output{Low: time.Now()}
	if err := o.link.ping(ctx); err != nil {
		o.abandon()
		return providers.Output{}, fmt.Errorf("read results at %s: WebSocket: %w", o.s.target, err)
	}
	out.High = time.Now()
	o.take()
	o.begins = false
	out.Items, o.pending = o.pending, nil
	cause, since := o.cause, o.last
	o.cause = ""
	if from, again := o.relaunched(); again {
		cause = "restarted"
		if from.Before(since) {
			since = from
		}
	}
	if cause != "" && !o.last.IsZero() {
		out.Gap = &providers.Gap{Cause: cause, Since: since}
	}
	o.fresh, o.last = false, out.Low
	return out, nil
}

// connect opens the connection where there is none.
func (o *socketOutlet) connect(ctx context.Context) error {
	if o.link != nil && o.link.alive() {
		return nil
	}
	if o.link != nil {
		o.abandon()
	}
	u, err := o.where(ctx)
	if err != nil {
		return err
	}
	l, refused, err := o.s.openLink(ctx, "read results", inspect, u)
	if err != nil {
		if _, ok := errors.AsType[*https.Failure](err); ok {
			o.lost()
		}
		return err
	}
	if refused != nil {
		if refused.Status == http.StatusNotFound || refused.Status == http.StatusGone {
			o.lost()
		}
		return o.s.refused("read results", "WebSocket", u, refused)
	}
	if o.from != "" && o.from != u.String() {
		o.fresh = true
	}
	o.from, o.link, o.begins = u.String(), l, true
	return nil
}

// abandon gives up the connection. What came through it counts, unless it was still at its beginning: the next
// connection begins with that again.
func (o *socketOutlet) abandon() {
	if !o.begins {
		o.take()
	}
	o.drop()
	o.lost()
}

// take moves what has come to what is pending.
func (o *socketOutlet) take() {
	items, warned := o.link.take()
	sums := make([]sum, len(items))
	for i, it := range items {
		sums[i] = digest(it)
	}
	if warned {
		o.cause = "evicted"
	}
	if o.begins && o.seenBefore() {
		again := overlap(o.tail, sums)
		if again == 0 && o.cause == "" {
			o.cause = "restarted"
		}
		items, sums = items[again:], sums[again:]
	}
	o.pending = append(o.pending, items...)
	o.tail = append(o.tail, sums...)
	if n := len(o.tail) - maxRemembered; n > 0 {
		o.tail = append([]sum(nil), o.tail[n:]...)
	}
}

// seenBefore reports whether an earlier connection was read to where it stood.
func (o *socketOutlet) seenBefore() bool { return !o.last.IsZero() || len(o.tail) > 0 }
