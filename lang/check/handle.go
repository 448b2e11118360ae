package check

import (
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/config"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/signal"
)

// handleOf returns the address that a value stands for, if it is the handle of a target, host or step.
func handleOf(v cty.Value) (string, bool) {
	if v == cty.NilVal {
		return "", false
	}
	v, _ = v.Unmark()
	if v.IsNull() || !v.IsKnown() || !v.Type().IsObjectType() || !v.Type().HasAttribute(config.HandleAttr) {
		return "", false
	}
	h, _ := v.GetAttr(config.HandleAttr).Unmark()
	if h.IsNull() || !h.IsKnown() || h.Type() != cty.String {
		return "", false
	}
	return h.AsString(), true
}

// stepTypes are the types of step handles by kind; all steps of a kind have the same.
var stepTypes = func() map[addr.Kind]map[string]cty.Type {
	out := map[addr.Kind]map[string]cty.Type{}
	for _, k := range addr.Kinds() {
		attrs := map[string]cty.Type{config.HandleAttr: cty.String, "address": cty.String, "name": cty.String}
		if k == addr.Job {
			attrs["target"] = cty.String
		}
		at := map[string]cty.Type{}
		for _, r := range schema.Results(k) {
			if r.Moment == schema.Live {
				continue
			}
			if name, ok := strings.CutPrefix(r.Name, "at[*]."); ok {
				at[name] = ctyType(r)
				continue
			}
			attrs[r.Name] = ctyType(r)
		}
		if len(at) > 0 {
			attrs["at"] = cty.Map(cty.Object(at))
		}
		out[k] = attrs
	}
	return out
}()

// ctyType is a result as expressions see it: times and durations in seconds, ratios as fractions.
func ctyType(r schema.Result) cty.Type {
	if r.Moment == schema.Event {
		return cty.Number // the instant, in seconds
	}
	switch r.Type.Kind {
	case signal.Bool:
		return cty.Bool
	case signal.Number, signal.Duration, signal.Ratio:
		return cty.Number
	case signal.String, signal.EnumKind, signal.Invalid:
	}
	return cty.String
}

// handle is the instance as a value; results are unknown unless res has them.
func (in *instance) handle(s *scope) cty.Value {
	if s.res == nil && in.val != cty.NilVal {
		return in.val
	}
	address := in.addr.String()
	attrs := map[string]cty.Value{
		config.HandleAttr: cty.StringVal(address), "address": cty.StringVal(address), "name": cty.StringVal(in.addr.Name),
	}
	if in.addr.Kind == addr.Job {
		attrs["target"] = cty.UnknownVal(cty.String)
		if in.target != "" {
			attrs["target"] = cty.StringVal(in.target)
		}
	}
	var got map[string]any
	finished := false
	if s.res != nil {
		got, finished = s.res(address)
	}
	for name, t := range stepTypes[in.addr.Kind] {
		if _, ok := attrs[name]; ok {
			continue
		}
		attrs[name] = cty.UnknownVal(t)
		if finished {
			attrs[name] = fromResult(got[name], t)
		}
	}
	v := cty.ObjectVal(attrs)
	if s.res == nil {
		in.val = v
	}
	return v
}

// fromResult turns a result of a finished step into a value. One that is missing is unknown: it is not known
// now and never will be.
func fromResult(r any, t cty.Type) cty.Value {
	switch r := r.(type) {
	case bool:
		if t == cty.Bool {
			return cty.BoolVal(r)
		}
	case float64:
		if t == cty.Number && r == r {
			return cty.NumberFloatVal(r)
		}
	case int:
		if t == cty.Number {
			return cty.NumberIntVal(int64(r))
		}
	case int64:
		if t == cty.Number {
			return cty.NumberIntVal(r)
		}
	case string:
		if t == cty.String {
			return cty.StringVal(r)
		}
	case map[string]any:
		if t.IsMapType() && len(r) > 0 {
			el := map[string]cty.Value{}
			for k, v := range r {
				el[k] = fromResult(v, t.ElementType())
			}
			return cty.MapVal(el)
		}
		if t.IsObjectType() {
			el := map[string]cty.Value{}
			for k, at := range t.AttributeTypes() {
				el[k] = fromResult(r[k], at)
			}
			return cty.ObjectVal(el)
		}
	}
	return cty.UnknownVal(t)
}
