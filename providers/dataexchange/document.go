package dataexchange

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
)

// Bounds of what is read of documents.
const (
	// maxDocument bounds one of them, in bytes.
	maxDocument = 8 << 20
	// maxDocuments bounds how many links to them are kept; maxFetched how many are fetched for one endpoint.
	maxDocuments = 10_000
	maxFetched   = 8
	// maxReferences bounds how far references lead, maxSchemas how many schemas one record's has.
	maxReferences = 32
	maxSchemas    = 20_000
)

// readable reports whether a link may lead to a document in JSON.
func readable(key, link string) bool {
	u, err := url.Parse(link)
	if err != nil {
		return false
	}
	switch path.Ext(u.Path) {
	case ".json":
		return true
	case ".yaml", ".yml", ".html":
		return false
	}
	k := plain(key)
	return strings.Contains(k, "json") || (strings.Contains(k, "openapi") || strings.Contains(k, "asyncapi")) && !strings.Contains(k, "yaml")
}

// document is an OpenAPI 3 or AsyncAPI 2 document. Assumption data_exchange.documents.
type document struct {
	whole    map[string]any
	channels bool // AsyncAPI
}

// readDocument reads a document in JSON.
func readDocument(raw []byte) (*document, error) {
	if len(raw) > maxDocument {
		return nil, fmt.Errorf("the document has more than %d bytes", maxDocument)
	}
	var d document
	if err := json.Unmarshal(raw, &d.whole); err != nil {
		return nil, fmt.Errorf("the document is not an object in JSON: %w", err)
	}
	_, d.channels = d.whole["asyncapi"].(string)
	if _, open := d.whole["openapi"].(string); !open && !d.channels {
		return nil, errors.New("the document is neither OpenAPI 3 nor AsyncAPI")
	}
	return &d, nil
}

// record is the schema of one record of an endpoint that takes records in, by the endpoint's path. Where no path is the same,
// the only one counts that is the end of the other: servers may stand in front of it.
func (d *document) record(at string) *shape {
	if item := d.item(at, false); item != nil {
		return item
	}
	return d.item(at, true)
}

func (d *document) item(at string, loose bool) *shape {
	paths, _ := d.whole[map[bool]string{false: "paths", true: "channels"}[d.channels]].(map[string]any)
	var found []any
	for p, v := range paths {
		if m := d.follow(v); m != nil && d.same(p, at, loose) {
			if s := d.payload(m); s != nil {
				found = append(found, s)
			}
		}
	}
	if len(found) != 1 {
		return nil
	}
	body := d.follow(found[0])
	props, _ := body["properties"].(map[string]any)
	items := d.follow(props["items"])
	left := maxSchemas
	out := d.shape(items["items"], 0, &left)
	if out == nil || left < 0 {
		return nil
	}
	return out
}

// same reports whether a path of the document is an endpoint's.
func (d *document) same(p, at string, loose bool) bool {
	p, at = "/"+strings.Trim(p, "/"), "/"+strings.Trim(at, "/")
	if !loose {
		return p == at || slices.ContainsFunc(d.bases(), func(b string) bool { return b+p == at })
	}
	return p != "/" && at != "/" && (strings.HasSuffix(at, p) || strings.HasSuffix(p, at))
}

// bases are the paths of the document's servers.
func (d *document) bases() []string {
	var out []string
	list, _ := d.whole["servers"].([]any)
	if named, ok := d.whole["servers"].(map[string]any); ok { // AsyncAPI
		for _, s := range named {
			list = append(list, s)
		}
	}
	for _, s := range list[:min(len(list), 100)] {
		m, _ := s.(map[string]any)
		text, _ := m["url"].(string)
		if u, err := url.Parse(text); err == nil && strings.Trim(u.Path, "/") != "" {
			out = append(out, "/"+strings.Trim(u.Path, "/"))
		}
	}
	return out
}

// payload is the schema of what is sent: the body of a POST, or the message that may be published.
func (d *document) payload(of map[string]any) any {
	if d.channels {
		message := d.follow(d.follow(of["publish"])["message"])
		return message["payload"]
	}
	content, _ := d.follow(d.follow(of["post"])["requestBody"])["content"].(map[string]any)
	for kind, v := range content {
		if k, _, _ := strings.Cut(kind, ";"); k == "application/json" {
			media, _ := v.(map[string]any)
			return media["schema"]
		}
	}
	return nil
}

// follow resolves references within the document; what leads nowhere, outside or in a circle is nothing.
func (d *document) follow(v any) map[string]any {
	for range maxReferences {
		m, _ := v.(map[string]any)
		ref, ok := m["$ref"].(string)
		if !ok {
			return m
		}
		at, ok := strings.CutPrefix(ref, "#/")
		if !ok || len(at) > 1000 {
			return nil
		}
		v = any(d.whole)
		for seg := range strings.SplitSeq(at, "/") {
			m, _ := v.(map[string]any)
			if plain, err := url.PathUnescape(seg); err == nil {
				seg = plain
			}
			v = m[strings.NewReplacer("~1", "/", "~0", "~").Replace(seg)]
		}
	}
	return nil
}
