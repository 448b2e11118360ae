package exec

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/engine/trace"
	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/signal"
)

// kept keeps the samples of a run.
type kept struct{ all []signal.Sample }

func (k *kept) Sample(s signal.Sample) error     { k.all = append(k.all, s); return nil }
func (*kept) Happened(string, signal.Span) error { return nil }

// paces are the seconds in which rounds began, and how far apart they were.
func paces(rounds []time.Duration) map[string]int {
	out := map[string]int{}
	for i := 1; i < len(rounds); i++ {
		at := ""
		switch t := rounds[i-1]; {
		case t < 5*time.Second:
			at = "start"
		case t < 25*time.Second:
			at = "before"
		case t < 55*time.Second: // the fault is in force from 30s to 50s
			at = "fault"
		case t < 75*time.Second:
			at = "after"
		default:
			at = "action"
		}
		out[at+" "+(rounds[i]-rounds[i-1]).String()]++
	}
	return out
}

func TestTargetsAreLookedAtCloselyAroundWhatRestsOnIt(t *testing.T) {
	w, d := newWorld(), newDraft(t)
	w.idle = 4 * time.Second
	w.signals["dc1.level"] = func(time.Duration) (signal.Value, bool) { return signal.NumberVal(1), true }
	f := d.fault("cut", "switch", program.Fault{Duration: secs(20)})
	f.Delay = secs(30)
	d.action("after", "fault.switch.cut:healed").Delay = secs(30)
	k := &kept{}
	r := drill(t, w, d, func(o *Options) { o.Trace = trace.NewStore(k) })
	if r.out.Code() != OK {
		t.Fatalf("got %v", r.out)
	}
	// Every round is on the same ticks, a second apart; at rest three of four are left out, and the last one before the
	// pace changes may be cut short.
	want := map[string]int{"start 1s": 5, "before 4s": 5, "fault 1s": 30, "after 4s": 5, "action 1s": 4}
	if diff := cmp.Diff(want, paces(w.rounds)); diff != "" {
		t.Errorf("%s\n%v", diff, w.rounds)
	}
	var last *signal.Sample
	n := 0
	for _, s := range k.all {
		if s.Signal != "dc1.level" {
			continue
		}
		n++
		if last != nil && s.High > last.High+last.ValidFor {
			t.Errorf("at %s the signal is unknown: the sample at %s holds for %s", s.High, last.High, last.ValidFor)
		}
		if s.ValidFor != 3*time.Second && s.ValidFor != 12*time.Second {
			t.Errorf("at %s a sample holds for %s, want three times the interval that was promised", s.High, s.ValidFor)
		}
		last = &s
	}
	if n != len(w.rounds) {
		t.Errorf("there are %d samples of %d rounds", n, len(w.rounds))
	}
}

func TestWhatIsWaitedForAndJudgedIsLookedAtClosely(t *testing.T) {
	for name, build := range map[string]func(d *draft){
		"a wait": func(d *draft) { d.wait("ok", "dc1.ok", "", time.Minute) },
		"a when": func(d *draft) { d.action("a").When = d.cond("dc1.ok", cond.Instant) },
		"an open range": func(d *draft) {
			d.expect("e", "eventually dc1.ok within 40s")
			d.action("a").Delay = secs(40)
		},
		"a guard": func(d *draft) {
			d.p.Guards = append(d.p.Guards, planGuard("guard.g", &program.Guard{That: d.cond("dc1.fine", cond.Instant)}))
			d.action("a").Delay = secs(40)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, d := newWorld(), newDraft(t)
			w.idle = 4 * time.Second
			w.signals["dc1.ok"] = from(30 * time.Second)
			w.signals["dc1.fine"] = from(0)
			build(d)
			if r := drill(t, w, d, nil); r.out.Code() != OK {
				t.Fatalf("got %v", r.out)
			}
			if n := len(w.rounds); n < 30 {
				t.Errorf("there were %d rounds in the half minute: %v", n, w.rounds)
			}
		})
	}
}

func TestAtRestTargetsAreLookedAtLessOften(t *testing.T) {
	w, d := newWorld(), newDraft(t)
	w.idle = 5 * time.Second
	w.signals["dc1.ok"] = from(0)
	d.action("a").Delay = secs(60)
	if r := drill(t, w, d, nil); r.out.Code() != OK {
		t.Fatalf("got %v", r.out)
	}
	if n := len(w.rounds); n > 5+10+6 {
		t.Errorf("there were %d rounds in a minute: %v", n, w.rounds)
	}
}

func TestASlowTargetDelaysNoOther(t *testing.T) {
	w, d := newWorld(), newDraft(t)
	w.signals["dc1.ok"] = from(20 * time.Second)
	w.slow = map[string]time.Duration{"dc2": 13 * time.Second}
	d.p.Targets = append(d.p.Targets, d.p.Targets[0])
	d.p.Targets[1].Name = "dc2"
	d.wait("ok", "dc1.ok", "", time.Minute)
	if r := drill(t, w, d, nil); r.out.Code() != OK {
		t.Fatalf("got %v", r.out)
	}
	for i := 1; i < len(w.rounds); i++ {
		if d := w.rounds[i] - w.rounds[i-1]; d != time.Second {
			t.Errorf("rounds %d and %d are %s apart", i-1, i, d)
		}
	}
	if len(w.rounds) < 20 {
		t.Errorf("there were %d rounds", len(w.rounds))
	}
}
