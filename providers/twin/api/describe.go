package api

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// schema is a JSON Schema as OpenAPI 3 has it.
type schema = map[string]any

// describer collects the schemas of what routes take and give.
type describer struct {
	schemas map[string]any
}

// Describe is the OpenAPI 3 document of routes at a mount. It is made from what serves: the types that bodies are made of
// and the table that requests are routed by.
func Describe(title, version string, m Mount) map[string]any {
	d := describer{schemas: map[string]any{}}
	paths := map[string]map[string]any{}
	for _, r := range m.Routes {
		if !r.in(m.Five) {
			continue
		}
		p := m.Prefix + r.Path
		if paths[p] == nil {
			paths[p] = map[string]any{}
		}
		paths[p][strings.ToLower(r.Method)] = d.operation(r, m)
	}
	d.schema(reflect.TypeFor[Message]())
	d.schema(reflect.TypeFor[Messages]())
	security := map[string]any{"authBasic": schema{"type": "http", "scheme": "basic"}}
	accepted := []any{map[string]any{"authBasic": []any{}}}
	if m.Five {
		security["bearer"] = schema{"type": "http", "scheme": "bearer"}
		accepted = append(accepted, map[string]any{"bearer": []any{}})
	}
	return map[string]any{
		"openapi": "3.0.3", "info": schema{"title": title, "version": version}, "paths": paths, "security": accepted,
		"components": schema{"schemas": d.schemas, "securitySchemes": security},
	}
}

func (d describer) operation(r Route, m Mount) schema {
	op := schema{"operationId": r.ID, "summary": r.Summary}
	var params []any
	for rest := r.Path; ; {
		_, after, ok := strings.Cut(rest, "{")
		if !ok {
			break
		}
		name, tail, _ := strings.Cut(after, "}")
		params, rest = append(params, schema{"name": name, "in": "path", "required": true, "schema": schema{"type": "string"}}), tail
	}
	for _, q := range r.queries {
		params = append(params, schema{"name": q, "in": "query", "schema": queryType(q)})
	}
	if params != nil {
		op["parameters"] = params
	}
	switch {
	case r.verbs != nil:
		op["requestBody"] = jsonBody(schema{"type": "object", "required": []any{"type"}, "properties": schema{
			"type": schema{"type": "string", "enum": words(r.verbs)}, "force": schema{"type": "boolean"},
		}})
	case r.takesMedia == mediaJSON:
		op["requestBody"] = jsonBody(d.schema(r.takes))
	case r.takes != nil:
		op["requestBody"] = schema{"required": true, "content": schema{r.takesMedia: schema{"schema": schema{"type": "string", "format": "binary"}}}}
	}
	refused := reflect.TypeFor[Message]()
	if m.Shape == Listed {
		refused = reflect.TypeFor[Messages]()
	}
	done := schema{"description": "Done."}
	switch {
	case r.plural != "":
		done["content"] = schema{mediaJSON: schema{"schema": d.collection(r)}}
	case r.or != nil:
		done["content"] = schema{mediaJSON: schema{"schema": schema{"oneOf": []any{d.schema(r.gives), d.schema(r.or)}}}}
	case r.givesMedia == mediaJSON:
		done["content"] = schema{mediaJSON: schema{"schema": d.schema(r.gives)}}
	case r.givesMedia == mediaText:
		done["content"] = schema{mediaText: schema{"schema": schema{"type": "string"}}}
	case r.givesMedia != "":
		done["content"] = schema{r.givesMedia: schema{"schema": schema{"type": "string", "format": "binary"}}}
	}
	op["responses"] = schema{
		strconv.Itoa(r.Status): done,
		"default":              schema{"description": "Refused.", "content": schema{mediaJSON: schema{"schema": d.schema(refused)}}},
	}
	return op
}

func jsonBody(s schema) schema {
	return schema{"required": true, "content": schema{mediaJSON: schema{"schema": s}}}
}

func queryType(name string) schema {
	switch name {
	case "count", "page":
		return schema{"type": "integer", "format": "int64"}
	case "verbose", "includeStatic", "includeStatistics":
		return schema{"type": "boolean"}
	}
	return schema{"type": "string"}
}

// collection is the envelope of a collection.
func (d describer) collection(r Route) schema {
	link := schema{"type": "string", "format": "uri"}
	return schema{"type": "object", "properties": schema{
		r.plural: schema{"type": "array", "items": d.schema(r.gives)}, "resourceType": schema{"type": "string", "enum": []any{r.kind + "List"}},
		"total": schema{"type": "integer", "format": "int64"}, "next": link, "previous": link,
	}}
}

// schema describes a type; structs are described once and referred to.
func (d describer) schema(t reflect.Type) schema {
	if t == reflect.TypeFor[json.RawMessage]() {
		return schema{}
	}
	if w, ok := reflect.TypeAssert[Enumerated](reflect.Zero(t)); ok && t.Kind() == reflect.String {
		return schema{"type": "string", "enum": words(w.Words())}
	}
	if t == reflect.TypeFor[Audience]() {
		word := schema{"type": "string"}
		return schema{"oneOf": []any{word, schema{"type": "array", "items": word}}}
	}
	if t == reflect.TypeFor[Link]() {
		return schema{"type": "string", "format": "uri"}
	}
	switch t.Kind() { //nolint:exhaustive // bodies are made of these
	case reflect.Pointer:
		s := d.schema(t.Elem())
		if s["$ref"] != nil {
			return schema{"nullable": true, "allOf": []any{s}}
		}
		s = maps.Clone(s)
		s["nullable"] = true
		if e, ok := s["enum"].([]any); ok {
			s["enum"] = append(slices.Clone(e), nil)
		}
		return s
	case reflect.Struct:
		return d.object(t)
	case reflect.Slice:
		return schema{"type": "array", "items": d.schema(t.Elem())}
	case reflect.Map:
		return schema{"type": "object", "additionalProperties": d.schema(t.Elem())}
	case reflect.Bool:
		return schema{"type": "boolean"}
	case reflect.Int64, reflect.Int:
		return schema{"type": "integer", "format": "int64"}
	case reflect.String:
		return schema{"type": "string"}
	}
	return schema{}
}

func (d describer) object(t reflect.Type) schema {
	ref := schema{"$ref": "#/components/schemas/" + t.Name()}
	if t.Name() != "" {
		if d.schemas[t.Name()] != nil {
			return ref
		}
		d.schemas[t.Name()] = schema{} // it may refer to itself
	}
	props := schema{}
	var required []any
	for _, f := range reflect.VisibleFields(t) {
		name, option, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		s := d.schema(f.Type)
		if unit := f.Tag.Get("unit"); unit != "" {
			s = maps.Clone(s)
			s["description"] = "In " + unit + "."
		}
		props[name] = s
		if option == "" {
			required = append(required, name)
		}
	}
	s := schema{"type": "object", "properties": props}
	if required != nil {
		s["required"] = required
	}
	if t.Name() == "" {
		return s
	}
	d.schemas[t.Name()] = s
	return ref
}

func words(list []string) []any {
	out := make([]any, 0, len(list))
	for _, w := range list {
		out = append(out, w)
	}
	return out
}
