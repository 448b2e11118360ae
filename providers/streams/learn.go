package streams

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/xdc-project/xdc/providers/https"
	"github.com/xdc-project/xdc/providers/streams/openapi"
)

// learnt is what the server's OpenAPI document says of operations.
type learnt struct {
	from       string // the document's link; empty where there is none
	operations map[string]operation
	ambiguous  []string // names of operations for which several calls fit
}

// documentNames are the names by which a root lists the document.
var documentNames = []string{"openapi", "apidocs", "api-docs"}

// operation resolves an operation: the plan's, else the server's, else the guess.
func (s *Session) operation(ctx context.Context, name string) (operation, error) {
	if !slices.Contains(operationNames, name) {
		return operation{}, fmt.Errorf("%s: %w", name, errNoOperation)
	}
	op := s.cfg.planned(name)
	if op.From != "" {
		return op, nil
	}
	l, err := s.learn(ctx)
	if err != nil {
		return op, err
	}
	if known, ok := l.operations[name]; ok {
		return known, nil
	}
	return op, nil
}

// learn reads the document, once. That there is none is no error, unless the plan says that there is.
func (s *Session) learn(ctx context.Context) (*learnt, error) {
	s.mu.Lock()
	have := s.learnt
	s.mu.Unlock()
	if have != nil {
		return have, nil
	}
	link, err := s.documentLink(ctx)
	if err != nil {
		return nil, err
	}
	const doing = "read the OpenAPI document"
	var d *openapi.Document
	raw, err := s.client.Fetch(ctx, doing, link, openapi.MaxSize)
	if err == nil {
		if d, err = openapi.Parse(raw); err != nil {
			err = fmt.Errorf("%s at %s: GET %s: %w", doing, s.target, link, err)
		}
	}
	got := &learnt{from: link}
	switch {
	case err == nil:
		got.take(d)
	case s.cfg.OpenAPI != "":
		return nil, fmt.Errorf("%w; correct `openapi` in the streams block of target %s, or remove it", err, s.target)
	case ctx.Err() != nil:
		return nil, err
	default:
		got.from = "" // most servers have none
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.learnt = got
	return got, nil
}

// documentLink says where the document is.
func (s *Session) documentLink(ctx context.Context) (string, error) {
	if s.cfg.OpenAPI == "" {
		return s.client.Named(ctx, func(name string) bool { return slices.Contains(documentNames, strings.ToLower(name)) }, "openapi.json")
	}
	root, err := url.Parse(s.client.Root())
	if err != nil {
		return "", err
	}
	if u, err := root.Parse(s.cfg.OpenAPI); err != nil || !https.SameHost(u, root) || u.User != nil {
		return "", fmt.Errorf("read the OpenAPI document at %s: `openapi` is %q, which is no path and no URL of the host in `url`; credentials are sent nowhere else", s.target, withoutUser(s.cfg.OpenAPI))
	}
	return s.cfg.OpenAPI, nil
}

func withoutUser(link string) string {
	if i := strings.LastIndex(link, "@"); i >= 0 {
		return "..." + link[i:]
	}
	return link
}

// take learns the operations for which exactly one call fits.
func (l *learnt) take(d *openapi.Document) {
	l.operations = map[string]operation{}
	for _, name := range operationNames {
		if name == changeWidthOp {
			continue // a call of this kind takes a body that a document does not say how to fill
		}
		verb, kind, _ := strings.Cut(name, "_")
		w := openapi.Want{Verb: verb, Collections: []string{kind + "s"}, Words: []string{kind}}
		switch kind {
		case "pe":
			w.Words = append(w.Words, "processing element")
		case "resource":
			w.Words, w.Collections = append(w.Words, "host"), append(w.Collections, "hosts")
		}
		switch calls := d.Find(w); len(calls) {
		case 0:
		case 1:
			l.operations[name] = operation{Method: calls[0].Method, Path: "{self}" + calls[0].Suffix, Body: calls[0].Body, From: fromServer}
		default:
			l.ambiguous = append(l.ambiguous, name)
		}
	}
}

// resolve fixes the operations that a fault and its heal will use.
func (s *Session) resolve(ctx context.Context, v via, names ...string) (map[string]operation, error) {
	if v.Via == viaStreamtool {
		return nil, nil //nolint:nilnil // streamtool does it
	}
	out := map[string]operation{}
	for _, n := range names {
		op, err := s.operation(ctx, n)
		if err != nil {
			return nil, err
		}
		out[n] = op
	}
	return out, nil
}

// summary says for a preflight where the operations come from.
func (s *Session) summary(ctx context.Context) (string, error) {
	by := map[string][]string{}
	for _, n := range operationNames {
		op, err := s.operation(ctx, n)
		if err != nil {
			return "", err
		}
		if n == changeWidthOp && op.From == "" {
			continue // clients of an older version of the API do it so: it is no guess like the others
		}
		by[op.From] = append(by[op.From], n)
	}
	var out []string
	for _, from := range slices.Sorted(maps.Keys(by)) {
		if from != "" {
			out = append(out, fmt.Sprintf("%s from %s", strings.Join(by[from], ", "), from))
		}
	}
	if guessed := by[""]; len(guessed) > 0 && len(out) > 0 {
		out = append(out, strings.Join(guessed, ", ")+" guessed")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.learnt != nil && len(s.learnt.ambiguous) > 0 {
		out = append(out, "several calls of the document fit "+strings.Join(s.learnt.ambiguous, ", ")+", so none is taken")
	}
	return strings.Join(out, "; "), nil
}
