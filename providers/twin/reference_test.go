package twin

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
)

// reference is what reference.txt, beside the client, says of the API.
type reference struct {
	enums map[string][]string
	kinds map[string][]documented
	at    [][2]string       // end of a path, kind
	lists map[string]string // resource type of a collection, kind of its elements
	met   map[string]bool   // "kind.property" that was seen with a value
}

// documented is a property as it is documented.
type documented struct {
	name, typ string
	null      bool
	maybe     bool
	only      string // "4", "5" or empty
}

func readReference(t testing.TB) *reference {
	t.Helper()
	f, err := os.Open("../streams/rest/reference.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := &reference{enums: map[string][]string{}, kinds: map[string][]documented{}, lists: map[string]string{}, met: map[string]bool{}}
	kind := ""
	for sc := bufio.NewScanner(f); sc.Scan(); {
		w := strings.Fields(sc.Text())
		switch {
		case len(w) == 0 || w[0] == "#":
		case w[0] == "enum":
			r.enums[w[1]] = w[2 : len(w)-1]
		case w[0] == "at":
			r.at = append(r.at, [2]string{w[1], w[2]})
		case w[0] == "list":
			r.lists[w[1]] = w[2]
		case w[0] == "kind":
			kind = w[1]
		case len(w) < 3 || kind == "":
			t.Fatalf("line %q is not understood", sc.Text())
		default:
			d := documented{name: w[0], typ: strings.TrimRight(w[1], "?*"), null: strings.Contains(w[1], "?"), maybe: strings.Contains(w[1], "*")}
			if len(w) == 4 {
				d.only = w[2]
			}
			r.kinds[kind] = append(r.kinds[kind], d)
		}
	}
	return r
}

// visit is a validated walk through an API, by its own links.
type visit struct {
	ref    *reference
	five   bool
	seen   map[string]bool
	queue  []string
	wrong  []string
	bodies int
}

func (v *visit) fail(where, format string, args ...any) {
	v.wrong = append(v.wrong, where+": "+fmt.Sprintf(format, args...))
}

func (v *visit) follow(link string) {
	if !v.seen[link] {
		v.seen[link] = true
		v.queue = append(v.queue, link)
	}
}

// crawl follows every link from one on, and holds every body against the reference.
func crawl(t testing.TB, w *Twin, known *reference, from string, five bool) *visit {
	t.Helper()
	v := &visit{ref: known, five: five, seen: map[string]bool{}}
	v.follow(from)
	for len(v.queue) > 0 {
		link := v.queue[0]
		v.queue = v.queue[1:]
		u, err := url.Parse(link)
		if err != nil {
			v.fail(link, "%v", err)
			continue
		}
		a := ask(t, w, "GET", u.RequestURI(), "")
		kind := a.header.Get("Content-Type")
		switch {
		case a.status != 200:
			v.fail(link, "%d %s", a.status, a.body)
		case strings.HasPrefix(kind, "application/json"):
			if !strings.HasSuffix(u.Path, "/openapi.json") && !v.elsewhere(u) {
				v.body(u, a.body)
			}
		case strings.HasSuffix(u.Path, "/applicationtrace") && kind == "text/plain": // a PE without an error has traced nothing
		case kind != "text/plain" && kind != "application/x-compressed" || len(a.body) == 0:
			v.fail(link, "%q of %d bytes", kind, len(a.body))
		}
		v.bodies++
	}
	for _, w := range v.wrong[:min(len(v.wrong), 30)] {
		t.Error(w)
	}
	return v
}

// elsewhere reports whether a link leads to the data service, whose bodies are others.
func (v *visit) elsewhere(u *url.URL) bool { return strings.HasPrefix(u.Path, "/data") }

// body finds out of what kind a body is and checks it.
func (v *visit) body(u *url.URL, raw []byte) {
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.UseNumber()
	var o map[string]any
	if err := dec.Decode(&o); err != nil {
		v.fail(u.String(), "%v", err)
		return
	}
	typ, _ := o["resourceType"].(string)
	elements, list := strings.CutSuffix(typ, "List")
	switch {
	case typ == "":
		for _, at := range v.ref.at {
			if end, root := strings.CutSuffix(at[0], "$root"); matches(u.Path, end) && root == (o["resources"] != nil) {
				v.object(u.String(), at[1], o)
				return
			}
		}
		v.fail(u.String(), "a body of no known kind: %.200s", raw)
	case list:
		v.collection(u.String(), elements, typ, o)
	default:
		v.object(u.String(), typ, o)
	}
}

// matches compares the end of a path with a pattern in which {} is any segment.
func matches(p, pattern string) bool {
	n := strings.Count(pattern, "/")
	segs := strings.Split(p, "/")
	if len(segs) < n {
		return false
	}
	ok, _ := path.Match(strings.ReplaceAll(strings.TrimPrefix(pattern, "/"), "{}", "*"), strings.Join(segs[len(segs)-n:], "/"))
	return ok
}

// collection checks an envelope. Reference: section 1.4.
func (v *visit) collection(where, elements, typ string, o map[string]any) {
	kind := v.ref.lists[typ]
	for name, x := range o {
		switch name {
		case "resourceType", "next", "previous":
			if _, ok := x.(string); !ok {
				v.fail(where, "%s is %v", name, x)
			}
		case "total":
			if _, ok := x.(json.Number); !ok {
				v.fail(where, "total is %v", x)
			}
		default:
			items, ok := x.([]any)
			if want := plurals[elements]; !ok || want != name {
				v.fail(where, "the collection of %s has %q: %v", elements, name, x)
			}
			for _, it := range items {
				e, _ := it.(map[string]any)
				own, _ := e["resourceType"].(string)
				if kind == "" && own != elements {
					v.fail(where, "a %q in a collection of %s", own, elements)
				}
				v.object(where, orText(kind, own), e)
			}
		}
	}
	if o["total"] == nil {
		v.fail(where, "no total")
	}
}

func orText(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// plurals are the names of the arrays of collections. Reference: section 1.4.
var plurals = map[string]string{
	"job": "jobs", "pe": "pes", "operator": "operators", "metric": "metrics", "view": "views", "viewItem": "viewItems", "instance": "instances", "domain": "domains", "resource": "resources",
	"resourceAllocation": "resourceAllocations", "activeService": "activeServices", "operatorInputPort": "inputPorts", "operatorOutputPort": "outputPorts", "peInputPort": "inputPorts",
	"peOutputPort": "outputPorts", "exportedStream": "exportedStreams", "importedStream": "importedStreams", "jobGroup": "jobGroups", "applicationConfiguration": "applicationConfigurations",
	"peConnection": "connections", "operatorConnection": "connections", "host": "hosts", "installation": "installations", "applicationBundle": "applicationBundles",
	"applicationEnvironmentVariable": "applicationEnvironmentVariables", "property": "properties", "jobSubmission": "jobSubmissions", "accessToken": "accessTokens",
	"group": "groups", "role": "roles", "user": "users", "securedObject": "securedObjects", "nameServiceEntry": "nameServiceEntries", "notification": "notifications", "trustedOrigin": "trustedOrigins",
	"restrictedConfiguration": "restrictedConfigurations", "jobMetricMetadata": "jobMetricMetadata", "persistentPath": "persistentPaths",
}

// object checks an object: what is not documented must not be there, what is documented must, with its type.
func (v *visit) object(where, kind string, o map[string]any) {
	props, ok := v.ref.kinds[kind]
	if !ok {
		v.fail(where, "no kind %q is documented: %.300v", kind, o)
		return
	}
	where += " (" + kind + ")"
	var known []string
	for _, p := range props {
		if p.only == "4" && v.five || p.only == "5" && !v.five {
			continue
		}
		known = append(known, p.name)
		x, there := o[p.name]
		switch {
		case !there && !p.maybe:
			v.fail(where, "%s is missing", p.name)
		case !there:
		case x == nil && !p.null:
			v.fail(where, "%s is null", p.name)
		case x != nil:
			v.ref.met[kind+"."+p.name] = true
			v.value(where+"."+p.name, p.typ, x)
		}
	}
	for name := range o {
		if !slices.Contains(known, name) {
			v.fail(where, "%s is not documented", name)
		}
	}
}

// value checks a value against a type.
func (v *visit) value(where, typ string, x any) {
	first, rest, _ := strings.Cut(typ, ":")
	s, isText := x.(string)
	switch first {
	case "S":
		if !isText {
			v.fail(where, "%v is no string", x)
		} else if strings.HasPrefix(s, "https://") && !strings.Contains(where, "connectionUrl") && !strings.HasSuffix(where, "(property).value") {
			v.fail(where, "%s is a link that is not documented as one", s)
		}
	case "U":
		if !isText || !strings.HasPrefix(s, "https://dc1.twin") {
			v.fail(where, "%v is no link", x)
			return
		}
		v.follow(s)
	case "E":
		if !isText || !slices.Contains(v.ref.enums[rest], s) {
			v.fail(where, "%v is none of %v", x, v.ref.enums[rest])
		}
	case "L":
		n, ok := x.(json.Number)
		if _, err := n.Int64(); !ok || err != nil {
			v.fail(where, "%v is no integer", x)
		}
	case "B":
		if _, ok := x.(bool); !ok {
			v.fail(where, "%v is no boolean", x)
		}
	case "A":
		list, ok := x.([]any)
		if !ok {
			v.fail(where, "%v is no array", x)
		}
		for _, it := range list {
			v.value(where, rest, it)
		}
	case "O":
		o, ok := x.(map[string]any)
		if !ok {
			v.fail(where, "%v is no object", x)
			return
		}
		v.object(where, rest, o)
	case "M":
		o, ok := x.(map[string]any)
		if !ok {
			v.fail(where, "%v is no object", x)
		}
		for k, e := range o {
			v.value(where+"."+k, "S", e)
		}
	case "any":
	default:
		v.fail(where, "no type %q", typ)
	}
}
