package check

import (
	"fmt"
	"strings"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/program"
)

// cycles finds steps that wait for themselves, directly or through others, and shows each loop whole. Every
// edge counts, also those that only order.
func (c *checker) cycles() {
	index := make(map[addr.Step]int, len(c.order))
	for i, in := range c.order {
		index[in.addr] = i
	}
	const (
		white = iota
		grey
		black
	)
	colour := make([]uint8, len(c.order))
	type frame struct{ node, next int }
	for start := range c.order {
		if colour[start] != white {
			continue
		}
		stack := []frame{{start, 0}}
		colour[start] = grey
		for len(stack) > 0 {
			top := &stack[len(stack)-1]
			edges := c.order[top.node].needs.list
			if top.next == len(edges) {
				colour[top.node] = black
				stack = stack[:len(stack)-1]
				continue
			}
			need := edges[top.next]
			top.next++
			to, ok := index[need.Step]
			if !ok {
				continue
			}
			switch colour[to] {
			case white:
				colour[to] = grey
				stack = append(stack, frame{to, 0})
			case grey:
				var loop []program.Need
				var from []*instance
				at := len(stack) - 1
				for stack[at].node != to {
					at--
				}
				for _, f := range stack[at:] {
					from = append(from, c.order[f.node])
					loop = append(loop, c.order[f.node].needs.list[f.next-1])
				}
				c.reportLoop(from, loop)
			}
		}
	}
}

// maxLoopShown bounds how many steps of a loop are listed.
const maxLoopShown = 50

func (c *checker) reportLoop(from []*instance, loop []program.Need) {
	var b strings.Builder
	names := make([]string, 0, len(from)+1)
	for i, in := range from {
		if i == maxLoopShown {
			fmt.Fprintf(&b, "\n  and %d more", len(from)-i)
			break
		}
		need := loop[i]
		fmt.Fprintf(&b, "\n  %s waits for %s", in.addr, need.Step)
		switch need.Point {
		case program.Healed:
			b.WriteString(" to be healed")
		case program.Started:
			b.WriteString(" to start")
		case program.Running, program.Injected, program.Finished:
		}
		fmt.Fprintf(&b, " (%s, line %d)", need.Range.Filename, need.Range.Start.Line)
		names = append(names, in.addr.String())
	}
	d := diag.Diagnostic{
		Code: diag.Cycle, Subject: new(loop[0].Range), Address: from[0].addr.String(),
		Summary: "Steps wait for each other for ever: " + strings.Join(append(names, names[0]), " -> "),
		Detail:  "None of them could ever start. Remove one of these references:" + b.String(),
	}
	if len(loop) > 1 {
		d.Related = &diag.Related{Message: "the next reference of the loop", Range: loop[1].Range}
	} else {
		d.Summary = fmt.Sprintf("%s waits for itself", names[0])
		d.Detail = "It could never start. Remove the reference."
	}
	c.report(d)
}

// endOfRun finds steps that wait for an expectation that is only judged when the run ends.
func (c *checker) endOfRun() {
	for _, in := range c.order {
		for _, n := range in.needs.list {
			ex := c.instances[n.Step.String()]
			if n.Order || ex == nil || ex.addr.Kind != addr.Expect || ex.broken || !ex.judgedLast() || in.addr.Kind == addr.Expect && in.judgedLast() {
				continue
			}
			c.report(diag.Diagnostic{
				Code: diag.JudgedLast, Subject: new(n.Range), Address: in.addr.String(),
				Summary: fmt.Sprintf("%s is only judged when the run ends", ex.addr),
				Detail:  fmt.Sprintf("It waits for no step but jobs, so its verdict comes last, and %s could never start. Give the expectation a depends_on, or do not wait for it.", in.addr),
				Related: &diag.Related{Message: "the expectation", Range: ex.block.conf.Range},
			})
		}
	}
}

// judgedLast reports whether an expectation has no edges but those to jobs, and is judged at one instant.
func (in *instance) judgedLast() bool {
	for _, n := range in.needs.list {
		if !n.Order && n.Step.Kind != addr.Job {
			return false
		}
	}
	that := in.step.Expect.That
	return that == nil || that.Formula == nil || !temporal(that.Formula)
}

func temporal(f *cond.Formula) bool { return f.Temporal() }
