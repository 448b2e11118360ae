package check

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/xdc-project/xdc/lang/config"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/value"
)

// EnvPrefix is what the names of environment variables that set variables begin with.
const EnvPrefix = "XDC_VAR_"

// maxText bounds the value of one variable given as text.
const maxText = 1 << 20

// variable is a variable of a module instance.
type variable struct {
	conf *config.Variable
	mod  *module
	// arg is the call's attribute that gives the value; nil in the root and where the default holds.
	arg *hcl.Attribute
	// source says where the value came from.
	source string
	// slot is the name of the secret behind a sensitive variable.
	slot string
	lazy
}

// given is a value for a variable of the root before it is converted.
type given struct {
	val    cty.Value
	source string
	rng    *hcl.Range
	// bad says that something was given and could not be read, which was reported.
	bad bool
}

func (v *variable) value() cty.Value {
	val, _ := v.get(v.mod.scope())
	return val
}

func (v *variable) get(s *scope) (cty.Value, *diag.Diagnostic) {
	if v.arg == nil {
		if v.state != done {
			return poisoned, nil
		}
		return v.val, nil
	}
	return v.lazy.get(s, v, "var."+v.conf.Name, v.arg.Expr.Range(), func(s *scope) cty.Value {
		cs := *v.mod.callScope
		cs.res, cs.late, cs.diags = s.res, s.late, s.diags
		val, ok := cs.eval(v.arg.Expr)
		if !ok {
			return poisoned
		}
		return v.accept(s, given{val: val, source: "module call", rng: v.arg.Expr.Range().Ptr()})
	})
}

func (v *variable) references() []reference {
	if v.arg == nil {
		return nil
	}
	return v.lazy.references(func() []reference { return v.mod.callScope.references(v.arg.Expr) })
}

// accept converts a value to the variable's type; poisoned after a finding.
func (v *variable) accept(s *scope, g given) cty.Value {
	bad := func(why string) cty.Value {
		s.report(diag.Diagnostic{
			Code: diag.BadVariableValue, Subject: g.rng, Summary: fmt.Sprintf("The value of var.%s does not fit", v.conf.Name),
			Detail:  fmt.Sprintf("It comes from %s. The variable is of type %s: %s", g.source, v.conf.Type.Text, why),
			Related: &diag.Related{Message: "declared here", Range: v.conf.Range},
		})
		return poisoned
	}
	if g.val.IsNull() {
		if v.conf.Nullable {
			return v.mark(cty.NullVal(v.conf.Type.WithoutOptionalAttributesDeep()))
		}
		if v.conf.Default == cty.NilVal {
			return bad("it must not be null.")
		}
		return v.mark(v.conf.Default)
	}
	if why := wrongHandle(v.conf.Type.Handle, g.val); why != "" {
		return bad(why)
	}
	out, err := v.conf.Type.Convert(g.val)
	if err != nil {
		return bad(fmt.Sprintf("%s.", plainError(err)))
	}
	return v.mark(out)
}

// plainError is the text of a conversion error without the marks of its path.
func plainError(err error) string {
	var pe cty.PathError
	if errors.As(err, &pe) && len(pe.Path) > 0 {
		return pathText(pe.Path) + ": " + pe.Error()
	}
	return err.Error()
}

func wrongHandle(want string, v cty.Value) string {
	if want == "" || !v.IsKnown() {
		return ""
	}
	h, ok := handleOf(v)
	if !ok && want == "job" {
		_, ok = jobHandles(v)
		h = "job."
	}
	switch {
	case !ok:
		return fmt.Sprintf("pass a %s, such as %s, without quotes.", want, map[string]string{
			"target": "target.dc1", "host": "target.dc1.host.edge", "job": "job.orders",
		}[want])
	case want == "target" && (!strings.HasPrefix(h, "target.") || strings.Contains(h, ".host.")),
		want == "host" && !strings.Contains(h, ".host."),
		want == "job" && !strings.Contains("."+h, ".job."):
		return fmt.Sprintf("%s is not a %s.", h, want)
	}
	return ""
}

func (v *variable) mark(val cty.Value) cty.Value {
	if v.conf.Sensitive {
		return value.Sensitive(val)
	}
	return val
}

// takeArgs gives a module's variables the values of its call.
func (m *module) takeArgs(conf *config.Call) {
	for _, a := range byPosition(conf.Args) {
		v, ok := m.vars[a.Name]
		if !ok {
			m.c.report(diag.Diagnostic{
				Code: diag.UnknownArgument, Subject: &a.NameRange,
				Summary: fmt.Sprintf("The module has no variable %q", a.Name),
				Detail:  "The attributes of a module are its variables." + diag.Suggest(a.Name, sorted(m.vars)),
			})
			continue
		}
		v.arg = a
		v.slot = m.callScope.slotOf(a.Expr)
	}
	for _, cv := range m.conf.Variables {
		v := m.vars[cv.Name]
		if v.slot == "" {
			v.slot = m.addr.Prefix() + "var." + cv.Name
		}
		if v.arg != nil {
			continue
		}
		v.source, v.state = "default", done
		if cv.Default == cty.NilVal {
			v.val = poisoned
			m.c.report(diag.Diagnostic{
				Code: diag.MissingArgument, Subject: new(conf.Range),
				Summary: fmt.Sprintf("%s is missing", cv.Name),
				Detail:  fmt.Sprintf("The module needs a value for its variable %q. %s", cv.Name, cv.Description),
				Related: &diag.Related{Message: "declared here", Range: cv.Range},
			})
			continue
		}
		v.val = v.mark(cv.Default)
	}
}

