package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/schema"
)

// afterRun stands for text that is known only after other steps ran.
const afterRun = "(known after run)"

// knownArgs returns a step's arguments for the dry run and the names of those that are known only after other
// steps ran. Unknown text becomes "(known after run)"; what is unknown of any other type is left out.
func (m *maker) knownArgs(st *Step) (json.RawMessage, []string) {
	args := st.Args
	if st.Seed != nil {
		args = withJob(args, st.Seed.Job)
	}
	if !bytes.Contains(args, []byte(`"unknown"`)) {
		return args, nil
	}
	obj, ok := decode(args).(map[string]any)
	if !ok {
		return args, nil
	}
	blk, _ := m.reg.Step(addr.Kind(st.Kind), st.Type)
	if st.Job != nil {
		core := schema.Job()
		blk = &core
	}
	var unknown []string
	for _, name := range slices.Sorted(maps.Keys(obj)) {
		text, list := textual(blk, name)
		v, keep := replace(obj[name], name, text, &unknown)
		if s, whole := v.(string); keep && whole && s == afterRun && list {
			v = []any{s}
		}
		if keep {
			obj[name] = v
		} else {
			delete(obj, name)
		}
	}
	out, err := json.Marshal(obj)
	if err != nil {
		return args, unknown
	}
	return out, unknown
}

// textual reports whether an argument is text that any text will do for, or a list of such texts.
func textual(blk *schema.Block, name string) (text, list bool) {
	if blk == nil {
		return false, false
	}
	a, ok := blk.Attribute(name)
	if !ok || a.Form != schema.Plain && a.Form != schema.ShellArgs || len(a.Enum) > 0 {
		return false, false
	}
	list = a.Type.IsListType() || a.Type.IsSetType()
	return a.Type == cty.String || list && a.Type.ElementType() == cty.String, list
}

// replace takes the unknown parts out of a value; keep is false if nothing is left.
func replace(v any, path string, text bool, unknown *[]string) (out any, keep bool) {
	switch v := v.(type) {
	case map[string]any:
		if v["unknown"] == true && len(v) == 1 {
			*unknown = append(*unknown, path)
			return afterRun, text
		}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			x, ok := replace(v[k], path+"."+k, text, unknown)
			if ok {
				v[k] = x
			} else {
				delete(v, k)
			}
		}
	case []any:
		kept := make([]any, 0, len(v))
		for i, e := range v {
			if x, ok := replace(e, fmt.Sprintf("%s[%d]", path, i), text, unknown); ok {
				kept = append(kept, x)
			}
		}
		return kept, true
	}
	return v, true
}

// decode reads JSON and keeps numbers as they are written; nil if it is none.
func decode(b []byte) any {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil
	}
	return v
}

// withJob adds the job of a seed to its provider's arguments where they do not name one.
func withJob(args json.RawMessage, job string) json.RawMessage {
	if job == "" || bytes.Contains(args, []byte(`"job"`)) {
		return args
	}
	obj := map[string]json.RawMessage{}
	if len(args) > 0 && json.Unmarshal(args, &obj) != nil {
		return args
	}
	obj["job"], _ = json.Marshal(job) // a string always encodes
	out, err := json.Marshal(obj)
	if err != nil {
		return args
	}
	return out
}

// secrets lists the slots in the plan: those of its steps and of its connections.
func (m *maker) secrets() {
	slots := map[string]bool{}
	for _, st := range m.steps {
		slotsIn(st.Args, slots)
		if st.Fault != nil {
			for _, s := range st.Fault.Stages {
				slotsIn(s.Args, slots)
			}
		}
	}
	for _, t := range m.plan.Targets {
		for _, c := range t.Connections {
			slotsIn(c, slots)
		}
		for _, h := range t.Hosts {
			slotsIn(h.Args, slots)
		}
	}
	m.plan.Secrets = slices.Sorted(maps.Keys(slots))
}

// slotsIn collects the slots in arguments: objects with the one key "secret".
func slotsIn(raw json.RawMessage, slots map[string]bool) {
	if !bytes.Contains(raw, []byte(`"secret"`)) {
		return
	}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if s, ok := v["secret"].(string); ok && len(v) == 1 {
				slots[s] = true
				return
			}
			for _, x := range v {
				walk(x)
			}
		case []any:
			for _, x := range v {
				walk(x)
			}
		}
	}
	walk(decode(raw))
}
