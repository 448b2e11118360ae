package value

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// maxJSONDepth bounds how deep values may be nested that are written or read as JSON.
const maxJSONDepth = 500

// ToJSON writes a value as JSON that plans and handles may hold: object keys in order, numbers with all their
// digits, {"unknown": true} for what is not known yet.
//
// A sensitive value, or the outermost sensitive part of one, is offered to slot together with its path. If slot
// accepts, {"secret": SLOT} is written in its place; if it refuses (or is nil), the parts of the value are
// offered one by one, and a leaf that is refused is an error. So no secret is ever written. Null is written as
// null, sensitive or not. Marks other than SensitiveMark are ignored.
func ToJSON(v cty.Value, slot func(path cty.Path, v cty.Value) (string, bool)) (json.RawMessage, error) {
	e := encoder{slot: slot}
	if err := e.value(v, nil, 0); err != nil {
		return nil, err
	}
	return e.b.Bytes(), nil
}

type encoder struct {
	b    bytes.Buffer
	slot func(cty.Path, cty.Value) (string, bool)
}

func (e *encoder) value(v cty.Value, path cty.Path, depth int) error {
	if depth > maxJSONDepth {
		return path.NewErrorf("the value is nested deeper than %d", maxJSONDepth)
	}
	plain, marks := v.Unmark()
	secret := marks.Has(SensitiveMark)
	if plain.IsKnown() && plain.IsNull() {
		e.b.WriteString("null")
		return nil
	}
	if secret && e.slot != nil {
		if name, ok := e.slot(slices.Clone(path), v); ok {
			e.b.WriteString(`{"secret":`)
			e.string(name)
			e.b.WriteByte('}')
			return nil
		}
	}
	if !plain.IsKnown() {
		e.b.WriteString(`{"unknown":true}`)
		return nil
	}
	if secret && plain.Type().IsPrimitiveType() {
		return path.NewErrorf("%sthe value is sensitive and may not be written here", at(path))
	}
	return e.plain(plain, secret, path, depth)
}

func (e *encoder) plain(v cty.Value, secret bool, path cty.Path, depth int) error {
	ty := v.Type()
	switch {
	case ty == cty.String:
		e.string(v.AsString())
	case ty == cty.Bool:
		fmt.Fprintf(&e.b, "%t", v.True())
	case ty == cty.Number:
		return e.number(v.AsBigFloat(), path)
	case ty.IsListType() || ty.IsSetType() || ty.IsTupleType():
		return e.list(v, secret, path, depth)
	case ty.IsMapType() || ty.IsObjectType():
		return e.object(v, secret, path, depth)
	case ty.Equals(GeneratorType):
		return path.NewErrorf("%sa record generator can only be used in a record", at(path))
	default:
		return path.NewErrorf("%s%s cannot be written as JSON", at(path), ty.FriendlyName())
	}
	return nil
}

func (e *encoder) list(v cty.Value, secret bool, path cty.Path, depth int) error {
	e.b.WriteByte('[')
	first := true
	for it := v.ElementIterator(); it.Next(); {
		k, el := it.Element()
		if !first {
			e.b.WriteByte(',')
		}
		first = false
		if err := e.child(el, secret, path.Index(k), depth); err != nil {
			return err
		}
	}
	e.b.WriteByte(']')
	return nil
}

func (e *encoder) object(v cty.Value, secret bool, path cty.Path, depth int) error {
	e.b.WriteByte('{')
	els := v.AsValueMap()
	for i, name := range sortedKeys(els) {
		if i > 0 {
			e.b.WriteByte(',')
		}
		e.string(name)
		e.b.WriteByte(':')
		step := path.GetAttr(name)
		if v.Type().IsMapType() {
			step = path.IndexString(name)
		}
		if err := e.child(els[name], secret, step, depth); err != nil {
			return err
		}
	}
	e.b.WriteByte('}')
	return nil
}

func (e *encoder) child(v cty.Value, secret bool, path cty.Path, depth int) error {
	if secret {
		v = Sensitive(v)
	}
	return e.value(v, path, depth+1)
}

