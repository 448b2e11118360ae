package check

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	hcljson "github.com/hashicorp/hcl/v2/json"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/xdc-project/xdc/lang/config"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/source"
	"github.com/xdc-project/xdc/lang/value"
)

// readInputs gives the root's variables their values: default, environment, *.auto.xdcvars, --var-file, --var,
// each overriding those before.
func (m *module) readInputs() {
	c := m.c
	got := map[string]given{}
	if c.in.Env != nil {
		for _, cv := range m.conf.Variables {
			if text, ok := c.in.Env(EnvPrefix + cv.Name); ok {
				c.take(got, cv, text, "the environment variable "+EnvPrefix+cv.Name)
			}
		}
	}
	for _, f := range append(slices.Clone(m.conf.Set.VarFiles()), c.in.VarFiles...) {
		c.varFile(m, f, got)
	}
	for _, a := range c.in.Vars {
		v, ok := m.vars[a.Name]
		if !ok {
			c.report(diag.Diagnostic{
				Code: diag.UndeclaredVariable, Summary: fmt.Sprintf("There is no variable %q", a.Name),
				Detail: fmt.Sprintf("%s gives it a value, but the plan declares no such variable.%s", orElse(a.Source, "--var"), diag.Suggest(a.Name, sorted(m.vars))),
			})
			continue
		}
		c.take(got, v.conf, a.Text, orElse(a.Source, "--var"))
	}
	for _, cv := range m.conf.Variables {
		v := m.vars[cv.Name]
		v.slot = "var." + cv.Name
		v.settle(got)
		if v.conf.Type.Handle != "" {
			c.report(diag.Diagnostic{
				Code: diag.BadVariableValue, Subject: &cv.Range,
				Summary: fmt.Sprintf("var.%s can only be given by a caller", cv.Name),
				Detail:  fmt.Sprintf("Variables of type %s take handles, which a plan passes to a module it calls. This plan is not called by another: refer to its own blocks instead.", cv.Type.Handle),
			})
		}
		pv := program.Variable{Name: cv.Name, Sensitive: cv.Sensitive, Source: v.source}
		if !cv.Sensitive && !isPoisoned(v.val) && v.val.IsWhollyKnown() {
			plain, _ := v.val.UnmarkDeep()
			if b, err := ctyjson.Marshal(plain, plain.Type()); err == nil {
				pv.Value = b
			}
		}
		c.prog.Variables = append(c.prog.Variables, pv)
	}
}

func orElse(s, def string) string {
	if s == "" {
		return def
	}
	return s
}

// settle decides the value of a variable of the root.
func (v *variable) settle(got map[string]given) {
	c, cv := v.mod.c, v.conf
	v.state = done
	g, ok := got[cv.Name]
	if !ok && cv.Default != cty.NilVal {
		v.source = "default"
		v.val = v.mark(cv.Default)
		v.keepSecret()
		return
	}
	if !ok && (!cv.Sensitive || !c.in.AllowMissingSecrets) {
		ask := c.in.Prompt
		if cv.Sensitive && c.in.PromptSecret != nil {
			ask = c.in.PromptSecret
		}
		if ask != nil && cv.Type.Handle == "" {
			if text, answered := ask(cv.Name); answered {
				c.take(got, cv, text, "prompt")
				g, ok = got[cv.Name]
			}
		}
	}
	switch {
	case ok && g.bad:
		v.source, v.val = g.source, poisoned
	case ok:
		v.source = g.source
		v.val = v.accept(v.mod.scope(), g)
		v.keepSecret()
	case cv.Sensitive && c.in.AllowMissingSecrets:
		v.source = "none"
		v.val = value.Sensitive(cty.UnknownVal(cv.Type.WithoutOptionalAttributesDeep()))
		c.prog.Secrets.Miss(v.slot)
	default:
		v.source, v.val = "none", poisoned
		if cv.Type.Handle != "" {
			return
		}
		c.report(diag.Diagnostic{
			Code: diag.MissingVariable, Subject: &cv.Range, Summary: fmt.Sprintf("var.%s has no value", cv.Name),
			Detail: strings.TrimSpace(fmt.Sprintf("It has no default. Give it with --var %s=..., with --var-file, in a file *.auto.xdcvars, or as %s%s. %s", cv.Name, EnvPrefix, cv.Name, cv.Description)),
		})
	}
}

// take reads the text given for a variable: as it is for strings, as an expression for everything else.
func (c *checker) take(got map[string]given, cv *config.Variable, text, from string) {
	got[cv.Name] = given{source: from, bad: true}
	if len(text) > maxText {
		c.report(diag.Diagnostic{
			Code: diag.BadVariableValue, Summary: fmt.Sprintf("The value of var.%s is too long", cv.Name),
			Detail: fmt.Sprintf("It comes from %s and has %d bytes; %d are allowed.", from, len(text), maxText),
		})
		return
	}
	if cv.Type.Type == cty.String || (cv.Type.Type == cty.DynamicPseudoType && cv.Type.Handle == "") {
		got[cv.Name] = given{val: cty.StringVal(text), source: from}
		return
	}
	expr, hds := hclsyntax.ParseExpression([]byte(text), from, hcl.InitialPos)
	var v cty.Value
	if !hds.HasErrors() {
		v, hds = expr.Value(nil)
	}
	if hds.HasErrors() {
		detail := fmt.Sprintf("It comes from %s. The variable is of type %s, so the value is written as in a plan: %s", from, cv.Type.Text, hds[0].Summary)
		if cv.Sensitive {
			detail = fmt.Sprintf("It comes from %s. The variable is of type %s, so the value is written as in a plan.", from, cv.Type.Text)
		}
		c.report(diag.Diagnostic{
			Code: diag.BadVariableValue, Summary: fmt.Sprintf("The value of var.%s cannot be read", cv.Name), Detail: detail + ".",
			Related: &diag.Related{Message: "declared here", Range: cv.Range},
		})
		return
	}
	got[cv.Name] = given{val: v, source: from}
}

// varFile reads a file of variables.
func (c *checker) varFile(m *module, f *source.File, got map[string]given) {
	var (
		file *hcl.File
		hds  hcl.Diagnostics
	)
	if f.JSON || json.Valid(f.Bytes) {
		file, hds = hcljson.ParseWithStartPos(f.Bytes, f.Name, hcl.InitialPos)
	} else {
		file, hds = hclsyntax.ParseConfig(f.Bytes, f.Name, hcl.InitialPos)
	}
	var attrs hcl.Attributes
	if file != nil {
		var more hcl.Diagnostics
		attrs, more = file.Body.JustAttributes()
		if !hds.HasErrors() {
			hds = more
		}
	}
	for _, d := range diag.List(nil).Append(hds) {
		d.Code = diag.BadVariableFile
		c.report(d)
	}
	for _, a := range byPosition(attrs) {
		if m.vars[a.Name] == nil {
			c.report(diag.Diagnostic{
				Severity: diag.Warning, Code: diag.UndeclaredInFile, Subject: &a.NameRange,
				Summary: fmt.Sprintf("There is no variable %q", a.Name),
				Detail:  "The plan declares no such variable, so the value is not used." + diag.Suggest(a.Name, sorted(m.vars)),
			})
			continue
		}
		val, hds := a.Expr.Value(nil)
		if hds.HasErrors() {
			for _, d := range diag.List(nil).Append(hds) {
				d.Code = diag.BadVariableFile
				c.report(d)
			}
			got[a.Name] = given{source: f.Name, bad: true}
			continue
		}
		got[a.Name] = given{val: val, source: f.Name, rng: a.Expr.Range().Ptr()}
	}
}
