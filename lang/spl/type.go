// Package spl knows the types of the Streams Processing Language as far as tuples travel as JSON: their names, their JSON
// forms, and which JSON value is one of them.
//
// The mapping is that of the platform's own JSON encoding for Java, the best public model; that endpoints follow it is
// inferred (reference: section 6 of the data service's). No number passes through a floating-point one.
package spl

import (
	"strconv"
	"strings"
)

// Kind is a type without its parameters.
type Kind string

// The kinds that have a JSON form.
const (
	Boolean    Kind = "boolean"
	Int8       Kind = "int8"
	Int16      Kind = "int16"
	Int32      Kind = "int32"
	Int64      Kind = "int64"
	Uint8      Kind = "uint8"
	Uint16     Kind = "uint16"
	Uint32     Kind = "uint32"
	Uint64     Kind = "uint64"
	Float32    Kind = "float32"
	Float64    Kind = "float64"
	Decimal32  Kind = "decimal32"
	Decimal64  Kind = "decimal64"
	Decimal128 Kind = "decimal128"
	Timestamp  Kind = "timestamp"
	Rstring    Kind = "rstring"
	Ustring    Kind = "ustring"
	Enum       Kind = "enum"
	List       Kind = "list"
	Set        Kind = "set"
	Map        Kind = "map"
	Tuple      Kind = "tuple"
	Optional   Kind = "optional"
)

// The kinds that have none.
const (
	Blob      Kind = "blob"
	XML       Kind = "xml"
	Complex32 Kind = "complex32"
	Complex64 Kind = "complex64"
)

// Form is how a kind is written in JSON.
type Form string

// The forms.
const (
	FormBoolean Form = "boolean"
	FormNumber  Form = "number"
	FormString  Form = "string"
	FormArray   Form = "array"
	FormObject  Form = "object"
	FormNone    Form = "" // it has none
)

// forms are the JSON forms of all kinds but optional, which has that of what it may hold, or null.
var forms = map[Kind]Form{
	Boolean: FormBoolean,
	Int8:    FormNumber, Int16: FormNumber, Int32: FormNumber, Int64: FormNumber,
	Uint8: FormNumber, Uint16: FormNumber, Uint32: FormNumber, Uint64: FormNumber,
	Float32: FormNumber, Float64: FormNumber, Decimal32: FormNumber, Decimal64: FormNumber, Decimal128: FormNumber,
	Timestamp: FormNumber, Rstring: FormString, Ustring: FormString, Enum: FormString,
	List: FormArray, Set: FormArray, Map: FormObject, Tuple: FormObject,
	Blob: FormNone, XML: FormNone, Complex32: FormNone, Complex64: FormNone,
}

// Type is a type of SPL.
type Type struct {
	Kind Kind
	// Bound is the most bytes of an rstring, or elements of a collection; 0: none.
	Bound int
	// Words are the literals of an enum.
	Words []string
	// Key is the key's type of a map; Elem the element's of a collection, the value's of a map, or what an optional may hold.
	Key, Elem *Type
	// Fields are the attributes of a tuple.
	Fields []Field
}

// Field is an attribute of a tuple.
type Field struct {
	Name string
	Type Type
}

// Form is how values of the type are written in JSON.
func (t Type) Form() Form {
	if t.Kind == Optional && t.Elem != nil {
		return t.Elem.Form()
	}
	return forms[t.Kind]
}

// String is the type as SPL writes it.
func (t Type) String() string {
	var b strings.Builder
	t.write(&b)
	return b.String()
}

func (t Type) write(b *strings.Builder) {
	b.WriteString(string(t.Kind))
	switch t.Kind { //nolint:exhaustive // the others have no parameters
	case Enum:
		b.WriteString("{" + strings.Join(t.Words, ", ") + "}")
	case Tuple:
		b.WriteByte('<')
		for i, f := range t.Fields {
			if i > 0 {
				b.WriteString(", ")
			}
			f.Type.write(b)
			b.WriteString(" " + f.Name)
		}
		b.WriteByte('>')
	case List, Set, Optional:
		b.WriteByte('<')
		t.Elem.write(b)
		b.WriteByte('>')
	case Map:
		b.WriteByte('<')
		t.Key.write(b)
		b.WriteString(", ")
		t.Elem.write(b)
		b.WriteByte('>')
	}
	if t.Bound > 0 {
		b.WriteString("[" + strconv.Itoa(t.Bound) + "]")
	}
}
