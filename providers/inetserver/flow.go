package inetserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/dataexchange"
	"github.com/xdc-project/xdc/providers/https"
)

// maxForm is how much of a form an operator reads where it is not told otherwise, in bytes.
const maxForm = 200_000

// feed opens operators.
type feed struct{ env providers.Env }

var _ providers.Feed = (*feed)(nil)

func (f *feed) open(target string, raw json.RawMessage) (*session, flow, error) {
	args, err := decode(raw)
	if err != nil {
		return nil, args, err
	}
	got, err := f.env.Session(target, Name)
	if err != nil {
		return nil, args, fmt.Errorf("use the inetserver session of %s: %w", target, err)
	}
	s, ok := got.(*session)
	if !ok {
		return nil, args, fmt.Errorf("the inetserver session of %s is a %T", target, got)
	}
	return s, args, nil
}

// Inlet implements providers.Feed.
func (f *feed) Inlet(_ context.Context, target string, raw json.RawMessage) (providers.Inlet, error) {
	s, args, err := f.open(target, raw)
	if err != nil {
		return nil, err
	}
	return &inlet{s, args}, nil
}

// Outlet implements providers.Feed.
func (f *feed) Outlet(_ context.Context, target string, raw json.RawMessage) (providers.Outlet, error) {
	s, args, err := f.open(target, raw)
	if err != nil {
		return nil, err
	}
	o := &outlet{s: s, args: args, view: dataexchange.NewView()}
	if got, err := f.env.Session(target, "streams"); err == nil {
		o.platform, _ = got.(platform)
	}
	return o, nil
}

// inlet posts to one operator.
type inlet struct {
	s    *session
	args flow
}

// Close implements providers.Inlet. The connections belong to the session.
func (i *inlet) Close() error { return nil }

// Send implements providers.Inlet: each item is a request, and the first that is not taken ends it. Those behind it were never
// sent; where that one is indeterminate they count as such, too.
func (i *inlet) Send(ctx context.Context, items []json.RawMessage) providers.Receipt {
	r := providers.Receipt{Sent: time.Now()}
	for n, it := range items {
		r.Accepted = n
		if r.Outcome, r.Busy, r.After, r.Err = i.one(ctx, it); r.Outcome != providers.Accepted {
			if r.Outcome == providers.Unreached && n > 0 {
				r.Outcome, r.Busy = providers.Refused, true // surely not in: the rest is sent again
			}
			r.Answered = time.Now()
			return r
		}
	}
	r.Outcome, r.Accepted, r.Answered = providers.Accepted, len(items), time.Now()
	return r
}

// one sends one item. Assumption inetserver.answers.
func (i *inlet) one(ctx context.Context, it json.RawMessage) (o providers.Outcome, busy bool, after time.Duration, err error) {
	media, body := "application/json", []byte(it)
	if i.args.Form {
		if media, body, err = form(it); err != nil {
			return providers.Refused, false, 0, fmt.Errorf("send a record at %s: %w", i.s.target, err)
		}
	}
	path := i.args.path("output", "inject")
	a, err := i.s.send(ctx, i.args, "send a record", http.MethodPost, path, media, body)
	var f *https.Failure
	switch {
	case errors.As(err, &f) && !f.Left:
		return providers.Unreached, false, 0, err
	case err != nil:
		return providers.Indeterminate, false, 0, err
	case a.Status >= 200 && a.Status <= 299:
		return providers.Accepted, false, 0, nil
	}
	err = i.s.refused("send a record", http.MethodPost, path, a)
	switch a.Status {
	case http.StatusBadGateway, http.StatusGatewayTimeout:
		return providers.Indeterminate, false, 0, err // somebody in between answered
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return providers.Refused, true, a.RetryAfter(), err
	}
	return providers.Refused, false, 0, err
}

// form writes a record as a form.
func form(it json.RawMessage) (media string, body []byte, err error) {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(it, &m); err != nil {
		return "", nil, fmt.Errorf("it is no object: %w", err)
	}
	v := url.Values{}
	for name, raw := range m {
		var text string
		if json.Unmarshal(raw, &text) != nil || bytes.Equal(raw, []byte("null")) {
			text = string(raw)
		}
		v.Set(name, text)
	}
	body = []byte(v.Encode())
	if len(body) > maxForm {
		return "", nil, fmt.Errorf("as a form it has %d bytes, and the operator reads %d", len(body), maxForm)
	}
	return "application/x-www-form-urlencoded", body, nil
}

// platform knows how often the PE that holds an operator was launched as last seen, and when that was.
type platform interface {
	Launches(path, operator string) (n int64, at time.Time, ok bool)
}

// outlet reads the window of one operator. It is used by one goroutine.
type outlet struct {
	s    *session
	args flow
	view *dataexchange.View
	last time.Time // just before the last read that worked; zero: none

	platform platform  // nil: nobody knows
	launches int64     // of the PE
	whole    time.Time // when they were seen; zero: never
}

// relaunched reports whether the PE is known to have been launched again since the last read, and since when that may be so: a
// window that was emptied looks like any other.
func (o *outlet) relaunched() (since time.Time, again bool) {
	if o.platform == nil || o.args.Job == "" {
		return since, false
	}
	n, at, ok := o.platform.Launches(o.args.Job, Operator(o.args.Operator))
	if !ok {
		return since, false
	}
	since, again = o.whole, !o.whole.IsZero() && n != o.launches
	o.launches, o.whole = n, at
	return since, again
}

// Close implements providers.Outlet.
func (o *outlet) Close() error { return nil }

// Read implements providers.Outlet. Assumption inetserver.view.
func (o *outlet) Read(ctx context.Context) (providers.Output, error) {
	path := o.args.path("input", "tuples")
	a, err := o.s.send(ctx, o.args, "read the window", http.MethodGet, path, "", nil)
	if err != nil {
		return providers.Output{}, err
	}
	if a.Status != http.StatusOK {
		return providers.Output{}, o.s.refused("read the window", http.MethodGet, path, a)
	}
	items, cause, err := o.view.Take(a.Body)
	if err != nil {
		return providers.Output{}, fmt.Errorf("read the window at %s: GET %s: %w; check that this is an HTTPTupleView", o.s.target, path, err)
	}
	out := providers.Output{Items: items, Low: a.Sent, High: a.Answered}
	for n, it := range items {
		items[n] = unwrapped(it)
	}
	since := o.last
	if from, again := o.relaunched(); again {
		cause = "restarted"
		if from.Before(since) {
			since = from
		}
	}
	if cause != "" && !o.last.IsZero() {
		out.Gap = &providers.Gap{Cause: cause, Since: since}
	}
	o.last = out.Low
	return out, nil
}

// unwrapped is what is in the attribute jsonString, where a tuple has that one alone and it is an object.
func unwrapped(it json.RawMessage) json.RawMessage {
	var m map[string]json.RawMessage
	if json.Unmarshal(it, &m) != nil || len(m) != 1 {
		return it
	}
	var text string
	if json.Unmarshal(m["jsonString"], &text) != nil || !json.Valid([]byte(text)) || len(bytes.TrimSpace([]byte(text))) == 0 || bytes.TrimSpace([]byte(text))[0] != '{' {
		return it
	}
	return json.RawMessage(text)
}