// string writes without the escapes that only HTML needs.
func (e *encoder) string(s string) {
	enc := json.NewEncoder(&e.b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string in a buffer has no way to fail
	e.b.Truncate(e.b.Len() - 1)
}

// maxPlainDigits is about how long a number may get before it is written with an exponent.
const maxPlainDigits = 40

func (e *encoder) number(f *big.Float, path cty.Path) error {
	if f.IsInf() {
		return path.NewErrorf("%san infinite number cannot be written as JSON", at(path))
	}
	e.b.WriteString(numberText(f))
	return nil
}

// numberText is a number as JSON writes it: whole numbers exactly, fractions with the fewest digits that tell
// them from their neighbours.
func numberText(f *big.Float) string {
	exp := f.MantExp(nil)
	if exp <= -4*maxPlainDigits || exp >= 4*maxPlainDigits {
		return f.Text('g', -1)
	}
	if f.IsInt() {
		return f.Text('f', 0)
	}
	return f.Text('f', -1)
}

// at names a place in a value for an error: "a.b[0]: ".
func at(path cty.Path) string {
	if len(path) == 0 {
		return ""
	}
	return PathString(path) + ": "
}

// PathString prints a path as an expression would continue: `a.b[0]["x y"]`.
func PathString(path cty.Path) string {
	var b bytes.Buffer
	for i, s := range path {
		switch s := s.(type) {
		case cty.GetAttrStep:
			if i > 0 {
				b.WriteByte('.')
			}
			b.WriteString(s.Name)
		case cty.IndexStep:
			k, _ := s.Key.UnmarkDeep()
			switch {
			case !k.IsKnown() || k.IsNull():
				b.WriteString("[?]")
			case k.Type() == cty.String:
				fmt.Fprintf(&b, "[%q]", k.AsString())
			case k.Type() == cty.Number:
				fmt.Fprintf(&b, "[%s]", k.AsBigFloat().Text('f', -1))
			default:
				b.WriteString("[...]")
			}
		}
	}
	return b.String()
}

// FromJSON reads what ToJSON wrote. {"unknown": true} becomes an unknown value and {"secret": SLOT} an unknown
// sensitive one, unless ty is an object type with an attribute of that name. cty.DynamicPseudoType stands for
// any type, and gives objects and tuples.
func FromJSON(raw json.RawMessage, ty cty.Type) (cty.Value, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var any any
	if err := dec.Decode(&any); err != nil {
		return cty.NilVal, fmt.Errorf("read a value from JSON: %w", err)
	}
	if dec.More() {
		return cty.NilVal, fmt.Errorf("read a value from JSON: more than one value")
	}
	v, err := fromTree(any, ty, 0)
	if err != nil {
		return cty.NilVal, fmt.Errorf("read a value from JSON: %w", err)
	}
	return v, nil
}

func fromTree(tree any, ty cty.Type, depth int) (cty.Value, error) {
	if depth > maxJSONDepth {
		return cty.NilVal, fmt.Errorf("nested deeper than %d", maxJSONDepth)
	}
	if m, ok := tree.(map[string]any); ok && len(m) == 1 {
		hasAttr := func(name string) bool { return ty.IsObjectType() && ty.HasAttribute(name) }
		if m["unknown"] == true && !hasAttr("unknown") {
			return cty.UnknownVal(ty), nil
		}
		if _, ok := m["secret"].(string); ok && !hasAttr("secret") {
			return Sensitive(cty.UnknownVal(ty)), nil
		}
	}
	v, err := loose(tree, ty, depth)
	if err != nil {
		return cty.NilVal, err
	}
	return convert.Convert(v, ty)
}

// loose makes objects and tuples, whose parts have the types that ty asks for.
func loose(tree any, ty cty.Type, depth int) (cty.Value, error) {
	switch t := tree.(type) {
	case []any:
		els := make([]cty.Value, len(t))
		for i, x := range t {
			want := cty.DynamicPseudoType
			switch {
			case ty.IsListType() || ty.IsSetType():
				want = ty.ElementType()
			case ty.IsTupleType() && i < ty.Length():
				want = ty.TupleElementType(i)
			}
			v, err := fromTree(x, want, depth+1)
			if err != nil {
				return cty.NilVal, fmt.Errorf("[%d]: %w", i, err)
			}
			els[i] = v
		}
		return cty.TupleVal(els), nil
	case map[string]any:
		attrs := make(map[string]cty.Value, len(t))
		for _, k := range sortedKeys(t) {
			want := cty.DynamicPseudoType
			switch {
			case ty.IsMapType():
				want = ty.ElementType()
			case ty.IsObjectType() && ty.HasAttribute(k):
				want = ty.AttributeType(k)
			}
			v, err := fromTree(t[k], want, depth+1)
			if err != nil {
				return cty.NilVal, fmt.Errorf("%s: %w", k, err)
			}
			attrs[k] = v
		}
		return cty.ObjectVal(attrs), nil
	}
	return FromGo(tree), nil
}

// FromGo makes a value of what decoders of JSON and results of steps consist of: nil, bool, numbers, string,
// json.Number, map and slice. NaN is null; anything else goes through its JSON form, and is null if it has
// none.
func FromGo(x any) cty.Value {
	switch x := x.(type) {
	case nil:
		return cty.NullVal(cty.DynamicPseudoType)
	case bool:
		return cty.BoolVal(x)
	case string:
		return cty.StringVal(x)
	case float64:
		if x != x {
			return cty.NullVal(cty.Number)
		}
		return cty.NumberFloatVal(x)
	case int:
		return cty.NumberIntVal(int64(x))
	case int64:
		return cty.NumberIntVal(x)
	case uint64:
		return cty.NumberUIntVal(x)
	case json.Number:
		if v, err := cty.ParseNumberVal(x.String()); err == nil {
			return v
		}
		return cty.NullVal(cty.Number)
	case []any:
		els := make([]cty.Value, len(x))
		for i, el := range x {
			els[i] = FromGo(el)
		}
		return cty.TupleVal(els)
	case map[string]any:
		attrs := make(map[string]cty.Value, len(x))
		for k, el := range x {
			attrs[k] = FromGo(el)
		}
		return cty.ObjectVal(attrs)
	}
	return fromOther(x)
}

func fromOther(x any) cty.Value {
	raw, err := json.Marshal(x)
	if err != nil {
		return cty.NullVal(cty.DynamicPseudoType)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var tree any
	if err := dec.Decode(&tree); err != nil {
		return cty.NullVal(cty.DynamicPseudoType)
	}
	return FromGo(tree)
}
