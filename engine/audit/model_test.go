package audit

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/measure"
)

// world is what a slow and plain model knows of a random run: every send and every item that came out.
type world struct {
	sends [][]sending // by record
	outs  []coming
	gaps  []time.Duration // ends of the stretches that could not be seen
}

type sending struct {
	target  int
	outcome measure.Outcome
	at      time.Duration
}

type coming struct {
	target  int
	seq     int64
	spoilt  bool
	strange bool
}

// model classifies by looking at everything again for each record.
func (w world) model() event.AuditCounts {
	var c event.AuditCounts
	for i, sends := range w.sends {
		seq := int64(i)
		best := measure.Unsent
		copies := map[int]int{}
		left := time.Duration(1 << 62)
		for _, x := range sends {
			if x.outcome == measure.Acked || x.outcome == measure.Indeterminate {
				copies[x.target]++
				left = min(left, x.at)
			}
			switch {
			case x.outcome == measure.Acked,
				x.outcome == measure.Indeterminate && best != measure.Acked,
				x.outcome == measure.Rejected && best == measure.Unsent:
				best = x.outcome
			}
		}
		resent := len(sends) > 1
		if best != measure.Unsent {
			c.Sent++
		}
		if best == measure.Acked {
			c.Acked++
		}
		came := map[int]int{}
		spoilt, late := false, false
		highest := map[int]int64{}
		for _, o := range w.outs {
			if o.strange {
				continue
			}
			if o.seq == seq {
				if h, ok := highest[o.target]; ok && h > seq && came[o.target] == 0 {
					late = true
				}
				came[o.target]++
				spoilt = spoilt || o.spoilt
			}
			highest[o.target] = max(highest[o.target], o.seq)
		}
		if len(came) == 0 {
			if best == measure.Acked {
				hidden := slices.ContainsFunc(w.gaps, func(end time.Duration) bool { return left < end })
				c.Inconclusive += one(hidden)
				c.Lost += one(!hidden)
			}
			continue
		}
		c.Delivered++
		c.Corrupted += one(spoilt)
		c.Reordered += one(late && !resent)
		c.Unexpected += one(best == measure.Rejected || best == measure.Unsent)
		twice, across := false, false
		for t, n := range came {
			twice = twice || n > max(1, copies[t])
			across = across || len(came) > 1 && copies[t] == 0
		}
		c.Duplicated += one(twice)
		c.DuplicatedAcross += one(across)
		c.Once += one(!twice && !across)
	}
	for _, o := range w.outs {
		c.Unexpected += one(o.strange)
	}
	return c
}

// act is one thing that happens in a world; a script of them is drawn before the bubble in which it is played.
type act struct {
	kind   string // send, again, come, evict, second
	seq    int64
	target int
	send   measure.Outcome
	coming coming
}

func drawScript(t *rapid.T) []act {
	var script []act
	var last []measure.Outcome
	target := func() int { return rapid.IntRange(0, 1).Draw(t, "target") }
	for range rapid.IntRange(1, 6).Draw(t, "rounds") {
		for range rapid.IntRange(0, 5).Draw(t, "records") {
			o := rapid.SampledFrom([]measure.Outcome{measure.Acked, measure.Acked, measure.Rejected, measure.Indeterminate, measure.Unsent}).Draw(t, "outcome")
			script = append(script, act{kind: "send", target: target(), send: o})
			last = append(last, o)
		}
		for i, o := range last {
			if o == measure.Acked || o == measure.Unsent || rapid.IntRange(0, 2).Draw(t, "again") > 0 {
				continue
			}
			last[i] = rapid.SampledFrom([]measure.Outcome{measure.Acked, measure.Indeterminate}).Draw(t, "outcome")
			script = append(script, act{kind: "again", seq: int64(i), target: target(), send: last[i]})
		}
		for range rapid.IntRange(0, 8).Draw(t, "items") {
			c := coming{target: target(), strange: len(last) == 0 || rapid.IntRange(0, 9).Draw(t, "strange") == 0}
			if !c.strange {
				c.seq = int64(rapid.IntRange(0, len(last)-1).Draw(t, "seq"))
				c.spoilt = rapid.IntRange(0, 9).Draw(t, "spoilt") == 0
			}
			script = append(script, act{kind: "come", coming: c})
		}
		script = append(script, act{kind: "second"})
		if rapid.IntRange(0, 5).Draw(t, "evicts") == 0 {
			script = append(script, act{kind: "evict", target: target()}, act{kind: "second"})
		}
	}
	return script
}

func TestTheAuditAgreesWithAPlainModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		script := drawScript(rt)
		var audit, model string
		synctest.Test(t, func(t *testing.T) { audit, model = perform(t, script) })
		if audit != model {
			rt.Fatalf("the audit says %s\nthe model says %s\nof %+v", audit, model, script)
		}
	})
}

// perform plays a script and returns what the audit and the model say of it.
func perform(t *testing.T, script []act) (audit, model string) {
	t.Helper()
	b := newBench(t, false, nil)
	names := []string{"dc1", "dc2"}
	var w world
	time.Sleep(s)
	for _, x := range script {
		switch x.kind {
		case "send":
			b.send(1, x.target, x.send)
			w.sends = append(w.sends, []sending{{x.target, x.send, b.now() - 10*ms}})
		case "again":
			b.settle(x.target, x.send, x.seq)
			w.sends[x.seq] = append(w.sends[x.seq], sending{x.target, x.send, b.now() - 10*ms})
		case "come":
			item := b.item(x.coming.seq)
			switch {
			case x.coming.strange:
				item = `{"id":"stranger"}`
			case x.coming.spoilt:
				item = fmt.Sprintf(`{"id":%q,"n":-1}`, b.ids.ID(x.coming.seq))
			}
			b.sinks[names[x.coming.target]].put(item)
			w.outs = append(w.outs, x.coming)
		case "evict":
			b.sinks[names[x.target]].evict()
			w.gaps = append(w.gaps, b.now()+500*ms) // it is read by then, and nothing is sent meanwhile
		case "second":
			time.Sleep(s)
		}
	}
	got, plain := b.close(time.Minute).Total, w.model()
	return words(got) + " " + answers(got.Checks), words(plain) + " " + answers(w.check(plain))
}
