package plan

import (
	"slices"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/program"
)

// hold fixes what keeps each fault in force.
func (m *maker) hold() {
	h := &holding{maker: m, seen: make([]int, len(m.steps)), after: make([]int, len(m.steps)), waited: make([]int, len(m.steps))}
	for i, st := range m.steps {
		if st.Fault == nil {
			continue
		}
		if st.Description.CutsManagement && st.Fault.Duration == 0 {
			m.error(i, diag.CutOff, st.Address+" needs a duration",
				"It cuts the path by which xdc reaches the place, so that nobody but the armed undo can end it. Add duration = \"60s\", or however long it is to last.")
		}
		if st.Fault.Duration > 0 {
			st.Held = heldWords(st.Fault.Duration, nil)
			continue
		}
		holders := h.holders(i)
		if len(holders) == 0 {
			m.error(i, diag.NothingHolds, "Nothing says how long "+st.Address+" lasts",
				"It has no duration, and no step depends on it that would keep it in force: expectations and audits do not, nor do steps that come after its heal. Add a duration, or a wait with since = "+st.Address+".")
			continue
		}
		for _, x := range holders {
			st.Holders = append(st.Holders, m.steps[x].Address)
		}
		st.Held = heldWords(0, h.last(holders))
	}
}

// holding finds holders. The slices are stamped with the fault they were last used for, so that nothing needs to be
// cleared between two faults: what is looked at is the neighbourhood of each fault, not the whole plan.
type holding struct {
	*maker
	seen   []int // by the search forward
	after  []int // twice the stamp: comes after the heal; twice and one: does not
	waited []int
}

// holders are the steps reachable from the fault that are not reachable from its heal, without expects and audits
// and, of what a nested fault without duration is held by, without what comes only through that: the nested fault is
// finished only when its own holders are.
func (h *holding) holders(fault int) []int {
	stamp := fault + 1
	var stack, out []int
	push := func(from int) {
		nested := from != fault && h.steps[from].Fault != nil && h.steps[from].Fault.Duration == 0
		for _, l := range h.maker.after[from] {
			switch {
			case l.order, h.seen[l.step] == stamp:
			case from == fault && (l.point == program.Healed || l.point == program.Finished):
			case nested && l.point == program.Injected:
			default:
				if !h.healed(l.step, fault, stamp) {
					h.seen[l.step] = stamp
					stack = append(stack, l.step)
				}
			}
		}
	}
	push(fault)
	for len(stack) > 0 {
		i := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if k := addr.Kind(h.steps[i].Kind); k != addr.Expect && k != addr.Audit {
			out = append(out, i)
		}
		push(i)
	}
	slices.Sort(out)
	return out
}

// healed reports whether a step comes after the fault's heal. It walks backwards and no further than the fault.
func (h *holding) healed(step, fault, stamp int) bool {
	const after = 1
	known := func(i int) (bool, bool) { return h.after[i] == 2*stamp+after, h.after[i]/2 == stamp }
	stack := []int{step}
	for len(stack) > 0 {
		i := stack[len(stack)-1]
		if _, ok := known(i); ok {
			stack = stack[:len(stack)-1]
			continue
		}
		verdict, open := 0, false
		for _, l := range h.before[i] {
			switch {
			case l.order || l.step < fault:
			case l.step == fault:
				if l.point == program.Healed || l.point == program.Finished {
					verdict = after
				}
			default:
				if yes, ok := known(l.step); yes {
					verdict = after
				} else if !ok {
					stack = append(stack, l.step)
					open = true
				}
			}
		}
		if verdict == after || !open {
			h.after[i] = 2*stamp + verdict
		}
	}
	yes, _ := known(step)
	return yes
}

// last are the holders whose end no other holder waits for: when they are finished, all are.
func (h *holding) last(holders []int) []string {
	in := make(map[int]bool, len(holders))
	for _, i := range holders {
		in[i] = true
	}
	var out []string
	for _, i := range holders {
		awaited := slices.ContainsFunc(h.maker.after[i], func(l link) bool {
			return !l.order && in[l.step] && l.point != program.Started && l.point != program.Injected
		})
		if !awaited {
			out = append(out, h.steps[i].Address)
		}
	}
	return out
}
