package twin

import (
	"encoding/json"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xdc-project/xdc/lang/spl"
	"github.com/xdc-project/xdc/providers"
)

// maxInjected bounds one record that is posted to an operator, in bytes.
const maxInjected = 16 << 20

// startInet opens the web server of the inetserver operators of a target's applications. Reference: section 10 of the data
// service's; assumption twin.inetserver.
func (d *dc) startInet() error {
	if d.cfg.Inet == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(d.cfg.Inet)
	if err != nil {
		return err
	}
	node := "svc/" + d.cfg.Name
	if i := slices.IndexFunc(d.hosts, func(h providers.Host) bool { return sameAddress(h.Address, host) }); i >= 0 {
		node = d.node(i)
	}
	l, err := d.twin.net.Listen(node, d.cfg.Inet)
	if err != nil {
		return err
	}
	d.twin.serve(&http.Server{Handler: http.HandlerFunc(d.serveInet), ReadHeaderTimeout: 30 * time.Second}, l)
	return nil
}

// InetURL is where a target's inetserver operators are; empty where it has none.
func (t *Twin) InetURL(target string) string {
	for _, d := range t.dcs {
		if d.cfg.Name == target && d.cfg.Inet != "" {
			return "http://" + t.net.Address(d.cfg.Inet)
		}
	}
	return ""
}

// inetPort is the port that they listen on; 0 where there is none.
func (d *dc) inetPort() int {
	if d.cfg.Inet == "" {
		return 0
	}
	_, port, err := net.SplitHostPort(d.twin.net.Address(d.cfg.Inet))
	n, bad := strconv.Atoi(port)
	if err != nil || bad != nil {
		return 0
	}
	return n
}

// serveInet serves what an operator's embedded server does. Where no PE runs that has one, the connection is closed.
func (d *dc) serveInet(w http.ResponseWriter, r *http.Request) {
	ports := []object{}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	for _, j := range d.snapshotJobs() {
		if !j.working(sourcePE) || !j.working(sinkPE) {
			continue
		}
		for _, e := range j.app.ends {
			if !e.inet {
				continue
			}
			kind, what, serve := "output", "inject", d.injectOne
			if e.sink {
				kind, what, serve = "input", "tuples", d.window
			}
			ports = append(ports, object{"operatorName": e.name, "portIndex": 0, "kind": kind})
			if n := len(parts); n >= 5 && parts[n-5] == e.name && parts[n-4] == "ports" && parts[n-3] == kind && parts[n-2] == "0" && parts[n-1] == what {
				serve(w, r, j, e)
				return
			}
		}
	}
	switch {
	case len(ports) == 0:
		panic(http.ErrAbortHandler) // nobody is there
	case r.URL.Path == "/ports/info" && r.Method == http.MethodGet:
		reply(w, http.StatusOK, object{"exposedPorts": ports})
	default:
		http.NotFound(w, r)
	}
}

// injectOne takes one record. While the source's buffer is full it waits, as submitting a tuple does.
func (d *dc) injectOne(w http.ResponseWriter, r *http.Request, j *job, e endpoint) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", "POST")
		http.Error(w, "only POST is served here", http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxInjected))
	if err != nil {
		http.Error(w, "the request is too large", http.StatusRequestEntityTooLarge)
		return
	}
	item, ok := json.RawMessage(body), true
	switch media, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); media {
	case "application/json":
	case "application/x-www-form-urlencoded":
		item, ok = e.tupleOfForm(string(body))
	default:
		http.Error(w, "JSON or a form is taken here", http.StatusUnsupportedMediaType)
		return
	}
	if !ok || !json.Valid(item) || item[0] != '{' || e.unfit([]json.RawMessage{item}) != "" {
		http.Error(w, "this cannot be made a tuple", http.StatusBadRequest)
		return
	}
	for {
		if j.turn(r.Context(), sourcePE) != nil {
			panic(http.ErrAbortHandler)
		}
		if j.app.accept(e, []json.RawMessage{item}) == 1 {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		if !wait(r.Context(), blocked) {
			return
		}
	}
}

// tupleOfForm makes a tuple of a form: by the type of each attribute where it is known, else as text.
func (e endpoint) tupleOfForm(body string) (json.RawMessage, bool) {
	values, err := url.ParseQuery(body)
	if err != nil {
		return nil, false
	}
	out := map[string]any{}
	for name, v := range values {
		out[name] = v[0]
		if e.tuple == nil {
			continue
		}
		for _, f := range e.tuple.Fields {
			if f.Name == name && f.Type.Form() != spl.FormString {
				out[name] = json.RawMessage(v[0])
			}
		}
	}
	text, err := json.Marshal(out)
	return text, err == nil
}

// window gives the tuples that a view has, oldest first.
func (d *dc) window(w http.ResponseWriter, r *http.Request, j *job, e endpoint) {
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", "GET")
		http.Error(w, "only GET is served here", http.StatusMethodNotAllowed)
		return
	}
	if j.turn(r.Context(), sinkPE) != nil {
		panic(http.ErrAbortHandler)
	}
	items, _, _ := j.app.sinks[e.name].after(fromTheStart, math.MaxInt)
	if items == nil {
		items = []json.RawMessage{}
	}
	reply(w, http.StatusOK, items)
}

// exchanged are the endpoints that the data service serves.
func (a *application) exchanged() []endpoint {
	return slices.DeleteFunc(slices.Clone(a.ends), func(e endpoint) bool { return e.inet })
}