// slotOf returns the slot of the sensitive variable that an expression is, or the empty string.
func (s *scope) slotOf(expr hcl.Expression) string {
	tr, ok := plainTraversal(expr)
	if !ok || len(tr) != 2 || tr.RootName() != "var" {
		return ""
	}
	a, ok := tr[1].(hcl.TraverseAttr)
	if !ok {
		return ""
	}
	if v := s.mod.vars[a.Name]; v != nil {
		return v.slot
	}
	return ""
}

// keepSecret puts the value of a sensitive variable, and every text inside it, behind slots.
func (v *variable) keepSecret() {
	if v.conf.Sensitive && !isPoisoned(v.val) {
		plain, _ := v.val.UnmarkDeep()
		v.mod.c.keep(v.slot, plain)
	}
}

// keep stores a secret value behind a slot; of composite ones also each text, for the redactor.
func (c *checker) keep(slot string, v cty.Value) {
	if !v.IsWhollyKnown() || v.IsNull() {
		return
	}
	if text, ok := secretText(v); ok {
		c.prog.Secrets.Set(slot, text)
	}
	if v.Type().IsPrimitiveType() {
		return
	}
	_ = cty.Walk(v, func(p cty.Path, el cty.Value) (bool, error) {
		if el.IsKnown() && !el.IsNull() && el.Type() == cty.String && el.AsString() != "" {
			c.prog.Secrets.Set(slot+"#"+pathText(p), el.AsString())
		}
		return true, nil
	})
}

// secretText is a secret as text: strings as they are, everything else as JSON.
func secretText(v cty.Value) (string, bool) {
	if v.Type() == cty.String {
		return v.AsString(), true
	}
	b, err := ctyjson.Marshal(v, v.Type())
	if err != nil {
		return "", false
	}
	return string(b), true
}

// pathText is `a.b[0]["c"]`.
func pathText(p cty.Path) string {
	var b strings.Builder
	for _, st := range p {
		switch st := st.(type) {
		case cty.GetAttrStep:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(st.Name)
		case cty.IndexStep:
			if st.Key.IsKnown() && st.Key.Type() == cty.String {
				if b.Len() > 0 {
					b.WriteByte('.')
				}
				b.WriteString(st.Key.AsString())
			} else if st.Key.IsKnown() && st.Key.Type() == cty.Number {
				fmt.Fprintf(&b, "[%s]", st.Key.AsBigFloat().Text('f', -1))
			} else {
				b.WriteString("[*]")
			}
		}
	}
	return b.String()
}

func byPosition(attrs map[string]*hcl.Attribute) []*hcl.Attribute {
	out := make([]*hcl.Attribute, 0, len(attrs))
	for _, a := range attrs {
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b *hcl.Attribute) int {
		if a.NameRange.Start.Byte != b.NameRange.Start.Byte {
			return a.NameRange.Start.Byte - b.NameRange.Start.Byte
		}
		return strings.Compare(a.Name, b.Name)
	})
	return out
}

// validate applies the validation rules of a module's variables.
func (m *module) validate() {
	for _, cv := range m.conf.Variables {
		v := m.vars[cv.Name]
		if isPoisoned(v.value()) {
			continue
		}
		for _, rule := range cv.Validations {
			m.rule(v, rule)
		}
	}
}

func (m *module) rule(v *variable, rule *config.Validation) {
	s := m.scope()
	s.noSteps = "A rule of a variable is applied before anything runs."
	val, ok := s.eval(rule.Condition)
	if !ok {
		return
	}
	un, _ := val.Unmark()
	if !un.IsKnown() {
		return // a secret that is not there yet
	}
	if un.IsNull() || un.Type() != cty.Bool {
		s.report(diag.Diagnostic{
			Code: diag.BadValidation, Subject: rule.Condition.Range().Ptr(), Summary: "A rule is true or false",
			Detail: fmt.Sprintf("This one gives %s.", describe(un)),
		})
		return
	}
	if un.True() {
		return
	}
	text := "The value does not meet the variable's rule."
	if msg, ok := s.eval(rule.Message); ok && !value.IsSensitive(msg) && msg.IsKnown() && !msg.IsNull() && msg.Type() == cty.String {
		text = msg.AsString()
	}
	at := &v.conf.Range
	if v.arg != nil {
		at = v.arg.Expr.Range().Ptr()
	}
	s.report(diag.Diagnostic{
		Code: diag.ValidationFailed, Subject: at, Summary: fmt.Sprintf("var.%s is not accepted", v.conf.Name), Detail: text,
		Related: &diag.Related{Message: "the rule", Range: rule.Condition.Range()},
		Values:  []diag.Value{{Name: "var." + v.conf.Name, Text: render(v.value())}},
	})
}
