package twin

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// object is a JSON object of the API.
type object = map[string]any

// reply writes a JSON answer.
func reply(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "encode: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(b) // the client may have gone
}

// fail writes an error in the shape of REST API 4.x: id and message, the text beginning with the id.
func fail(w http.ResponseWriter, status int, id, text string) {
	reply(w, status, object{"id": id, "message": id + " " + text})
}

// rest is the management API of the domain.
func (d *dc) rest() http.Handler {
	mux := http.NewServeMux()
	inst := "/streams/instances/" + d.cfg.Instance
	mux.HandleFunc("GET /streams/resources", func(w http.ResponseWriter, r *http.Request) {
		reply(w, http.StatusOK, object{"resources": []object{
			{"name": "domains", "resource": base(r) + "/streams/domains"}, {"name": "instances", "resource": base(r) + "/streams/instances"},
		}})
	})
	mux.HandleFunc("GET /streams/domains", func(w http.ResponseWriter, r *http.Request) {
		d.list(w, r, "domains", "domain", []object{d.domain(r)})
	})
	mux.HandleFunc("GET /streams/domains/{id}", func(w http.ResponseWriter, r *http.Request) { reply(w, http.StatusOK, d.domain(r)) })
	mux.HandleFunc("GET /streams/instances", func(w http.ResponseWriter, r *http.Request) {
		d.list(w, r, "instances", "instance", []object{d.instance(r)})
	})
	mux.HandleFunc("GET "+inst, func(w http.ResponseWriter, r *http.Request) { reply(w, http.StatusOK, d.instance(r)) })
	mux.HandleFunc("POST "+inst+"/actions", d.instanceAction)
	mux.HandleFunc("GET "+inst+"/activeservices", d.services)
	mux.HandleFunc("POST "+inst+"/applicationbundles", d.upload)
	mux.HandleFunc("GET "+inst+"/jobs", func(w http.ResponseWriter, r *http.Request) {
		var out []object
		for _, j := range d.snapshotJobs() {
			out = append(out, j.rest(r))
		}
		d.list(w, r, "jobs", "job", out)
	})
	mux.HandleFunc("POST "+inst+"/jobs", d.submitJob)
	mux.HandleFunc("GET "+inst+"/jobs/snapshot", func(w http.ResponseWriter, r *http.Request) {
		out := []object{}
		for _, j := range d.snapshotJobs() {
			out = append(out, j.tree(r))
		}
		reply(w, http.StatusOK, object{"jobs": out})
	})
	mux.HandleFunc("GET "+inst+"/jobs/metricssnapshot", func(w http.ResponseWriter, _ *http.Request) {
		out := []object{}
		for _, j := range d.snapshotJobs() {
			out = append(out, j.metrics())
		}
		reply(w, http.StatusOK, object{"jobs": out})
	})
	mux.HandleFunc("GET "+inst+"/jobs/{id}", d.withJob(func(w http.ResponseWriter, r *http.Request, j *job) { reply(w, http.StatusOK, j.rest(r)) }))
	mux.HandleFunc("DELETE "+inst+"/jobs/{id}", d.withJob(func(w http.ResponseWriter, _ *http.Request, j *job) {
		if s := j.getStatus(); s != "canceling" {
			d.cancel(j)
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	mux.HandleFunc("GET "+inst+"/jobs/{id}/snapshot", d.withJob(func(w http.ResponseWriter, r *http.Request, j *job) { reply(w, http.StatusOK, j.tree(r)) }))
	mux.HandleFunc("GET "+inst+"/jobs/{id}/metricssnapshot", d.withJob(func(w http.ResponseWriter, _ *http.Request, j *job) { reply(w, http.StatusOK, j.metrics()) }))
	mux.HandleFunc("GET "+inst+"/pes", func(w http.ResponseWriter, r *http.Request) {
		var out []object
		for _, j := range d.snapshotJobs() {
			for _, p := range j.pesNow() {
				out = append(out, p.rest(r, j))
			}
		}
		d.list(w, r, "pes", "pe", out)
	})
	mux.HandleFunc("GET "+inst+"/pes/{id}", d.withPE(func(w http.ResponseWriter, r *http.Request, j *job, i int) {
		reply(w, http.StatusOK, j.pesNow()[i].rest(r, j))
	}))
	mux.HandleFunc("GET "+inst+"/pes/{id}/applicationtrace", d.withPE(func(w http.ResponseWriter, _ *http.Request, j *job, _ int) {
		j.mu.Lock()
		text := strings.Join(j.trace, "\n") + "\n"
		j.mu.Unlock()
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, text) // the client may have gone
	}))
	mux.HandleFunc("POST "+inst+"/pes/{id}/actions", d.withPE(d.peAction))
	mux.HandleFunc("GET "+inst+"/operators", func(w http.ResponseWriter, r *http.Request) {
		var out []object
		for _, j := range d.snapshotJobs() {
			for _, p := range j.pesNow() {
				for _, op := range p.ops {
					out = append(out, object{
						"name": op, "operatorKind": kindOf(op), "resourceType": "operator", "self": d.self(r) + "/jobs/" + j.id + "/operators/" + url.PathEscape(op),
						"restid": op, "job": d.self(r) + "/jobs/" + j.id, "pe": d.self(r) + "/pes/" + p.id,
					})
				}
			}
		}
		d.list(w, r, "operators", "operator", out)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, http.StatusNotFound, "CDISW5000E", "The resource "+r.URL.Path+" does not exist.")
	})
	return mux
}

func base(r *http.Request) string { return "https://" + r.Host }

func (d *dc) self(r *http.Request) string { return base(r) + "/streams/instances/" + d.cfg.Instance }

// list answers a collection: envelope, filters by property, count and page, fields.
func (d *dc) list(w http.ResponseWriter, r *http.Request, plural, kind string, items []object) {
	q := r.URL.Query()
	items = slices.DeleteFunc(items, func(o object) bool { return !fits(o, q) })
	out := object{"resourceType": kind + "List", "total": len(items), plural: items}
	if items == nil {
		out[plural] = []object{}
	}
	if n, err := strconv.Atoi(q.Get("count")); err == nil && n > 0 {
		pages := max((len(items)+n-1)/n, 1)
		page, err := strconv.Atoi(q.Get("page"))
		if err != nil || page == 0 {
			page = 1
		}
		if page < 0 {
			page = pages
		}
		from := min((page-1)*n, len(items))
		out[plural] = items[from:min(from+n, len(items))]
		link := func(p int) string {
			q.Set("page", strconv.Itoa(p))
			return base(r) + r.URL.Path + "?" + q.Encode()
		}
		if page < pages {
			out["next"] = link(page + 1)
		}
		if page > 1 {
			out["previous"] = link(page - 1)
		}
	}
	if f := q.Get("fields"); f != "" {
		cut := []object{}
		for _, o := range out[plural].([]object) { //nolint:forcetypeassert // it was put there above
			c := object{}
			for name := range strings.SplitSeq(f, ",") {
				if v, ok := o[name]; ok {
					c[name] = v
				}
			}
			cut = append(cut, c)
		}
		out[plural] = cut
	}
	reply(w, http.StatusOK, out)
}

// fits applies the filters of a query: several properties are ANDed, several values ORed, unknown ones ignored.
func fits(o object, q url.Values) bool {
	for name, values := range q {
		var have string
		switch {
		case name == "count" || name == "page" || name == "fields" || name == "listFields" || name == "sort" || name == "verbose":
			continue
		case strings.HasSuffix(name, ".restid"):
			link, ok := o[strings.TrimSuffix(name, ".restid")].(string)
			if !ok {
				continue
			}
			have = link[strings.LastIndex(link, "/")+1:]
		default:
			v, ok := o[name]
			if !ok {
				continue
			}
			have = fmt.Sprint(v)
		}
		if !slices.Contains(strings.Split(strings.Join(values, ","), ","), have) {
			return false
		}
	}
	return true
}

func (d *dc) domain(r *http.Request) object {
	return object{
		"id": d.cfg.Name, "restid": d.cfg.Name, "resourceType": "domain", "self": base(r) + "/streams/domains/" + d.cfg.Name, "status": "running",
		"instances": base(r) + "/streams/instances", "creationUser": d.cfg.Username,
		"activeVersion": object{"productName": "Teracloud Streams", "productVersion": "7.2.0.0", "fullProductVersion": "7.2.0.0 (xdc twin)", "architecture": "x86_64"},
	}
}

func (d *dc) instance(r *http.Request) object {
	d.mu.Lock()
	status, started := d.status, d.started
	d.mu.Unlock()
	self := d.self(r)
	o := object{
		"id": d.cfg.Instance, "restid": d.cfg.Instance, "resourceType": "instance", "self": self, "status": status, "health": d.health(),
		"startTime": started.UnixMilli(), "creationTime": d.twin.start.UnixMilli(), "owner": d.cfg.Username, "startedBy": d.cfg.Username,
		"domain": base(r) + "/streams/domains/" + d.cfg.Name, "activeVersion": d.domain(r)["activeVersion"],
		"jobsSnapshot": self + "/jobs/snapshot", "jobsMetricsSnapshot": self + "/jobs/metricssnapshot",
	}
	for _, link := range []string{"jobs", "pes", "operators", "peConnections", "operatorConnections", "views", "exportedStreams", "importedStreams", "activeServices", "resourceAllocations", "hosts", "applicationBundles"} {
		o[link] = self + "/" + strings.ToLower(link)
	}
	return o
}

// health sums up the jobs'.
func (d *dc) health() string {
	worst := "healthy"
	for _, j := range d.snapshotJobs() {
		switch h := j.health(); {
		case h == "unhealthy":
			worst = "partiallyUnhealthy"
		case h != "healthy" && worst == "healthy":
			worst = h
		}
	}
	return worst
}

func (d *dc) instanceAction(w http.ResponseWriter, r *http.Request) {
	switch kind := actionType(w, r); kind {
	case "":
	case "stop":
		d.stop()
		reply(w, http.StatusOK, object{"id": "CDISW0001I", "message": "CDISW0001I The stop action was performed."})
	case "start":
		d.startInstance()
		reply(w, http.StatusOK, object{"id": "CDISW0001I", "message": "CDISW0001I The start action was performed."})
	default:
		fail(w, http.StatusBadRequest, "CDISW5012E", "The action "+kind+" is not supported for instances.")
	}
}

// actionType reads the body of an action, or answers what is wrong with it.
func actionType(w http.ResponseWriter, r *http.Request) string {
	var body struct{ Type string }
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		fail(w, http.StatusBadRequest, "CDISW5014E", "The request body is not JSON.")
		return ""
	}
	if body.Type == "" {
		fail(w, http.StatusBadRequest, "CDISW5011E", "The request body has no action type.")
	}
	return body.Type
}

func (d *dc) services(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	up := d.status == "running"
	d.mu.Unlock()
	out := []object{{"type": "sws", "status": "running", "resourceType": "activeService", "leader": true, "instance": d.self(r)}}
	if up {
		out = append(out, object{
			"type": "data", "status": "running", "resourceType": "activeService", "leader": true, "instance": d.self(r), "connectionUrl": d.dataURL(),
		})
	}
	d.list(w, r, "activeServices", "activeService", out)
}

func (d *dc) dataURL() string {
	return "https://" + d.twin.net.Address(net.JoinHostPort(serviceHost(d.cfg.Name), dataPort)) + "/data"
}

func (d *dc) upload(w http.ResponseWriter, r *http.Request) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		fail(w, http.StatusBadRequest, "CDISA5360E", "The bundle content is not valid.")
		return
	}
	d.mu.Lock()
	id := fmt.Sprintf("bundleId:%08x%04x", len(b), len(d.bundles)+1)
	d.bundles[id] = b
	d.mu.Unlock()
	reply(w, http.StatusOK, object{"bundleId": id})
}

