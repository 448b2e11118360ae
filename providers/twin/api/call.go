// Package api is the wire form of the Streams REST management API as a server speaks it: what bodies hold, which words
// and messages there are, how collections are queried, and routes that serve and describe themselves.
//
// It knows nothing of what is behind it. Sources are named by sections of the reference of the API that the project keeps;
// in short they are the public documentation and published clients of releases 4.x, 5.x and 7.x.
package api

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

// Call is a request on its way.
type Call struct {
	*http.Request
	w http.ResponseWriter
	// Root is the URL that the paths of routes lie below, "https://HOST:PORT/streams".
	Root string
	// Five says that the answer is to be as in API 5.
	Five bool
	// Shape is that of errors and of messages about actions.
	Shape  Shape
	query  url.Values
	status int // of a good answer; 0: the route's
}

// Link leads to a path below the root. Its segments are encoded.
func (c *Call) Link(segments ...string) Link { return Link(c.Root).To(segments...) }

// To leads on from a link, before its query.
func (l Link) To(segments ...string) Link {
	path, query, _ := strings.Cut(string(l), "?")
	var b strings.Builder
	b.WriteString(path)
	for _, s := range segments {
		b.WriteByte('/')
		b.WriteString(url.PathEscape(s))
	}
	if query != "" {
		b.WriteString("?" + query)
	}
	return Link(b.String())
}

// Where narrows a link to a collection down.
func (l Link) Where(name, value string) Link {
	sep := "?"
	if strings.Contains(string(l), "?") {
		sep = "&"
	}
	return l + Link(sep+url.QueryEscape(name)+"="+url.QueryEscape(value))
}

// last is the last segment of a link's path: the REST id of what it leads to.
func (l Link) last() string {
	path, _, _ := strings.Cut(string(l), "?")
	path = path[strings.LastIndexByte(path, '/')+1:]
	if plain, err := url.PathUnescape(path); err == nil {
		return plain
	}
	return path
}

// Query is the value of a query parameter.
func (c *Call) Query(name string) string { return c.query.Get(name) }

// Verbose reports whether everything is asked for.
func (c *Call) Verbose() bool { return strings.EqualFold(c.query.Get("verbose"), "true") }

// Answer sets the status of a good answer that is not the usual one.
func (c *Call) Answer(status int) { c.status = status }

// Header is the answer's.
func (c *Call) Header() http.Header { return c.w.Header() }

// Reply writes a JSON answer.
func Reply(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "encode: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(b) // the client may have gone
}
