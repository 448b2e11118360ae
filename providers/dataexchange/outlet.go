package dataexchange

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/https"
)

// The header lines of incremental reading.
const (
	sinceHeader = "If-Modified-Since-Milliseconds"
	stampHeader = "Last-Modified-Milliseconds"
)

// Outlet implements providers.Feed.
func (f *feed) Outlet(_ context.Context, target string, raw json.RawMessage) (providers.Outlet, error) {
	args, err := decode(raw)
	if err != nil {
		return nil, err
	}
	s, err := f.session(target)
	if err != nil {
		return nil, err
	}
	if args.socket() {
		return &socketOutlet{outlet: outlet{place: place{s: s, args: args, way: inspect}}}, nil
	}
	return &outlet{place: place{s: s, args: args, way: inspect}}, nil
}

// outlet reads one endpoint. It is used by one goroutine.
type outlet struct {
	place
	from  string    // the URL that was last read
	seen  sight     // what was read from it
	last  time.Time // just before the last read that worked; zero: none
	fresh bool      // the endpoint has changed since
	// rest is until when the service asked to be left alone, and asked the answer that said so.
	rest  time.Time
	asked error
	told  bool // that the service's stamps are wrong
	pe    launches
}

// launches follows how often the sink's PE was launched: its buffer is emptied with it, and an empty buffer that was
// emptied looks like any other.
type launches struct {
	n     int64
	known bool
	// whole is the last instant of which it is certain that the PE had not been launched again.
	whole time.Time
}

// again reports whether the PE has been launched again, and since when that may be so.
func (l *launches) again(n int64, at time.Time) (since time.Time, yes bool) {
	since, yes = l.whole, l.known && n != l.n
	l.n, l.known, l.whole = n, true, at
	return since, yes
}

// Close implements providers.Outlet. The connections belong to the session.
func (o *outlet) Close() error { return nil }

// Read implements providers.Outlet.
func (o *outlet) Read(ctx context.Context) (providers.Output, error) {
	if time.Now().Before(o.rest) {
		return providers.Output{}, o.asked
	}
	u, err := o.where(ctx)
	if err != nil {
		return providers.Output{}, err
	}
	if u.String() != o.from {
		o.fresh, o.from, o.seen = o.from != "", u.String(), sight{size: cmp.Or(o.args.SinkBuffer, defaultSinkBuffer)}
	}
	r := https.Request{Method: http.MethodGet, URL: u, Header: http.Header{}}
	r.Header[sinceHeader] = []string{strconv.FormatInt(o.seen.ask(), 10)}
	a, err := o.s.send(ctx, "read results", r)
	if err != nil {
		var f *https.Failure
		if errors.As(err, &f) && !f.Left {
			o.lost()
		}
		return providers.Output{}, err
	}
	return o.read(u, a)
}

func (o *outlet) read(u *url.URL, a *https.Answer) (providers.Output, error) {
	out := providers.Output{Low: a.Sent, High: a.Answered}
	switch a.Status {
	case http.StatusOK:
	case http.StatusNoContent, http.StatusNotModified:
		a.Body = []byte(`{"items":[]}`)
	default:
		if a.Status == http.StatusNotFound || a.Status == http.StatusGone {
			o.lost()
		}
		err := o.s.refused("read results", http.MethodGet, u, a)
		if after := min(a.RetryAfter(), maxRest); after > 0 && (a.Status == http.StatusTooManyRequests || a.Status == http.StatusServiceUnavailable) {
			o.rest, o.asked = time.Now().Add(after), err
		}
		return out, err
	}
	page, err := parse(a)
	if err != nil {
		return out, fmt.Errorf("read results at %s: GET %s: %w; check that this is an endpoint of an EndpointSink", o.s.target, u, err)
	}
	if o.plausible(&page, a); page.capped && !o.told && o.s.env.Note != nil {
		o.told = true
		o.s.env.Note(fmt.Sprintf("%s endpoint %s", o.s.target, o.args.Endpoint), stampHeader+" of the service is ahead of the date of its own answers: it is read from that date on")
	}
	var cause string
	out.Items, cause = o.seen.take(page)
	if o.fresh {
		cause = "restarted"
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
	o.fresh, o.last = false, out.Low
	return out, nil
}

const (
	// maxRest bounds how long a service's wish to be left alone is heeded: its buffer goes on to fill.
	maxRest = 10 * time.Second
	// maxAhead is how far a stamp may be ahead of the date of the answer that it is in, which has whole seconds.
	maxAhead = 2 * time.Second
	// maxSkew is how far it may be ahead of the clock here where there is no such date.
	maxSkew = time.Hour
)

// plausible bounds the stamp of a page: what comes before a stamp in the future would never be read. To ask from too early
// costs no more than to be given again what was seen.
func (o *outlet) plausible(p *page, a *https.Answer) {
	now, within := time.Now(), maxSkew
	if date, err := http.ParseTime(a.Header.Get("Date")); err == nil {
		now, within = date, maxAhead
	}
	if p.stamp > now.Add(within).UnixMilli() {
		p.stamp, p.capped = max(now.UnixMilli(), 1), true
	}
}

// relaunched asks whether the sink's PE is known to have been launched again since the last read.
func (o *outlet) relaunched() (since time.Time, again bool) {
	p, err := o.s.peer()
	if err != nil || o.args.Job == "" {
		return since, false
	}
	n, at, ok := p.Launches(o.args.Job, o.args.Endpoint)
	if !ok {
		return since, false
	}
	if o.fresh {
		o.pe = launches{} // another job: another count
	}
	return o.pe.again(n, at)
}

// page is one answer of a sink. Assumption data_exchange.order.
type page struct {
	items   []json.RawMessage
	stamp   int64 // of the answer, ms; 0: none
	warned  bool  // the service says that records were dropped unread
	content bool  // there was a body with items
	capped  bool  // the stamp is not the service's, which cannot be right
}

// parse reads an answer. Its size is bounded by the transport, the number of its items here.
func parse(a *https.Answer) (page, error) {
	var b struct {
		Items    *itemList       `json:"items"`
		Warning  json.RawMessage `json:"warning"`
		Warnings json.RawMessage `json:"warnings"`
	}
	if err := json.Unmarshal(a.Body, &b); err != nil {
		return page{}, fmt.Errorf("the answer is not the JSON that was expected: %w", err)
	}
	if b.Items == nil {
		return page{}, errors.New("the answer has no array `items`")
	}
	p := page{items: *b.Items, content: a.Status == http.StatusOK, warned: said(b.Warning) || said(b.Warnings) || header(a.Header, "Warning") != ""}
	if n, err := strconv.ParseInt(header(a.Header, stampHeader), 10, 64); err == nil && n > 0 {
		p.stamp = n
	}
	return p, nil
}

func header(h http.Header, name string) string {
	return h.Get(name)
}

// said reports whether a property says anything.
func said(v json.RawMessage) bool {
	switch string(bytes.TrimSpace(v)) {
	case "", "null", "false", `""`, "[]", "{}":
		return false
	}
	return true
}
