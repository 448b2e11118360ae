package dataexchange

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/spl"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/https"
)

var _ providers.Fitter = (*feed)(nil)

// Fit implements providers.Fitter with what the service's documents say of an endpoint.
func (f *feed) Fit(ctx context.Context, target string, raw json.RawMessage, records []json.RawMessage) ([]providers.Finding, providers.Check, bool) {
	args, err := decode(raw)
	if err != nil || args.Check != nil && !*args.Check {
		return nil, nil, true // the first is told elsewhere
	}
	s, err := f.session(target)
	if err != nil {
		return nil, nil, false
	}
	of, known := s.described(ctx, args)
	if of == nil {
		return nil, nil, known
	}
	return s.fit(args, of, records), of.fits, true
}

// fits says what is wrong with one record. What is left to its default is not.
func (s *shape) fits(record json.RawMessage) error {
	var wrong []string
	for _, p := range s.check(record) {
		if p.Class != spl.Missing && len(wrong) < maxSaid {
			wrong = append(wrong, words(p))
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return errors.New(misfit + strings.Join(wrong, "; "))
}

// misfit is how it is said that a record does not fit.
const misfit = "does not fit what the service says of the endpoint: "

// words are a problem for people.
func words(p spl.Problem) string {
	text := line(p.String())
	if p.Near != "" {
		text += fmt.Sprintf(" (did you mean %s?)", line(p.Near))
	}
	return text
}

// described finds what the service says of an endpoint's records; nil where it says nothing.
func (s *Session) described(ctx context.Context, f flow) (of *shape, known bool) {
	p, err := s.peer()
	if err != nil {
		return nil, false
	}
	service, body, err := s.listing(ctx)
	if err != nil {
		return nil, false
	}
	w, err := read(body)
	if err != nil {
		return nil, true // and there is nothing to be learnt
	}
	id, name, ok := p.JobAt(f.Job)
	if !ok {
		// What else has such an endpoint may be an older one of the same application: only what is adopted is there already.
		if name, ok = s.adopted(f.Job); !ok && f.Job != "" {
			return nil, false
		}
	}
	docs := w.docs
	if mine := ofJobs(docs, id, name); ok && len(mine) > 0 {
		docs = mine // else one may describe all jobs
	}
	end, err := f.given()
	if f.EndpointURL == "" {
		w.out = slices.DeleteFunc(w.out, func(c candidate) bool { return ok && len(ofJobs([]candidate{c}, id, name)) == 0 })
		end, err = s.within(service, w.out, f)
	}
	if err != nil || end == nil {
		return nil, false
	}
	if f.socket() { // its own document first
		slices.SortStableFunc(docs, func(a, b candidate) int { return rank(a) - rank(b) })
	}
	for i, c := range docs {
		if i == maxFetched {
			break
		}
		if of := s.readAt(ctx, service, c, end.Path); of != nil {
			return of, true
		}
	}
	return nil, true
}

func rank(c candidate) int {
	if strings.Contains(strings.ToLower(c.url), "async") {
		return 0
	}
	return 1
}

// within is an endpoint's URL among some of a listing; nil where it is not one.
func (s *Session) within(service *url.URL, all []candidate, f flow) (*url.URL, error) {
	got := choose(over(all, f.socket()), f.Endpoint, inject)
	if len(got) != 1 {
		return nil, nil //nolint:nilnil // it is told when records are sent
	}
	return at(service, got[0])
}

// adopted is the name of a job that runs before the plan does.
func (s *Session) adopted(path string) (name string, ok bool) {
	for _, j := range s.env.Jobs {
		if j.Path == path && j.Target == s.target && j.Adopt != "" {
			return j.Adopt, true
		}
	}
	return "", false
}

// readAt reads a document and finds the record of an endpoint in it; nil where there is none.
func (s *Session) readAt(ctx context.Context, service *url.URL, c candidate, end string) *shape {
	u, err := at(service, c.url)
	if err != nil {
		return nil
	}
	a, err := s.send(ctx, "read the description of the endpoints", https.Request{Method: http.MethodGet, URL: u})
	if err != nil || a.Status != http.StatusOK {
		return nil
	}
	d, err := readDocument(a.Body)
	if err != nil {
		return nil
	}
	return d.record(end)
}

// fit says what is wrong with records, each kind of problem once.
func (s *Session) fit(f flow, of *shape, records []json.RawMessage) []providers.Finding {
	var wrong, missing []string
	seen := map[string]bool{}
	for n, r := range records {
		for _, p := range of.check(r) {
			key := fmt.Sprintf("%d %s", p.Class, p.Path)
			if seen[key] || len(seen) >= maxSaid {
				continue
			}
			seen[key] = true
			text := words(p)
			if p.Class == spl.Missing {
				missing = append(missing, text)
				continue
			}
			wrong = append(wrong, fmt.Sprintf("%s (record %d)", text, n))
		}
	}
	subject := fmt.Sprintf("%s endpoint %s", s.target, f.Endpoint)
	var out []providers.Finding
	if len(wrong) > 0 {
		out = append(out, providers.Finding{
			Subject: subject, Text: "the record " + misfit + strings.Join(wrong, "; "), Code: diag.RecordMisfit,
			Remedy: "correct `record` or the file; or write `check_record = false` where the description is wrong",
		})
	}
	if len(missing) > 0 {
		out = append(out, providers.Finding{Subject: subject, OK: true, Text: "the record leaves attributes to their defaults: " + strings.Join(missing, "; ")})
	}
	return out
}
