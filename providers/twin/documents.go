package twin

import (
	"net/http"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/xdc-project/xdc/lang/spl"
)

// describeJob serves the documents of a job: openapi.json, openapi.yaml, asyncapi.json, asyncapi.yaml. Reference: section 7 of the
// data service's; assumption data.documents.
func (d *dc) describeJob(w http.ResponseWriter, r *http.Request, id, name string) bool {
	kind, ext, _ := strings.Cut(name, ".")
	if kind != "openapi" && kind != "asyncapi" || ext != "json" && ext != "yaml" {
		return false
	}
	j := d.job(id)
	switch {
	case j == nil:
		failData(w, http.StatusNotFound, "There is no such job.")
		return true
	case r.Method != http.MethodGet:
		w.Header().Set("Allow", "GET")
		failData(w, http.StatusMethodNotAllowed, "The document is read here.")
		return true
	}
	doc := j.openAPI(r.Host)
	if kind == "asyncapi" {
		doc = j.asyncAPI(r.Host)
	}
	if ext == "json" {
		reply(w, http.StatusOK, doc)
		return true
	}
	text, err := yaml.Marshal(doc)
	if err != nil {
		failData(w, http.StatusInternalServerError, "The document cannot be written.")
		return true
	}
	w.Header().Set("Content-Type", "application/yaml")
	_, _ = w.Write(text) //nolint:gosec // it is YAML, and the client may be gone already
	return true
}

func (j *job) info() object {
	return object{"title": strings.ReplaceAll(j.name, "::", "."), "version": "1.0.0"}
}

// schemas are the schemas of what goes through each endpoint: an array of items.
func (j *job) schemas() object {
	out := object{}
	for _, e := range j.app.exchanged() {
		tuple := object{"type": "object"}
		if e.tuple != nil {
			tuple = e.tuple.Schema()
		}
		out[e.name+"Tuple"] = tuple
		out[e.name] = object{"type": "object", "required": []string{"items"}, "properties": object{"items": object{"type": "array", "items": ref(e.name + "Tuple")}}}
	}
	out["Messages"] = object{"type": "object", "properties": object{
		"messages":   object{"type": "array", "items": object{"type": "object", "properties": object{"message": object{"type": "string"}}}},
		"addedItems": spl.Type{Kind: spl.Int32}.Schema(),
	}}
	return out
}

// ref refers to a schema of the document.
func ref(name string) object {
	return object{"$ref": "#/components/schemas/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)}
}

func content(schema string) object {
	return object{"application/json": object{"schema": ref(schema)}}
}

func (j *job) openAPI(host string) object {
	refused := func(text string) object { return object{"description": text, "content": content("Messages")} }
	paths := object{}
	for _, e := range j.app.exchanged() {
		op := object{"operationId": e.name, "tags": []string{e.operator}}
		if e.sink {
			op["summary"] = "Reads tuples of " + e.stream
			op["parameters"] = []object{{"name": "If-Modified-Since-Milliseconds", "in": "header", "schema": object{"type": "integer", "format": "int64"}}}
			op["responses"] = object{"200": object{
				"description": "The tuples since then.", "content": content(e.name),
				"headers": object{"Last-Modified-Milliseconds": object{"schema": object{"type": "integer", "format": "int64"}}},
			}, "default": refused("Refused.")}
			paths[j.path(e, "data")] = object{"get": op}
			continue
		}
		op["summary"] = "Takes tuples for " + e.stream
		op["requestBody"] = object{"required": true, "content": content(e.name)}
		op["responses"] = object{"204": object{"description": "All are taken."}, "413": refused("Some are taken."), "default": refused("Refused.")}
		paths[j.path(e, "data")] = object{"post": op}
	}
	for _, name := range []string{"openapi", "asyncapi"} {
		for _, ext := range []string{"json", "yaml"} {
			paths["/data/"+j.id+"/"+name+"."+ext] = object{"get": object{
				"operationId": name + "_" + ext, "tags": []string{"Documentation"}, "responses": object{"200": object{"description": "The document."}},
			}}
		}
	}
	return object{
		"openapi": "3.0.3", "info": j.info(), "servers": []object{{"url": "https://" + host}}, "paths": paths, "security": []object{{"authBasic": []string{}}},
		"components": object{"schemas": j.schemas(), "securitySchemes": object{"authBasic": object{"type": "http", "scheme": "basic"}}},
	}
}

// path is where an endpoint is.
func (j *job) path(e endpoint, transport string) string {
	return "/data/" + j.id + "/endpoints/" + e.name + "/" + transport
}

func (j *job) asyncAPI(host string) object {
	channels := object{}
	for _, e := range j.app.exchanged() {
		verb := "publish" // what a client may do
		if e.sink {
			verb = "subscribe"
		}
		channels[j.path(e, "websocket")] = object{verb: object{"operationId": e.name, "message": object{"contentType": "application/json", "payload": ref(e.name)}}}
	}
	return object{
		"asyncapi": "2.6.0", "info": j.info(), "servers": object{"data": object{"url": "wss://" + host, "protocol": "wss"}}, "channels": channels,
		"defaultContentType": "application/json", "components": object{"schemas": j.schemas()},
	}
}
