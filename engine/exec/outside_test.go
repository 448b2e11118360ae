package exec

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/plan"
	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/providers"
)

// A rehearsal and a run against a stand-in leave out, each by its own reasons, what cannot be seen there; a real run
// leaves out nothing.
func TestWhatAStandInDoesNotHaveIsLeftOut(t *testing.T) {
	const why = "stand-ins have no metrics to ask for dc1.seen"
	for name, tc := range map[string]struct {
		change  func(*Options)
		leaves  bool
		skipped bool // the step that only a rehearsal leaves out
	}{
		"a rehearsal": {func(o *Options) { o.Rehearsal = true }, true, true},
		"a stand-in":  {func(o *Options) { o.StandIn = true }, true, false},
		"a real run":  {nil, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			w, d := newWorld(), newDraft(t)
			w.signals["dc1.seen"] = from(time.Hour)
			for _, st := range []*plan.Step{d.wait("seen", "dc1.seen", "", 10*time.Second), d.expect("never", "dc1.seen", "wait.seen")} {
				st.Unseen, st.Skip = why, why
			}
			d.action("after", "wait.seen")
			d.fault("real", "switch", program.Fault{Duration: secs(5)}).Skip = "the twin has no switch fault"
			d.p.Guards = []plan.Guard{{Address: "guard.seen", Guard: &program.Guard{That: d.cond("dc1.seen", cond.Instant), OnUnknown: "abort"}, Unseen: why}}
			r := drill(t, w, d, tc.change)
			if left := r.out.Code() == OK; left != tc.leaves {
				t.Errorf("it ended with %v", r.out)
			}
			if !tc.leaves {
				return
			}
			if got := r.verdict("expect.never"); got.Verdict != event.NotJudged || got.Why != why {
				t.Errorf("the expectation is %s (%s)", got.Verdict, got.Why)
			}
			if st, reason := r.state("wait.seen"); st != event.Done || reason != why {
				t.Errorf("the wait is %s (%s)", st, reason)
			}
			if st, _ := r.state("action.do.after"); st != event.Done {
				t.Errorf("what comes after the wait is %s", st)
			}
			if st, _ := r.state("fault.switch.real"); (st == event.Skipped) != tc.skipped {
				t.Errorf("the fault is %s", st)
			}
		})
	}
}

// troubled is a session that cannot observe for a while, with another reason each time.
type troubled struct {
	start time.Time
	n     int
}

func (*troubled) Close() error            { return nil }
func (*troubled) Interval() time.Duration { return time.Second }
func (s *troubled) Observe(context.Context, func(providers.Reading)) error {
	at := time.Since(s.start)
	if at < 5*time.Second || at > 80*time.Second {
		return nil
	}
	s.n++
	return errors.New("reason " + string(rune('a'+s.n%2)))
}

func TestASessionThatCannotObserveSaysSoOnceAndAgainNowAndThen(t *testing.T) {
	w, d := newWorld(), newDraft(t)
	w.signals["dc1.ok"] = from(90 * time.Second)
	d.wait("ok", "dc1.ok", "", 2*time.Minute)
	r := drill(t, w, d, func(o *Options) {
		metrics := &providers.Provider{Name: "metrics", Connect: func(providers.Env, providers.Target, json.RawMessage) (providers.Session, error) {
			return &troubled{start: w.start}, nil
		}}
		o.Registry = providers.NewRegistry(append(o.Registry.Providers(), metrics)...)
		for i := range o.Plan.Targets {
			if o.Plan.Targets[i].Name == "dc1" {
				o.Plan.Targets[i].Connections = map[string]json.RawMessage{"world": json.RawMessage("{}"), "metrics": json.RawMessage("{}")}
			}
		}
	})
	var levels []string
	for _, ev := range r.events {
		if n, ok := ev.Body.(*event.Noted); ok && n.Subject == "dc1 metrics" {
			levels = append(levels, n.Level)
		}
	}
	if diff := cmp.Diff([]string{"warning", "warning", "info"}, levels); diff != "" {
		t.Error(diff)
	}
}
