package plan

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/program"
)

// maxShown bounds how many differences are listed one by one.
const maxShown = 20

// notCompared are the fields of a plan that may differ; see digest.
var notCompared = map[string]bool{"mode": true, "version": true, "files": true, "digest": true, "source": true, "format": true}

// Verify holds a saved plan against the plan built again and the files found now. Without findings they are the same
// and may be run; otherwise the findings, all errors, say exactly what differs.
func (s *Saved) Verify(rebuilt *Plan, files []program.File) diag.List {
	out := s.verifyFiles(files)
	if s.Digest != rebuilt.Digest || len(rebuilt.Digest) == 0 {
		out = append(out, s.verifyPlan(rebuilt)...)
	}
	return out
}

func differs(code diag.Code, address, summary, detail string) diag.Diagnostic {
	return diag.Diagnostic{Severity: diag.Error, Code: code, Address: address, Summary: summary, Detail: detail}
}

// verifyFiles compares the files one by one.
func (s *Saved) verifyFiles(files []program.File) diag.List {
	type key struct{ path, kind string }
	now := map[key]program.File{}
	for _, f := range files {
		now[key{f.Path, f.Kind}] = f
	}
	var out diag.List
	say := func(f program.File, what, detail string) {
		if len(out) < maxShown {
			out = append(out, differs(diag.FileDiffers, "", f.Path+" "+what, detail))
		}
	}
	for _, f := range s.Files {
		k := key{f.Path, f.Kind}
		got, ok := now[k]
		delete(now, k)
		switch {
		case !ok:
			say(f, "is missing", fmt.Sprintf("The plan was saved with this file (%s, %d bytes), and it is not there or not read any more. Restore it, or save the plan again.", f.Kind, f.Size))
		case got.Size != f.Size:
			say(f, "has changed", fmt.Sprintf("It had %d bytes when the plan was saved and has %d now. Restore it, or save the plan again and look at it.", f.Size, got.Size))
		case got.SHA256 != f.SHA256:
			say(f, "has changed", fmt.Sprintf("It still has %d bytes, but sha256 was %s when the plan was saved and is %s now. Restore it, or save the plan again and look at it.", f.Size, f.SHA256, got.SHA256))
		}
	}
	more := slices.SortedFunc(maps.Values(now), func(a, b program.File) int { return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Kind, b.Kind)) })
	for _, f := range more {
		say(f, "is new", fmt.Sprintf("It is read now (%s, %d bytes), and was not when the plan was saved. Take it away, or save the plan again.", f.Kind, f.Size))
	}
	return out
}

// verifyPlan says in which steps, or else in what, two plans with different digests differ.
func (s *Saved) verifyPlan(rebuilt *Plan) diag.List {
	by := ""
	if s.Version != rebuilt.Version {
		by = fmt.Sprintf(" It was saved by xdc %.40q, and this is %q.", s.Version, rebuilt.Version)
	}
	again := " Save the plan again and look at it." + by
	raw, err := json.Marshal(rebuilt)
	var now map[string]json.RawMessage
	if err == nil {
		err = json.Unmarshal(raw, &now)
	}
	if err != nil {
		return diag.List{differs(diag.PlanDiffers, "", "The plan cannot be compared with the saved one", err.Error()+"."+again)}
	}
	out := compareSteps(s.parts["steps"], now["steps"], again)
	for _, name := range slices.Sorted(maps.Keys(union2(s.parts, now))) {
		if name == "steps" || notCompared[name] || same(name, s.parts[name], now[name]) {
			continue
		}
		if len(out) < maxShown {
			out = append(out, differs(diag.PlanDiffers, "", fmt.Sprintf("%s of the plan differs from the saved one", name), "Built again from the same files it is not what was shown."+again))
		}
	}
	if len(out) == 0 {
		out = append(out, differs(diag.PlanDiffers, "", "The plan differs from the saved one",
			fmt.Sprintf("Its digest was %.64s and is %s now, and no single difference stands out: the saved file may have been edited.%s", s.Digest, rebuilt.Digest, again)))
	}
	return out
}

func union2(a, b map[string]json.RawMessage) map[string]bool {
	out := map[string]bool{}
	for k := range a {
		out[k] = true
	}
	for k := range b {
		out[k] = true
	}
	return out
}

// compareSteps compares two lists of steps by address.
func compareSteps(was, now json.RawMessage, again string) diag.List {
	before, order := stepsByAddress(was)
	after, later := stepsByAddress(now)
	var out diag.List
	say := func(a, summary, detail string) {
		if len(out) < maxShown {
			out = append(out, differs(diag.PlanDiffers, a, summary, detail+again))
		}
	}
	for _, a := range order {
		got, ok := after[a]
		if !ok {
			say(a, a+" is not in the plan any more", "It was in the saved plan.")
			continue
		}
		var fields []string
		for _, f := range slices.Sorted(maps.Keys(union2(before[a], got))) {
			if f != "file" && f != "line" && !equal(before[a][f], got[f]) {
				fields = append(fields, f)
			}
		}
		if len(fields) > 0 {
			say(a, a+" differs from the saved plan", "What differs: "+strings.Join(fields, ", ")+".")
		}
	}
	for _, a := range later {
		if _, ok := before[a]; !ok {
			say(a, a+" is not in the saved plan", "It is new.")
		}
	}
	if len(out) == 0 && !slices.Equal(order, later) {
		say("", "The order of the steps differs from the saved plan", "The steps are the same.")
	}
	return out
}

func stepsByAddress(raw json.RawMessage) (map[string]map[string]json.RawMessage, []string) {
	var list []map[string]json.RawMessage
	out := map[string]map[string]json.RawMessage{}
	var order []string
	if len(raw) == 0 || json.Unmarshal(raw, &list) != nil {
		return out, nil
	}
	for _, st := range list {
		var a string
		if json.Unmarshal(st["address"], &a) != nil {
			a = "(a step without an address)"
		}
		out[a] = st
		order = append(order, a)
	}
	return out, order
}

// same compares a field of the plan without what does not count: where things stand and where values came from.
func same(name string, a, b json.RawMessage) bool {
	drop := map[string][]string{"variables": {"source"}, "warnings": {"file", "line"}}[name]
	if drop == nil {
		return equal(a, b)
	}
	return equal(without(a, drop), without(b, drop))
}

func without(raw json.RawMessage, fields []string) json.RawMessage {
	var list []map[string]json.RawMessage
	if len(raw) == 0 || json.Unmarshal(raw, &list) != nil {
		return raw
	}
	for _, m := range list {
		for _, f := range fields {
			delete(m, f)
		}
	}
	out, err := json.Marshal(list)
	if err != nil {
		return raw
	}
	return out
}

// equal compares JSON without regard to spaces and the order of keys; absent, null and empty are the same.
func equal(a, b json.RawMessage) bool {
	if bytes.Equal(a, b) {
		return true
	}
	x, err1 := json.Marshal(decode(a))
	y, err2 := json.Marshal(decode(b))
	empty := func(t []byte) bool { return slices.Contains([]string{"null", "[]", "{}", `""`}, string(t)) }
	return err1 == nil && err2 == nil && (bytes.Equal(x, y) || empty(x) && empty(y))
}
