package plan

import (
	"container/heap"
	"fmt"
	"slices"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/program"
)

// maxHolders bounds how many holders all faults have together.
const maxHolders = 2_000_000

// hold fixes what keeps each fault in force.
func (m *maker) hold() {
	m.probes()
	holders, ok := m.holders()
	for i, st := range m.steps {
		if st.Fault == nil {
			continue
		}
		if st.Description.CutsManagement && st.Fault.Duration == 0 {
			m.error(i, diag.CutOff, st.Address+" needs a duration",
				"It cuts the path by which xdc reaches the place, so that nobody but the armed undo can end it. Add duration = \"60s\", or however long it is to last.")
		}
		switch {
		case st.Fault.Duration > 0:
			st.Held = heldWords(st.Fault.Duration, nil)
			if st.Description.CutsManagement {
				st.Held += " by a lease that is not renewed, because the fault cuts the path to it"
			}
		case len(holders[i]) > 0:
			for _, x := range holders[i] {
				st.Holders = append(st.Holders, m.steps[x].Address)
			}
			st.Held = heldWords(0, m.last(holders[i]))
		case ok:
			m.error(i, diag.NothingHolds, "Nothing says how long "+st.Address+" lasts",
				"It has no duration, and no step depends on it that would keep it in force: expectations, audits and probes do not, nor do steps that come after its heal. Add a duration, or a wait with since = "+st.Address+".")
		}
	}
}

// holders are those of every fault without a duration. The last fault comes first, so that those that hold an earlier
// one are known by then. It reports false if there are too many.
func (m *maker) holders() (map[int][]int, bool) {
	h := &holding{
		maker: m, seen: make([]int, len(m.steps)), after: make([]int, len(m.steps)),
		cover: make([]int, len(m.steps)), nested: make([]int, len(m.steps)),
	}
	for i := range h.cover {
		h.cover[i] = -1
	}
	out := map[int][]int{}
	total := 0
	for i := len(m.steps) - 1; i >= 0; i-- {
		if !h.held(i) {
			continue
		}
		out[i] = h.of(i)
		if total += len(out[i]); total > maxHolders {
			m.error(i, diag.TooManyHolders, "Too many steps hold faults", fmt.Sprintf(
				"The faults without a duration are held by more than %d steps in all. Give the faults durations, or let what comes later depend on their heals.", maxHolders))
			return out, false
		}
	}
	return out, true
}

// holding finds holders. The slices are stamped with the fault they were last used for, so that nothing needs to be
// cleared between two faults: what is looked at is the neighbourhood of each fault, not the whole plan.
type holding struct {
	*maker
	seen   []int // by the search forward
	nested []int // faults that the search has come by
	first  int   // the first step that comes directly after the fault's heal
	after  []int // twice the stamp: does not come after the heal; one more: does
	// cover is the last fault without a duration that a step is known to keep in force; -1: none.
	cover []int
}

// held reports whether a step is a fault that is held by others.
func (h *holding) held(i int) bool { return h.steps[i].Fault != nil && h.steps[i].Fault.Duration == 0 }

// of are the holders of one fault: the steps reachable from it that are not reachable from its heal, without expects, audits and probes.
// Left out are the holders of nested faults that are themselves held by others: such a fault is finished only when its
// own holders are, so that naming it is enough. Otherwise long plans would name everything that comes later.
func (h *holding) of(fault int) []int {
	stamp := fault + 1
	h.first = len(h.steps)
	for _, l := range h.maker.after[fault] {
		if !l.order && (l.point == program.Healed || l.point == program.Finished) {
			h.first = min(h.first, l.step)
		}
	}
	var out []int
	todo := &ahead{}
	push := func(from int, skip ...program.Point) {
		for _, l := range h.maker.after[from] {
			if l.order || h.seen[l.step] == stamp || slices.Contains(skip, l.point) || h.healed(l.step, fault, stamp) {
				continue
			}
			h.seen[l.step] = stamp
			heap.Push(todo, l.step)
		}
	}
	push(fault, program.Healed, program.Finished)
	for todo.Len() > 0 {
		i, _ := heap.Pop(todo).(int)
		if c := h.cover[i]; c >= 0 && h.nested[c] == stamp {
			h.nested[i] = stamp
			continue
		}
		if h.cover[i] < 0 {
			h.cover[i] = fault
		}
		if k := addr.Kind(h.steps[i].Kind); k != addr.Expect && k != addr.Audit && k != addr.Probe {
			out = append(out, i)
		}
		if h.held(i) {
			h.nested[i] = stamp
			push(i, program.Injected)
		} else {
			push(i)
		}
	}
	slices.Sort(out)
	return out
}

// ahead is a heap of steps, the first in the plan's order first.
type ahead []int

func (a ahead) Len() int           { return len(a) }
func (a ahead) Less(i, j int) bool { return a[i] < a[j] }
func (a ahead) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }
func (a *ahead) Push(x any)        { n, _ := x.(int); *a = append(*a, n) }
func (a *ahead) Pop() any {
	old := *a
	n := old[len(old)-1]
	*a = old[:len(old)-1]
	return n
}

// healed reports whether a step comes after the fault's heal. It walks backwards and no further than to what can come
// after it.
func (h *holding) healed(step, fault, stamp int) bool {
	if step < h.first {
		return false
	}
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
			case l.order:
			case l.step == fault:
				if l.point == program.Healed || l.point == program.Finished {
					verdict = after
				}
			case l.step < h.first:
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
func (m *maker) last(holders []int) []string {
	in := make(map[int]bool, len(holders))
	for _, i := range holders {
		in[i] = true
	}
	var out []string
	for _, i := range holders {
		awaited := slices.ContainsFunc(m.after[i], func(l link) bool {
			return !l.order && in[l.step] && l.point != program.Started && l.point != program.Injected
		})
		if !awaited {
			out = append(out, m.steps[i].Address)
		}
	}
	return out
}
