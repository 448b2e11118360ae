package spl

import (
	"strings"

	"github.com/xdc-project/xdc/lang/diag"
)

// Prefix begins the description of an attribute's schema in the documents of the data service. Reference: section 7.
const Prefix = "SPL type: "

// Schema is the schema of the type as OpenAPI 3.0 has it.
func (t Type) Schema() map[string]any {
	s := t.shape()
	s["description"] = Prefix + t.String()
	return s
}

func (t Type) shape() map[string]any {
	switch t.Kind { //nolint:exhaustive // the others have their form and no more
	case Optional:
		s := t.Elem.shape()
		s["nullable"] = true
		return s
	case Int8, Int16, Int32, Int64, Uint8, Uint16, Uint32, Uint64:
		s := map[string]any{"type": "integer"}
		switch t.Kind { //nolint:exhaustive // of the others there is no format
		case Int32, Int64:
			s["format"] = string(t.Kind)
		case Uint8, Uint16, Uint32, Uint64:
			s["minimum"] = 0
		}
		return s
	case Float32:
		return map[string]any{"type": "number", "format": "float"}
	case Float64:
		return map[string]any{"type": "number", "format": "double"}
	case Enum:
		words := make([]any, len(t.Words))
		for i, w := range t.Words {
			words[i] = w
		}
		return map[string]any{"type": "string", "enum": words}
	case List, Set:
		s := map[string]any{"type": "array", "items": t.Elem.Schema()}
		if t.Bound > 0 {
			s["maxItems"] = t.Bound
		}
		return s
	case Map:
		return map[string]any{"type": "object", "additionalProperties": t.Elem.Schema()}
	case Tuple:
		props := map[string]any{}
		for _, f := range t.Fields {
			props[f.Name] = f.Type.Schema()
		}
		return map[string]any{"type": "object", "properties": props}
	}
	if f := t.Form(); f != FormNone {
		return map[string]any{"type": string(f)}
	}
	return map[string]any{}
}

// Described reads the type out of a schema's description. ok is false where there is none, or one that is not known.
func Described(description string) (t Type, ok bool) {
	text, found := strings.CutPrefix(strings.TrimSpace(description), Prefix)
	if !found {
		return Type{}, false
	}
	text, _, _ = strings.Cut(text, "\n")
	t, err := Parse(strings.TrimSuffix(strings.TrimSpace(text), "."))
	return t, err == nil
}

func nearest(name string, names []string) string { return diag.Near(name, names) }
