package twin

import (
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/providers/streams/openapi"
	"github.com/xdc-project/xdc/providers/twin/control"
)

// What xdc learns from the twin's own document is how the twin does it.
func TestTheDocumentTeachesEveryOperation(t *testing.T) {
	for _, root := range []string{"/streams", "/streams/rest"} {
		in(t, older5(), func(t *testing.T, w *Twin, _ *control.Client) {
			link := ""
			list, _ := got(t, w, root+"/resources")["resources"].([]any)
			for _, x := range list {
				if e, _ := x.(map[string]any); e["name"] == "openapi" {
					link, _ = e["resource"].(string)
				}
			}
			a := does(t, w, "GET", link, "", 200)
			doc, err := openapi.Parse(a.body)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []openapi.Want{
				{Verb: "stop", Collections: []string{"pes"}, Words: []string{"pe"}},
				{Verb: "start", Collections: []string{"pes"}, Words: []string{"pe"}},
				{Verb: "restart", Collections: []string{"pes"}, Words: []string{"pe"}},
				{Verb: "stop", Collections: []string{"instances"}, Words: []string{"instance"}},
				{Verb: "start", Collections: []string{"instances"}, Words: []string{"instance"}},
				{Verb: "quiesce", Collections: []string{"resources", "hosts"}, Words: []string{"resource"}},
				{Verb: "resume", Collections: []string{"resources", "hosts"}, Words: []string{"resource"}},
			} {
				calls := doc.Find(want)
				if len(calls) != 1 || calls[0].Method != "POST" || calls[0].Suffix != "/actions" || string(calls[0].Body) != `{"type":"`+want.Verb+`"}` {
					t.Errorf("%s: %s a %s: %+v", root, want.Verb, want.Words[0], calls)
				}
			}
		})
	}
}

// document is the description of a mount.
type document struct {
	whole map[string]any
	paths map[string]any
	wrong map[string]bool
}

func described(t testing.TB, w *Twin, root string) document {
	t.Helper()
	whole := got(t, w, root+"/openapi.json")
	paths, _ := whole["paths"].(map[string]any)
	return document{whole, paths, map[string]bool{}}
}

// operation finds the path of the description that a URL fits, the one with the fewest parameters first.
func (d document) operation(path, method string) map[string]any {
	best, most := map[string]any(nil), math.MaxInt
	for pattern, item := range d.paths {
		segs, have := strings.Split(pattern, "/"), strings.Split(path, "/")
		if len(segs) != len(have) {
			continue
		}
		fits, params := true, 0
		for i := range segs {
			if strings.HasPrefix(segs[i], "{") {
				params++
			} else if segs[i] != have[i] {
				fits = false
			}
		}
		methods, _ := item.(map[string]any)
		if op, ok := methods[method].(map[string]any); ok && fits && params < most {
			best, most = op, params
		}
	}
	return best
}

// inside follows a path of members.
func inside(x any, names ...string) any {
	for _, n := range names {
		m, _ := x.(map[string]any)
		x = m[n]
	}
	return x
}

// check holds a value against a schema. It knows what the description uses.
func (d document) check(where string, s any, x any) {
	m, _ := s.(map[string]any)
	bad := func(format string, args ...any) { d.wrong[where+": "+fmt.Sprintf(format, args...)] = true }
	if refersTo, ok := m["$ref"].(string); ok {
		named := inside(d.whole, strings.Split(strings.TrimPrefix(refersTo, "#/"), "/")...)
		if named == nil {
			bad("%s leads nowhere", refersTo)
		}
		d.check(where, named, x)
		return
	}
	if x == nil && m["nullable"] == true {
		return
	}
	if all, ok := m["allOf"].([]any); ok {
		for _, one := range all {
			d.check(where, one, x)
		}
		return
	}
	if words, ok := m["enum"].([]any); ok && !slices.Contains(words, x) {
		bad("%v is none of %v", x, words)
	}
	switch m["type"] {
	case "object":
		o, ok := x.(map[string]any)
		if !ok {
			bad("%v is no object", x)
			return
		}
		need, _ := m["required"].([]any)
		for _, n := range need {
			if _, there := o[fmt.Sprint(n)]; !there {
				bad("%v is missing", n)
			}
		}
		props, _ := m["properties"].(map[string]any)
		for name, v := range o {
			switch {
			case props[name] != nil:
				d.check(where+"."+name, props[name], v)
			case m["additionalProperties"] != nil:
				d.check(where+"."+name, m["additionalProperties"], v)
			default:
				bad("%s is not described", name)
			}
		}
	case "array":
		list, ok := x.([]any)
		if !ok {
			bad("%v is no array", x)
		}
		for _, it := range list {
			d.check(where+"[]", m["items"], it)
		}
	case "string":
		s, ok := x.(string)
		if u, err := url.Parse(s); !ok || m["format"] == "uri" && (err != nil || !u.IsAbs()) {
			bad("%v is no string, or no URI", x)
		}
	case "integer":
		if n, ok := x.(float64); !ok || n != math.Trunc(n) {
			bad("%v is no integer", x)
		}
	case "boolean":
		if _, ok := x.(bool); !ok {
			bad("%v is no boolean", x)
		}
	}
}

