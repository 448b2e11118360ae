package api

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
)

// Route is a call that the API offers: where it is, what it takes and gives, and how it is answered. The same table serves
// and is described by Describe.
type Route struct {
	Method, Path string // "/instances/{instance}/jobs"
	// ID and Summary name the call in the description.
	ID, Summary string
	Status      int
	takes       reflect.Type
	takesMedia  string
	gives       reflect.Type
	or          reflect.Type // of another good answer
	givesMedia  string
	plural      string // of a collection
	kind        string // resource type of its elements
	verbs       []string
	queries     []string
	sevens      bool // only before API 5
	handle      func(*Call) (any, error)
}

const (
	mediaJSON  = "application/json"
	mediaText  = "text/plain"
	mediaJar   = "application/x-jar"
	mediaTarGZ = "application/x-compressed"
)

// Get answers with an element. `fields` picks properties.
func Get[T any](path, id, summary string, fn func(*Call) (T, error)) Route {
	return Route{
		Method: http.MethodGet, Path: path, ID: id, Summary: summary, Status: http.StatusOK, gives: reflect.TypeFor[T](), givesMedia: mediaJSON, queries: []string{"fields", "verbose"},
		handle: func(c *Call) (any, error) {
			v, err := fn(c)
			if list := c.query.Get("fields"); err == nil && list != "" {
				o, err := objectOf(v)
				return pick(o.props, list), err
			}
			return v, err
		},
	}
}

// Whole answers with an object to which no `fields` apply; queries are the parameters that it has.
func Whole[T any](path, id, summary string, queries []string, fn func(*Call) (T, error)) Route {
	return Route{
		Method: http.MethodGet, Path: path, ID: id, Summary: summary, Status: http.StatusOK, gives: reflect.TypeFor[T](), givesMedia: mediaJSON, queries: queries,
		handle: func(c *Call) (any, error) { return fn(c) },
	}
}

// List answers with a collection of elements of a kind.
func List[T any](path, id, summary, plural, kind string, fn func(*Call) ([]T, error)) Route {
	return Route{
		Method: http.MethodGet, Path: path, ID: id, Summary: summary, Status: http.StatusOK, gives: reflect.TypeFor[T](), givesMedia: mediaJSON, plural: plural, kind: kind,
		queries: []string{"count", "page", "fields", "listFields", "sort"},
		handle: func(c *Call) (any, error) {
			items, err := fn(c)
			if err != nil {
				return nil, err
			}
			return page(c, plural, kind, items)
		},
	}
}

// Send takes a body of JSON and gives one.
func Send[I, O any](method, path, id, summary string, status int, fn func(*Call, I) (O, error)) Route {
	return Route{
		Method: method, Path: path, ID: id, Summary: summary, Status: status, takes: reflect.TypeFor[I](), takesMedia: mediaJSON, gives: reflect.TypeFor[O](), givesMedia: mediaJSON,
		handle: func(c *Call) (any, error) {
			var in I
			if err := c.decode(&in); err != nil {
				return nil, err
			}
			return fn(c, in)
		},
	}
}

// Upload takes a bundle, which is only read through: it may be large.
func Upload[O any](path, id, summary string, fn func(*Call, io.Reader) (O, error)) Route {
	return Route{
		Method: http.MethodPost, Path: path, ID: id, Summary: summary, Status: http.StatusOK, takes: reflect.TypeFor[[]byte](), takesMedia: mediaJar, gives: reflect.TypeFor[O](), givesMedia: mediaJSON,
		handle: func(c *Call) (any, error) { return fn(c, c.Body) },
	}
}

// Submit takes a body of JSON and gives a T, or something else that Or names.
func Submit[I, T any](method, path, id, summary string, status int, fn func(*Call, I) (any, error)) Route {
	r := Send(method, path, id, summary, status, fn)
	r.gives = reflect.TypeFor[T]()
	return r
}

// Or names another body of a good answer by an example.
func (r Route) Or(other any) Route { r.or = reflect.TypeOf(other); return r }

// Remove takes nothing and gives nothing.
func Remove(path, id, summary string, fn func(*Call) error) Route {
	return Route{
		Method: http.MethodDelete, Path: path, ID: id, Summary: summary, Status: http.StatusNoContent,
		handle: func(c *Call) (any, error) { return nil, fn(c) },
	}
}

// file is an answer that is no JSON.
type file struct {
	media string
	body  []byte
}

// Text answers with plain text.
func Text(path, id, summary string, fn func(*Call) (string, error)) Route {
	return Route{
		Method: http.MethodGet, Path: path, ID: id, Summary: summary, Status: http.StatusOK, gives: reflect.TypeFor[string](), givesMedia: mediaText,
		handle: func(c *Call) (any, error) {
			text, err := fn(c)
			return file{mediaText, []byte(text)}, err
		},
	}
}

// Archive answers with a tar.gz.
func Archive(path, id, summary string, fn func(*Call) ([]byte, error)) Route {
	return Route{
		Method: http.MethodGet, Path: path, ID: id, Summary: summary, Status: http.StatusOK, gives: reflect.TypeFor[[]byte](), givesMedia: mediaTarGZ,
		handle: func(c *Call) (any, error) {
			b, err := fn(c)
			return file{mediaTarGZ, b}, err
		},
	}
}

