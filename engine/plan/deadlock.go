package plan

import (
	"fmt"
	"slices"

	"github.com/xdc-project/xdc/lang/diag"
)

// breakDeadlock is called when nothing happens any more. If something is left, it waits for ever: the circle is
// reported, and the heal in it taken for granted, so that other circles are found too. It reports whether there was
// one.
func (f *flow) breakDeadlock() bool {
	circle := f.circle()
	fault := -1
	for _, ev := range circle {
		if st := f.steps[ev/3]; ev%3 == ended && st.Fault != nil && (fault < 0 || ev/3 < fault) {
			fault = ev / 3
		}
	}
	if fault < 0 {
		return false
	}
	f.reportCircle(fault, circle)
	f.waits[3*fault+ended] = 0
	f.push(3*fault + ended)
	f.drain()
	return true
}

// circle finds events that wait for each other, each for the next; nil if all have happened.
func (f *flow) circle() []int {
	ev := slices.Index(f.done, false)
	seen := map[int]int{}
	var walk []int
	for ev >= 0 {
		if from, ok := seen[ev]; ok {
			return walk[from:]
		}
		seen[ev] = len(walk)
		walk = append(walk, ev)
		ev = f.awaited(ev)
	}
	return nil
}

// awaited is an event that has not happened and that another one waits for; -1 if there is none.
func (f *flow) awaited(ev int) int {
	i, e, st := ev/3, ev%3, f.steps[ev/3]
	for _, own := range []int{started, injected} {
		if own < e && !f.done[3*i+own] {
			return 3*i + own
		}
	}
	for _, l := range f.before[i] {
		if to := 3*l.step + exit(f.steps[l.step], l.point); entry(st, l) == e && !f.done[to] {
			return to
		}
	}
	if st.Audit != nil {
		return f.auditAwaits(i, e)
	}
	if e == ended {
		for _, h := range st.Holders {
			if to := 3*f.byName[h] + ended; !f.done[to] {
				return to
			}
		}
	}
	return -1
}

func (f *flow) auditAwaits(i, e int) int {
	if e == started {
		return 3*f.at[f.steps[i].Audit.Seed] + started
	}
	if x := f.blocked(i); x >= 0 {
		return 3*x + ended
	}
	return -1
}

// reportCircle shows a circle, beginning with the fault.
func (f *flow) reportCircle(fault int, circle []int) {
	at := slices.Index(circle, 3*fault+ended)
	circle = append(slices.Clone(circle[at:]), circle[:at]...)
	var lines []string
	for n, ev := range circle {
		if to := circle[(n+1)%len(circle)]; ev/3 != to/3 {
			lines = append(lines, f.waitsFor(ev, to))
		}
	}
	a := f.steps[fault].Address
	f.error(fault, diag.HeldForEver, a+" would never be healed",
		"It has no duration, so it is held until what depends on it is finished, and that waits for the heal:\n  "+shorten(lines, "\n  ")+
			"\nGive the fault a duration, or let the step depend on "+a+".healed.")
}

// waitsFor says why one event waits for another, of another step.
func (f *flow) waitsFor(ev, to int) string {
	a, b := f.steps[ev/3], f.steps[to/3]
	what := "is finished"
	switch {
	case to%3 == started:
		what = "starts"
	case to%3 == injected:
		what = "is in force"
	case b.Fault != nil:
		what = "is healed"
	}
	switch {
	case a.Fault != nil && ev%3 == ended:
		return fmt.Sprintf("%s is held until %s %s", a.Address, b.Address, what)
	case (a.Audit != nil || a.Probe != nil) && b.Fault != nil:
		return fmt.Sprintf("%s closes only when %s %s", a.Address, b.Address, what)
	}
	return fmt.Sprintf("%s waits until %s %s", a.Address, b.Address, what)
}