// Every body of a walk over every link is as the document says, for both APIs.
func TestTheDocumentDescribesWhatIsServed(t *testing.T) {
	known := readReference(t)
	in(t, older5(), func(t *testing.T, w *Twin, _ *control.Client) {
		time.Sleep(10 * time.Second)
		send(t, w, 3)
		submitted(t, w, overlay)
		does(t, w, "PATCH", inst+"/jobs/0", fmt.Sprintf(widen, counter, 2, true), 200)
		for _, root := range []string{"/streams", "/streams/rest"} {
			d := described(t, w, root)
			v := crawl(t, w, known, "https://dc1.twin:9714"+root+"/resources", root != "/streams")
			looked := 0
			for link := range v.seen {
				u, err := url.Parse(link)
				if err != nil || v.elsewhere(u) || strings.HasSuffix(u.Path, "/openapi.json") {
					continue
				}
				op := d.operation(u.EscapedPath(), "get")
				if op == nil {
					t.Errorf("%s is not described", link)
					continue
				}
				a := ask(t, w, "GET", u.RequestURI(), "")
				media := a.header.Get("Content-Type")
				content := inside(op, "responses", "200", "content", media)
				if content == nil {
					t.Errorf("%s: nothing is said of %s", link, media)
					continue
				}
				looked++
				var body any
				if media == "application/json" && json.Unmarshal(a.body, &body) == nil {
					d.check(u.Path, inside(content, "schema"), body)
				}
			}
			for text := range d.wrong {
				t.Error(text)
			}
			if looked < 500 {
				t.Errorf("%s: only %d bodies", root, looked)
			}
			for _, path := range []string{"/nothing", "/instances/i/jobs/none"} {
				op := d.operation(root+"/instances/i/jobs", "get")
				d.check(path, inside(op, "responses", "default", "content", "application/json", "schema"), any(ask(t, w, "GET", root+path, "").object(t)))
			}
			if len(d.wrong) > 0 {
				t.Errorf("%v", d.wrong)
			}
		}
	})
}

// Calls have names of their own, and parameters for what is in braces.
func TestTheDocumentIsWhole(t *testing.T) {
	in(t, older5(), func(t *testing.T, w *Twin, _ *control.Client) {
		for _, root := range []string{"/streams", "/streams/rest", "/streams-rest"} {
			d := described(t, w, root)
			ids := map[string]string{}
			for path, item := range d.paths {
				methods, _ := item.(map[string]any)
				for method, op := range methods {
					id, _ := inside(op, "operationId").(string)
					if old, twice := ids[id]; twice || id == "" {
						t.Errorf("%s %s and %s are both called %q", method, path, old, id)
					}
					ids[id] = path
					var have, want []string
					list, _ := inside(op, "parameters").([]any)
					for _, p := range list {
						if inside(p, "in") == "path" {
							have = append(have, fmt.Sprint(inside(p, "name")))
						}
					}
					for seg := range strings.SplitSeq(path, "/") {
						if strings.HasPrefix(seg, "{") {
							want = append(want, strings.Trim(seg, "{}"))
						}
					}
					if diff := cmp.Diff(want, have); diff != "" {
						t.Errorf("%s: %s", path, diff)
					}
				}
			}
			if len(d.paths) < 70 {
				t.Errorf("only %d paths are described", len(d.paths))
			}
			if strings.Contains(fmt.Sprint(d.paths), "/domains") != (root == "/streams") {
				t.Errorf("%s: domains are described where there are none, or not where there are", root)
			}
		}
	})
}