// submitJob blocks for as long as a submission takes, and answers with the job.
func (d *dc) submitJob(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Application string `json:"application"`
		Overlay     struct {
			Overlays []struct {
				JobConfig struct {
					JobName string `json:"jobName"`
				} `json:"jobConfig"`
			} `json:"jobConfigOverlays"`
		} `json:"jobConfigurationOverlay"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		fail(w, http.StatusBadRequest, "CDISW5014E", "The request body is not JSON.")
		return
	}
	d.mu.Lock()
	bundle, ok := d.bundles[body.Application]
	delete(d.bundles, body.Application) // an identifier can be used for one submit only
	n := d.nextJob
	d.mu.Unlock()
	if !ok {
		fail(w, http.StatusNotFound, "CDISA5285E", "The application identifier "+body.Application+" does not exist.")
		return
	}
	name := ""
	if len(body.Overlay.Overlays) > 0 {
		name = body.Overlay.Overlays[0].JobConfig.JobName
	}
	if !wait(r.Context(), d.twin.between(fmt.Sprintf("submit %s#%d", d.cfg.Name, n), 500*time.Millisecond, 1500*time.Millisecond)) {
		return
	}
	j, err := d.submit(bundle, name)
	if err != nil {
		id, text, _ := strings.Cut(err.Error(), " ")
		fail(w, http.StatusConflict, id, text)
		return
	}
	w.Header().Set("Location", d.self(r)+"/jobs/"+j.id)
	reply(w, http.StatusCreated, j.rest(r))
}

func (d *dc) withJob(fn func(http.ResponseWriter, *http.Request, *job)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		j := d.job(r.PathValue("id"))
		if j == nil {
			fail(w, http.StatusNotFound, "CDISA5230E", "The job "+r.PathValue("id")+" does not exist.")
			return
		}
		fn(w, r, j)
	}
}

func (d *dc) withPE(fn func(http.ResponseWriter, *http.Request, *job, int)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for _, j := range d.snapshotJobs() {
			for i, p := range j.pesNow() {
				if p.id == r.PathValue("id") {
					fn(w, r, j, i)
					return
				}
			}
		}
		fail(w, http.StatusNotFound, "CDISA5291E", "The processing element "+r.PathValue("id")+" does not exist.")
	}
}

func (d *dc) peAction(w http.ResponseWriter, r *http.Request, j *job, i int) {
	switch kind := actionType(w, r); kind {
	case "":
		return
	case "stop":
		j.stopPE(i)
	case "start":
		j.startPE(i, "starting")
	case "restart":
		j.stopPE(i)
		j.startPE(i, "starting")
	default:
		fail(w, http.StatusBadRequest, "CDISW5012E", "The action "+kind+" is not supported for pes.")
		return
	}
	reply(w, http.StatusOK, object{"id": "CDISW0001I", "message": "CDISW0001I The action was performed."})
}

// pesNow copies the PEs.
func (j *job) pesNow() []pe {
	j.mu.Lock()
	defer j.mu.Unlock()
	out := make([]pe, len(j.pes))
	for i, p := range j.pes {
		out[i] = *p
	}
	return out
}

func (j *job) rest(r *http.Request) object {
	self := j.dc.self(r) + "/jobs/" + j.id
	return object{
		"id": j.id, "restid": j.id, "name": j.name, "resourceType": "job", "self": self, "status": j.getStatus(), "health": j.health(),
		"applicationName": "application::" + strings.TrimPrefix(j.spec.Path, "job."), "applicationVersion": "1.0.0", "jobGroup": "default",
		"startedBy": j.dc.cfg.Username, "submitTime": j.at.UnixMilli(), "productVersion": "7.2.0.0", "generationId": 0,
		"instance": j.dc.self(r), "domain": base(r) + "/streams/domains/" + j.dc.cfg.Name, "pes": j.dc.self(r) + "/pes?job.restid=" + j.id,
		"operators": j.dc.self(r) + "/operators?job.restid=" + j.id, "snapshot": self + "/snapshot", "metricsSnapshot": self + "/metricssnapshot",
	}
}

func (p pe) health() string {
	if p.status == "running" {
		return "healthy"
	}
	return "unhealthy"
}

func (p pe) rest(r *http.Request, j *job) object {
	self := j.dc.self(r) + "/pes/" + p.id
	o := object{
		"id": p.id, "restid": p.id, "resourceType": "pe", "self": self, "status": p.status, "statusReason": p.reason, "health": p.health(),
		"launchCount": p.launches, "restartable": true, "relocatable": true, "job": j.dc.self(r) + "/jobs/" + j.id,
		"operators": j.dc.self(r) + "/operators?pe.restid=" + p.id, "applicationTrace": self + "/applicationtrace", "metrics": self + "/metrics",
		"requiredConnections": "connected", "optionalConnections": "connected",
	}
	o["processId"] = nil
	if p.proc != nil {
		o["processId"] = strconv.Itoa(p.proc.PID())
	}
	return o
}

// tree is the job's snapshot.
func (j *job) tree(r *http.Request) object {
	pes := []object{}
	for _, p := range j.pesNow() {
		ops := []object{}
		for _, op := range p.ops {
			ops = append(ops, object{"name": op, "operatorKind": kindOf(op)})
		}
		pes = append(pes, object{
			"id": p.id, "status": p.status, "health": p.health(), "launchCount": p.launches, "resource": j.dc.hosts[p.host].Name, "operators": ops,
		})
	}
	return object{
		"id": j.id, "name": j.name, "instance": j.dc.cfg.Instance, "status": j.getStatus(), "health": j.health(), "submitTime": j.at.UnixMilli(),
		"generationId": 0, "self": j.dc.self(r) + "/jobs/" + j.id, "pes": pes,
	}
}

// ports are how many input and output ports an operator has.
func ports(op string) (in, out int) {
	switch {
	case strings.HasSuffix(op, "HeartbeatMessagePreparer"):
		return 3, 6
	case strings.HasSuffix(op, "HeartbeatSignalGenerator"), strings.HasSuffix(op, "CrossDataCenterReceiverForHB"), strings.HasSuffix(op, "CrossDataCenterReceiver"):
		return 0, 1
	case strings.HasSuffix(op, "RemoteDataCenterHeartbeatWatchdog"):
		return 3, 1
	}
	return 1, 1
}

func kindOf(op string) string {
	switch {
	case strings.HasPrefix(op, prefix):
		return "spl.utility::Custom"
	case op == "KeyedCounter":
		return "application::KeyedCounter"
	}
	return "spl.endpoint::Endpoint"
}

// metrics is the job's metrics snapshot, as the platform collected it last.
func (j *job) metrics() object {
	j.mu.Lock()
	defer j.mu.Unlock()
	at := j.shownAt.UnixMilli()
	metric := func(path, name string) object {
		return object{"name": name, "value": j.shown[path+"/"+name], "metricKind": "counter", "metricType": "system", "lastTimeRetrieved": at}
	}
	pes := []object{}
	for _, p := range j.pes {
		ops := []object{}
		for _, op := range p.ops {
			in, out := ports(op)
			ins, outs := []object{}, []object{}
			for i := range in {
				path := fmt.Sprintf("%s/in/%d", op, i)
				ins = append(ins, object{"indexWithinOperator": i, "metrics": []object{metric(path, "nTuplesProcessed"), metric(path, "nTuplesQueued")}})
			}
			for i := range out {
				outs = append(outs, object{"indexWithinOperator": i, "metrics": []object{metric(fmt.Sprintf("%s/out/%d", op, i), "nTuplesSubmitted")}})
			}
			ops = append(ops, object{"name": op, "metrics": []object{}, "inputPorts": ins, "outputPorts": outs})
		}
		pes = append(pes, object{"id": p.id, "metrics": []object{}, "operators": ops})
	}
	return object{"id": j.id, "pes": pes}
}
