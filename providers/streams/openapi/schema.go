package openapi

import (
	"slices"
	"strings"
)

// body is the schema of a call's JSON body, and whether the call needs one.
func (d *Document) body(op map[string]any) (schema map[string]any, required bool) {
	if list, ok := op["parameters"].([]any); ok { // Swagger 2
		for _, x := range list {
			if p, _ := x.(map[string]any); p["in"] == "body" {
				schema, _ = p["schema"].(map[string]any)
				required, _ = p["required"].(bool)
				return schema, required
			}
		}
	}
	rb := d.follow(op["requestBody"])
	required, _ = rb["required"].(bool)
	content, _ := rb["content"].(map[string]any)
	for kind, x := range content {
		if k, _, _ := strings.Cut(kind, ";"); k == "application/json" {
			media, _ := x.(map[string]any)
			schema, _ = media["schema"].(map[string]any)
			return schema, required
		}
	}
	return nil, required
}

// follow resolves references within the document; what leads nowhere, outside or in a circle is nothing.
func (d *Document) follow(x any) map[string]any {
	for range maxDepth {
		m, _ := x.(map[string]any)
		ref, ok := m["$ref"].(string)
		if !ok {
			return m
		}
		path, ok := strings.CutPrefix(ref, "#/")
		if !ok {
			return nil
		}
		x = any(d.whole)
		for seg := range strings.SplitSeq(path, "/") {
			m, _ := x.(map[string]any)
			x = m[strings.NewReplacer("~1", "/", "~0", "~").Replace(seg)]
		}
	}
	return nil
}

// visit goes through a schema and all that it is composed of.
func (d *Document) visit(schema map[string]any, each func(map[string]any)) {
	left := maxVisits
	var walk func(x any, depth int)
	walk = func(x any, depth int) {
		if left--; left < 0 || depth > maxDepth {
			return
		}
		m := d.follow(x)
		if m == nil {
			return
		}
		each(m)
		for _, key := range []string{"allOf", "oneOf", "anyOf"} {
			list, _ := m[key].([]any)
			for _, y := range list {
				walk(y, depth+1)
			}
		}
	}
	walk(schema, 0)
}

// enumWord finds a word among the values that the property `type` of a schema may have, as the schema writes it.
func (d *Document) enumWord(schema map[string]any, word string) (string, bool) {
	found := ""
	d.visit(schema, func(m map[string]any) {
		props, _ := m["properties"].(map[string]any)
		d.visit(d.follow(props["type"]), func(t map[string]any) {
			values, _ := t["enum"].([]any)
			if c, ok := t["const"]; ok {
				values = append(slices.Clone(values), c)
			}
			for _, v := range values {
				if s, ok := v.(string); ok && strings.EqualFold(s, word) {
					found = s
				}
			}
		})
	})
	return found, found != ""
}

// required lists the properties that a schema needs beside a known one.
func (d *Document) required(schema map[string]any, known string) []string {
	var out []string
	d.visit(schema, func(m map[string]any) {
		list, _ := m["required"].([]any)
		for _, x := range list {
			if s, _ := x.(string); s != known {
				out = append(out, s)
			}
		}
	})
	return out
}
