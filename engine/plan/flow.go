package plan

import (
	"slices"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/program"
)

// flow goes through the plan once without doing anything: every step starts as soon as its edges let it, every fault
// is held as its holders want it, and audits close last. So it finds out when everything is expected, what the run
// waits for longest, and whether something would wait for ever, which edges alone do not show.
func (m *maker) flow() {
	n := len(m.steps)
	f := &flow{
		maker: m, when: make([]moment, 3*n), waits: make([]int, 3*n), done: make([]bool, 3*n),
		holds: make([][]int, n), auditsOf: map[addr.Step][]int{}, opened: map[int]int{},
	}
	f.count()
	for ev := range f.when {
		f.push(ev)
		f.drain()
	}
	for f.closeAudits() || f.breakDeadlock() {
	}
	f.windows()
	m.times = f.when
}

// The events of a step; those of step i are 3i+started and so on. Only faults are injected, and the end of a fault is
// its heal; a job ends when it runs.
const (
	started = iota
	injected
	ended
)

// moment is when an event happens, as far as that can be said.
type moment struct {
	low  float64 // expected, or at least the earliest
	sure bool    // low is what is expected
	late float64 // the latest, by timeouts; +Inf: nothing bounds it
	why  int     // the event that it waited for longest; -1: none
}

// later is the moment when both have happened; why is the event that b belongs to.
func (a moment) later(b moment, why int) moment {
	if b.low > a.low || a.why < 0 {
		a.low, a.why = max(a.low, b.low), why
	}
	a.sure = a.sure && b.sure
	a.late = max(a.late, b.late)
	return a
}

// flow is one such walk.
type flow struct {
	*maker
	when     []moment
	waits    []int // how many events each one still waits for
	done     []bool
	queue    []int
	holds    [][]int             // step -> faults that it holds
	auditsOf map[addr.Step][]int // seed -> audits
	ready    []int               // audits that wait for nothing but faults
	opened   map[int]int         // audit -> how many faults had been injected before
	hit      []int               // faults in the order of injection
	live     []int               // positions in hit; those at the end that are healed are dropped when asked for
}

// count counts what every event waits for.
func (f *flow) count() {
	for i, st := range f.steps {
		for e := range 3 {
			f.when[3*i+e] = moment{sure: true, why: -1}
		}
		f.waits[3*i+ended] = 1 // its start, or its injection
		f.waits[3*i+injected] = 1
		f.done[3*i+injected] = st.Fault == nil
		for _, l := range f.before[i] {
			f.waits[3*i+entry(st, l)]++
		}
		for _, h := range st.Holders {
			f.holds[f.byName[h]] = append(f.holds[f.byName[h]], i)
			f.waits[3*i+ended]++
		}
		if st.Audit != nil {
			if _, ok := f.at[st.Audit.Seed]; ok {
				f.auditsOf[st.Audit.Seed] = append(f.auditsOf[st.Audit.Seed], i)
				f.waits[3*i+started]++
			}
		}
	}
}

// entry is the event of a step that an edge into it delays. An audit opens with its seed, and its edges keep it open.
// What only orders delays the end of steps that watch, and the start of those that act, because it comes from `when`.
func entry(st *Step, l link) int {
	switch addr.Kind(st.Kind) {
	case addr.Audit:
		return ended
	case addr.Wait, addr.Expect:
		if l.order {
			return ended
		}
	case addr.Probe:
		if l.order {
			return ended // it does not wait for the faults that it counts from
		}
	case addr.Job, addr.Seed, addr.Fault, addr.Action, addr.Guard:
	}
	return started
}

// exit is the event of a step that lets those go on who wait for a point of it.
func exit(st *Step, p program.Point) int {
	switch {
	case p == program.Started:
		return started
	case p == program.Injected && st.Fault != nil:
		return injected
	}
	return ended
}

func (f *flow) push(ev int) { f.queue = append(f.queue, ev) }

// drain lets everything happen that waits for nothing more. Audits that wait for nothing are put aside.
func (f *flow) drain() {
	for len(f.queue) > 0 {
		ev := f.queue[len(f.queue)-1]
		f.queue = f.queue[:len(f.queue)-1]
		switch {
		case f.waits[ev] > 0 || f.done[ev]:
		case ev%3 == ended && f.steps[ev/3].Audit != nil:
			f.ready = append(f.ready, ev/3)
		default:
			f.happen(ev)
		}
	}
}

// happen fixes when an event takes place and tells everybody who waits for it.
func (f *flow) happen(ev int) {
	i, st := ev/3, f.steps[ev/3]
	f.done[ev] = true
	f.when[ev] = f.lasts(st, ev%3, f.when[ev])
	switch ev % 3 {
	case started:
		if st.Fault != nil {
			f.tell(ev, 3*i+injected)
		} else {
			f.tell(ev, 3*i+ended)
		}
		for _, a := range f.auditsOf[st.Addr] {
			f.opened[a] = len(f.hit)
			f.tell(ev, 3*a+started)
		}
	case injected:
		f.live = append(f.live, len(f.hit))
		f.hit = append(f.hit, i)
		f.tell(ev, 3*i+ended)
	case ended:
		for _, x := range f.holds[i] {
			f.tell(ev, 3*x+ended)
		}
	}
	for _, l := range f.after[i] {
		if exit(st, l.point) == ev%3 {
			f.tell(ev, 3*l.step+entry(f.steps[l.step], l))
		}
	}
}

// tell says to an event that another one has happened. Heals that were taken for granted are not told any more.
func (f *flow) tell(ev, to int) {
	if f.done[to] {
		return
	}
	f.waits[to]--
	f.when[to] = f.when[to].later(f.when[ev], ev)
	f.push(to)
}

// closeAudits closes the audits that no fault keeps open. It reports whether there were any.
func (f *flow) closeAudits() bool {
	ready := f.ready
	f.ready = nil
	slices.Sort(ready)
	var closing []int
	for _, a := range slices.Compact(ready) {
		if f.blocked(a) >= 0 {
			f.ready = append(f.ready, a)
		} else {
			closing = append(closing, a)
		}
	}
	heals := f.healTimes(closing)
	for _, a := range closing {
		f.when[3*a+ended] = heals.close(f.when[3*a+ended])
		f.happen(3*a + ended)
	}
	f.drain()
	return len(closing) > 0
}

// blocked is a fault that was injected since an audit opened and is not healed; -1: there is none.
func (f *flow) blocked(a int) int {
	for len(f.live) > 0 && f.done[3*f.hit[f.live[len(f.live)-1]]+ended] {
		f.live = f.live[:len(f.live)-1]
	}
	if n := len(f.live); n > 0 && f.live[n-1] >= f.opened[a] {
		return f.hit[f.live[n-1]]
	}
	return -1
}
