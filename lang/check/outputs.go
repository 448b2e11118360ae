package check

import (
	"fmt"

	"github.com/xdc-project/xdc/lang/config"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/value"
)

// outputs evaluates the outputs of every module; those of the root are part of the program.
func (c *checker) outputs() {
	c.eachModule(c.root, func(m *module) {
		for _, o := range m.conf.Outputs {
			if m.outputs[o.Name] == o {
				c.output(m, o)
			}
		}
	})
}

func (c *checker) output(m *module, o *config.Output) {
	s := m.scope()
	v := m.outputValue(s, o.Name)
	if isPoisoned(v) {
		return
	}
	if value.IsSensitive(v) && !o.Sensitive && m == c.root {
		c.report(diag.Diagnostic{
			Code: diag.SensitiveHere, Subject: o.Value.Range().Ptr(), Summary: fmt.Sprintf("Output %q is made from a secret", o.Name),
			Detail: "Outputs are shown and written to the report. Add sensitive = true, which withholds the value, or leave the secret out.",
		})
		return
	}
	if m != c.root {
		return
	}
	out := program.Output{Name: o.Name, Description: o.Description, Sensitive: o.Sensitive, Range: o.Range}
	slot := "output." + o.Name
	if !isLate(v) {
		out.Known = s.toJSON(withoutHandles(v), slot)
	}
	out.Value = func(res program.Results) (rawJSON, diag.List) {
		c.mu.Lock()
		defer c.mu.Unlock()
		var ds diag.List
		ls := m.scope().with(res, &ds)
		v, ok := ls.eval(o.Value)
		if !ok {
			return nil, ds
		}
		return ls.toJSON(withoutHandles(v), slot), ds
	}
	c.prog.Outputs = append(c.prog.Outputs, out)
}