// Verb is something that a resource can be told to do. It returns which resource it was.
type Verb struct {
	Name string
	Do   func(*Call, Action) (restid string, err error)
}

// Actions is the generic mechanism by which a resource is told to do something: the body has the action's type.
// Assumption twin.actions.
func Actions(path, id, summary, kind string, verbs ...Verb) Route {
	r := Send(http.MethodPost, path, id, summary, http.StatusOK, func(c *Call, a Action) (Message, error) {
		for _, v := range verbs {
			if v.Name != a.Type {
				continue
			}
			restid, err := v.Do(c, a)
			return Message{Done, Done + " The action " + a.Type + " was performed for the resource type " + kind + " and the REST id " + restid + "."}, err
		}
		if a.Type == "" {
			return Message{}, Fail(http.StatusBadRequest, NoActionType, "The request body has no action type.")
		}
		return Message{}, Fail(http.StatusBadRequest, NoSuchAction, "The action %s is not supported for the resource type %s.", a.Type, kind)
	})
	for _, v := range verbs {
		r.verbs = append(r.verbs, v.Name)
	}
	return r
}

// Before5 offers a route before API 5 alone.
func Before5(r Route) Route { r.sevens = true; return r }

// in reports whether a route is offered in an API.
func (r Route) in(five bool) bool { return !five || !r.sevens }

// maxJSON bounds a body of JSON, which is read as a whole.
const maxJSON = 64 << 20

// decode reads a body of JSON.
func (c *Call) decode(into any) error {
	b, err := io.ReadAll(http.MaxBytesReader(c.w, c.Body, maxJSON))
	if err != nil {
		return Fail(http.StatusRequestEntityTooLarge, Unexpected, "The request body could not be read: %v.", err)
	}
	err = json.Unmarshal(b, into)
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong):
		return Fail(http.StatusBadRequest, NotJSON, "The request body is not the JSON object that is expected: %s is not of type %s.", orBody(wrong.Field), wrong.Type)
	case err != nil:
		return Fail(http.StatusBadRequest, NotJSON, "The request body is not JSON.")
	}
	return nil
}

func orBody(field string) string {
	if field == "" {
		return "it"
	}
	return field
}

// Mount is where routes are served, and how.
type Mount struct {
	// Prefix is the path that routes lie below, "/streams".
	Prefix string
	// Root is the path that links lead to; empty: Prefix.
	Root   string
	Routes []Route
	Five   bool
	Shape  Shape
	// Check is made before a call is answered; may be nil.
	Check func(*Call) error
}

// Handler serves mounts.
func Handler(mounts ...Mount) http.Handler {
	mux := http.NewServeMux()
	for _, m := range mounts {
		for _, r := range m.Routes {
			if r.in(m.Five) {
				mux.HandleFunc(r.Method+" "+m.Prefix+r.Path, m.serve(r))
			}
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		seen := &refusal{header: http.Header{}}
		h.ServeHTTP(seen, r)
		shape := shapeAt(mounts, r.URL.Path)
		if allow := seen.header.Get("Allow"); seen.status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", allow)
			shape.Refuse(w, Fail(http.StatusMethodNotAllowed, NoSuchAction, "%s is not supported for the resource %s.", r.Method, r.URL.Path))
			return
		}
		shape.Refuse(w, Fail(http.StatusNotFound, NoResource, "The resource %s does not exist.", r.URL.Path))
	})
}

func shapeAt(mounts []Mount, path string) Shape {
	shape, best := Single, -1
	for _, m := range mounts {
		if strings.HasPrefix(path, m.Prefix+"/") && len(m.Prefix) > best {
			shape, best = m.Shape, len(m.Prefix)
		}
	}
	return shape
}

// refusal is how the router itself refuses a request.
type refusal struct {
	header http.Header
	status int
}

func (r *refusal) Header() http.Header         { return r.header }
func (r *refusal) WriteHeader(status int)      { r.status = status }
func (r *refusal) Write(b []byte) (int, error) { return len(b), nil }

// serve answers one route.
func (m Mount) serve(r Route) http.HandlerFunc {
	root := m.Root
	if root == "" {
		root = m.Prefix
	}
	return func(w http.ResponseWriter, req *http.Request) {
		c := &Call{Request: req, w: w, Root: "https://" + req.Host + root, Five: m.Five, Shape: m.Shape, query: req.URL.Query()}
		v, err := any(nil), error(nil)
		if m.Check != nil {
			err = m.Check(c)
		}
		if err == nil {
			v, err = r.handle(c)
		}
		if err != nil {
			m.Shape.Refuse(w, err)
			return
		}
		status := r.Status
		if c.status != 0 {
			status = c.status
		}
		switch v := v.(type) {
		case nil:
			w.WriteHeader(status)
		case file:
			w.Header().Set("Content-Type", v.media)
			w.WriteHeader(status)
			_, _ = w.Write(v.body) // the client may have gone
		default:
			Reply(w, status, v)
		}
	}
}
