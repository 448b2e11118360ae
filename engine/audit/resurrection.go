package audit

import (
	"time"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/measure"
)

// A resurrection: after a fault was healed something comes out at one target that another had answered for by then. It is a
// record that had come out there by the time the heal was verified, or a state of a key that is less than the greatest that had.
// What came in a read that had begun before is not known to have come after, so that nobody can tell.

// resurrection looks for what comes back after the heals of faults.
type resurrection struct {
	judged bool          // a fault was healed while the targets carried on one work
	heal   time.Duration // when the last heal was verified
	broken []bool        // by target, what came back surely
	unsure []bool        // and what may have
}

// Healed notes that a fault is healed: what comes out from now on at one target, and had come out at another by now, has come
// back. It may be called at any time.
func (a *Audit) Healed() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tally.healed(time.Since(a.opt.Start))
}

func (t *tally) healed(at time.Duration) {
	if t.ledger.Mirror() || len(t.targets) < 2 {
		return // each target has records and a state of its own
	}
	t.back.judged, t.back.heal = true, at
	for i := range t.at {
		t.at[i].fresh, t.at[i].hazy = measure.Set{}, measure.Set{}
	}
	t.states.mark++
	t.states.heal = at
}

// known reports whether a record had come out at a target by the last heal.
func (a *arrivals) known(seq int64) bool { return a.seen.Has(seq) && !a.fresh.Has(seq) }

// again looks at a copy of a record that comes out at a target, before it is counted.
func (t *tally) again(target int, seq int64, when span) {
	if !t.back.judged {
		return
	}
	hazy := false
	for i := range t.at {
		if i == target {
			continue
		}
		if t.at[i].known(seq) {
			t.returns(target, seq, when)
			return
		}
		hazy = hazy || t.at[i].hazy.Has(seq)
	}
	t.back.unsure[target] = t.back.unsure[target] || hazy // whether it had come out there by then, nobody can tell
}

// returns notes what has come out at a target in an interval although it was superseded by the last heal.
func (t *tally) returns(target int, seq int64, when span) {
	if when.low < t.back.heal {
		t.back.unsure[target] = true
		return
	}
	t.back.broken[target] = true
	t.at[target].returned.Add(seq)
}

// check answers whether nothing came back, at one target or with -1 at any.
func (b *resurrection) check(target int, unseen bool) *bool {
	if !b.judged {
		return nil
	}
	broken := false
	for i := range b.broken {
		if target < 0 || target == i {
			broken, unseen = broken || b.broken[i], unseen || b.unsure[i]
		}
	}
	return kept(broken, unseen)
}

// resurrected adds the checker's answer. A record that cannot be told from another is no proof.
func (j *judge) resurrected(c *event.Checks, target int, unseen bool) {
	if j.twins.Len() == 0 {
		c.NoResurrection = j.tally.back.check(target, unseen)
	}
}
