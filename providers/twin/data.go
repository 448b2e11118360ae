package twin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/xdc-project/xdc/lang/spl"
	"github.com/xdc-project/xdc/providers/twin/control"
)

// serveData is the data service: a listing at /data, endpoints below it, each by HTTP and by WebSocket. Assumption data.statuses.
func (d *dc) serveData(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/data" || r.URL.Path == "/data/" {
		d.listEndpoints(w, r)
		return
	}
	// /data/JOB/endpoints/NAME/data, or /websocket, or a document of the job
	parts := strings.Split(strings.Trim(r.URL.EscapedPath(), "/"), "/")
	if len(parts) == 3 && d.describeJob(w, r, parts[1], parts[2]) {
		return
	}
	if len(parts) != 5 || parts[2] != "endpoints" || (parts[4] != "data" && parts[4] != "websocket") {
		failData(w, http.StatusNotFound, "There is no such endpoint.")
		return
	}
	name, err := url.PathUnescape(parts[3])
	j := d.job(parts[1])
	if err != nil || j == nil {
		failData(w, http.StatusNotFound, "There is no such job.")
		return
	}
	e, ok := j.app.endpoint(name)
	ok = ok && !e.inet
	if where, in := d.troubles.of(j.spec.Path, e); ok && in && d.suffers(w, r, control.Data, where) {
		return
	}
	switch socket := parts[4] == "websocket"; {
	case !ok:
		failData(w, http.StatusNotFound, "The job has no such endpoint.")
	case socket && !e.sink:
		d.injectSocket(w, r, j, e) //nolint:contextcheck // the connection outlives the request
	case socket:
		d.inspectSocket(w, r, j, e) //nolint:contextcheck // the connection outlives the request
	case !e.sink:
		d.inject(w, r, j, e)
	default:
		d.inspect(w, r, j, e)
	}
}

// failData writes an error in the shape of REST API 5.x: a list of messages.
func failData(w http.ResponseWriter, status int, text string) {
	reply(w, status, object{"messages": []object{{"message": text}}})
}

// listEndpoints lists the running data exchange jobs with their URIs. Assumption data.listing.
func (d *dc) listEndpoints(w http.ResponseWriter, r *http.Request) {
	jobs := []object{}
	for _, j := range d.snapshotJobs() {
		if !j.working(sourcePE) {
			continue
		}
		entry := func(e endpoint) object {
			at := r.Host + "/data/" + j.id + "/endpoints/" + url.PathEscape(e.name)
			return object{"name": e.name, "operator": e.operator, "stream": e.stream, "uri": "https://" + at + "/data", "websocketUri": "wss://" + at + "/websocket"}
		}
		inject, inspect := []object{}, []object{}
		for _, e := range j.app.exchanged() {
			if e.sink {
				inspect = append(inspect, entry(e))
			} else {
				inject = append(inject, entry(e))
			}
		}
		doc := func(name string) object {
			at := "https://" + r.Host + "/data/" + j.id + "/" + name
			return object{"json": at + ".json", "yaml": at + ".yaml"}
		}
		jobs = append(jobs, object{"id": j.id, "name": j.name, "inject": inject, "inspect": inspect, "openapi": doc("openapi"), "asyncapi": doc("asyncapi")})
	}
	reply(w, http.StatusOK, object{"jobs": jobs})
}

// inject takes records: 204 for all, 413 with addedItems for a leading part.
func (d *dc) inject(w http.ResponseWriter, r *http.Request, j *job, e endpoint) {
	switch {
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", "POST")
		failData(w, http.StatusMethodNotAllowed, "Records are posted here.")
		return
	case !j.working(sourcePE) || !j.working(statePE):
		failData(w, http.StatusServiceUnavailable, "The operator is not reachable.")
		return
	case !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json"):
		failData(w, http.StatusUnsupportedMediaType, "Only application/json is taken.")
		return
	}
	items, err := readItems(http.MaxBytesReader(w, r.Body, maxPost))
	if tooLarge(err) {
		reply(w, http.StatusRequestEntityTooLarge, object{"addedItems": 0, "messages": []object{{"message": "The request is too large."}}})
		return
	}
	if err != nil {
		failData(w, http.StatusBadRequest, err.Error())
		return
	}
	if why := e.unfit(items); why != "" {
		failData(w, http.StatusBadRequest, why)
		return
	}
	if j.turn(r.Context(), sourcePE) != nil {
		failData(w, http.StatusServiceUnavailable, "The operator is not reachable.")
		return
	}
	if n := j.app.accept(e, items); n < len(items) {
		reply(w, http.StatusRequestEntityTooLarge, object{"addedItems": n, "messages": []object{{"message": "The buffer of the endpoint is full."}}})
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// maxPost bounds one request with records, in bytes. Assumption data.inject.
const maxPost = 128 << 20

// tooLarge reports whether a body was larger than is read.
func tooLarge(err error) bool {
	_, yes := errors.AsType[*http.MaxBytesError](err)
	return yes
}

// readItems reads {"items": [...]}.
func readItems(r io.Reader) ([]json.RawMessage, error) {
	var body struct {
		Items []json.RawMessage `json:"items"`
	}
	err := json.NewDecoder(r).Decode(&body)
	if tooLarge(err) {
		return nil, err
	}
	if err != nil || body.Items == nil {
		return nil, errors.New("The body must be an object with an array called items.") //nolint:staticcheck // it is the service's message
	}
	for _, it := range body.Items {
		if len(it) == 0 || it[0] != '{' {
			return nil, errors.New("Every item must be an object.") //nolint:staticcheck // it is the service's message
		}
	}
	return body.Items, nil
}

// unfit says why one of some items is no tuple of the endpoint's; "" where all are. What is missing gets the default of its type,
// and what does not exist is left out. Assumption data.types.
func (e endpoint) unfit(items []json.RawMessage) string {
	if e.tuple == nil {
		return ""
	}
	for n, it := range items {
		for _, p := range e.tuple.Check(it) {
			if p.Class == spl.Wrong {
				return fmt.Sprintf("Item %d cannot be converted to %s: %s.", n, e.tuple, p)
			}
		}
	}
	return ""
}

// inspect gives out what has come since a stamp. Assumption data.consuming.
func (d *dc) inspect(w http.ResponseWriter, r *http.Request, j *job, e endpoint) {
	switch {
	case r.Method != http.MethodGet:
		w.Header().Set("Allow", "GET")
		failData(w, http.StatusMethodNotAllowed, "Records are read here.")
		return
	case j.turn(r.Context(), sinkPE) != nil:
		failData(w, http.StatusServiceUnavailable, "The operator is not reachable.")
		return
	}
	since, err := strconv.ParseInt(r.Header.Get("If-Modified-Since-Milliseconds"), 10, 64)
	if err != nil {
		since = 0
	}
	items, next, gap := j.app.sinks[e.name].since(since)
	if items == nil {
		items = []json.RawMessage{}
	}
	out := object{"items": items}
	if gap {
		out["warning"] = "The requested start time is earlier than the oldest tuple in the buffer."
		w.Header().Set("Warning", `299 - "tuples were dropped before they were read"`)
	}
	w.Header().Set("Last-Modified-Milliseconds", strconv.FormatInt(next, 10))
	reply(w, http.StatusOK, out)
}
