package session_test

import (
	"path/filepath"
	"slices"
	"testing"
	"text/template"
	"time"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/report"
	"github.com/xdc-project/xdc/lang/value"
)

// told is what the twin's truth says became of records: ids by class.
func told(facts []fact) map[string]map[string]bool {
	out := map[string]map[string]bool{}
	for _, class := range []string{"lost", "evicted", "duplicated", "across", "reordered", "corrupted", "invented"} {
		out[class] = map[string]bool{}
	}
	gone := map[string]bool{}
	for _, f := range facts {
		switch f.What {
		case "record_lost":
			gone[f.ID], out["lost"][f.ID] = true, true
		case "record_taken_over":
			delete(out["lost"], f.ID)
			out["across"][f.ID] = true
		case "record_evicted", "record_duplicated", "record_reordered", "record_corrupted", "record_invented":
			out[f.What[len("record_"):]][f.ID] = true
		}
	}
	for id := range gone { // what was lost where it went in came out where it was taken over only
		delete(out["across"], id)
	}
	return out
}

func seconds(n int) value.Duration { return value.Duration(time.Duration(n) * time.Second) }

// drillOf has both sides of an application work on through a partition.
func drillOf(application string) drill {
	return drill{
		Fault: "network_partition", Direction: "both", Route: "failover", Application: application, Fusion: "together", Heartbeat: seconds(2), Misses: 3, Snapshot: seconds(4), InitDelay: seconds(2),
		Poll: seconds(1), AuditPoll: value.Duration(500 * time.Millisecond), Phase: seconds(9), HoldFor: 0, Hold: seconds(30), Timeout: seconds(28), Rate: 40, Records: 1600, Batch: 4,
	}
}

// Some application and plan produces each class of an audit, and each count is the truth.
func TestEveryClassOfAnAuditIsProducedAndTrue(t *testing.T) {
	slowReader := drillOf("keyed_counter")
	slowReader.AuditPoll, slowReader.Rate, slowReader.Records = seconds(30), 100, 5000
	tmpl := template.Must(template.ParseFiles(filepath.Join("testdata", "accuracy", "plan.tmpl")))
	for name, c := range map[string]struct {
		drill drill
		came  []string // the classes that must not be empty
	}{
		"keyed_counter":           {drillOf("keyed_counter"), []string{"delivered", "once"}},
		"lossy":                   {drillOf("lossy"), []string{"lost"}},
		"duplicating":             {drillOf("duplicating"), []string{"duplicated"}},
		"reordering":              {drillOf("reordering"), []string{"reordered"}},
		"corrupting":              {drillOf("corrupting"), []string{"corrupted"}},
		"inventing":               {drillOf("inventing"), []string{"unexpected"}},
		"slow":                    {drillOf("slow"), []string{"duplicated_across"}},
		"duplicating_on_takeover": {drillOf("duplicating_on_takeover"), []string{"duplicated", "duplicated_across"}},
		"reordering_on_takeover":  {drillOf("reordering_on_takeover"), []string{"reordered", "duplicated_across"}},
		"slow reader":             {slowReader, []string{"inconclusive"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sum, facts, outcome := rehearseTemplate(t, tmpl, c.drill, 7)
			if code := outcome.Code(); code != 0 && code != 2 || len(sum.Audits) != 1 {
				t.Fatalf("%v, %d audits", outcome, len(sum.Audits))
			}
			got, truth := classes(sum.Audits[0].Total), told(facts)
			for _, class := range c.came {
				if got[class] == 0 {
					t.Errorf("nothing is %s: %v", class, got)
				}
			}
			missing := got["acked"] - int64(len(truth["lost"])+len(truth["evicted"]))
			want := map[string]int64{
				"acked": got["acked"], "delivered": missing, "lost": int64(len(truth["lost"])), "inconclusive": int64(len(truth["evicted"])), "duplicated": int64(len(truth["duplicated"])),
				"duplicated_across": int64(len(truth["across"])), "reordered": int64(len(truth["reordered"])), "corrupted": int64(len(truth["corrupted"])), "unexpected": int64(len(truth["invented"])),
			}
			several := len(truth["duplicated"])
			for id := range truth["across"] {
				if !truth["duplicated"][id] {
					several++
				}
			}
			want["once"] = want["delivered"] - int64(several)
			for class, n := range want {
				if got[class] != n {
					t.Errorf("%s: the audit says %d, and the truth is %d", class, got[class], n)
				}
			}
		})
	}
}

// A side that takes over more than its sink holds, and whose sink has given out nothing before, drops results before anybody has read
// one. Nobody warns of them, and they are in doubt all the same.
func TestASinkThatOverflowsBeforeItsFirstResultIsReadIsInDoubt(t *testing.T) {
	tmpl := template.Must(template.ParseFiles(filepath.Join("testdata", "accuracy", "plan.tmpl")))
	d := drillOf("slow")
	d.Rate, d.Records = 160, 4800
	sum, facts, _ := rehearseTemplate(t, tmpl, d, 7)
	dropped := 0
	for _, f := range facts {
		if f.What == "record_evicted" && f.Target == "dc2" {
			dropped++
		}
	}
	if dropped == 0 {
		t.Fatal("nothing was dropped at dc2, and the test is of that")
	}
	a := sum.Audits[0]
	if !slices.ContainsFunc(a.Ranges, func(b event.Blind) bool { return b.Target == "dc2" && b.Cause == "evicted" }) {
		t.Errorf("%d results were dropped at dc2, and what is unseen is %+v", dropped, a.Ranges)
	}
	if got := a.At["dc2"].Checks.AtMostOnce; got != nil {
		t.Errorf("at_most_once at dc2 is %v, and nobody can know", *got)
	}
}

// An application that goes back to an older state after a failback is found out, and one that does not is not accused.
func TestWhatComesBackAfterAHealIsFound(t *testing.T) {
	tmpl := template.Must(template.ParseFiles(filepath.Join("testdata", "accuracy", "plan.tmpl")))
	for application, kept := range map[string]bool{"keyed_counter": true, "slow": true, "duplicating_on_takeover": true, "resurrecting": false} {
		t.Run(application, func(t *testing.T) {
			t.Parallel()
			d := drillOf(application)
			d.Records = 2400 // some come out long after the heal
			sum, facts, _ := rehearseTemplate(t, tmpl, d, 7)
			if back := cameBack(facts, faultOf(sum).Healed)["dc1"]; back == kept {
				t.Fatalf("came back: %v, and the test is of %v", back, !kept)
			}
			for name, c := range map[string]event.Checks{"all": sum.Audits[0].Total.Checks, "dc1": sum.Audits[0].At["dc1"].Checks} {
				if got := c.NoResurrection; got == nil || *got != kept {
					t.Errorf("%s: no_resurrection is %v, want %v", name, got, kept)
				}
			}
		})
	}
}

// cameBack are the data centres at which a record came out after the heal that had come out at another one before.
func cameBack(facts []fact, healed *report.Span) map[string]bool {
	before, out := map[string]map[string]bool{}, map[string]bool{}
	for _, f := range facts {
		if f.What != "record_out" {
			continue
		}
		if f.T <= healed.High {
			if before[f.ID] == nil {
				before[f.ID] = map[string]bool{}
			}
			before[f.ID][f.Target] = true
			continue
		}
		for at := range before[f.ID] {
			if at != f.Target {
				out[f.Target] = true
			}
		}
	}
	return out
}

func classes(c event.AuditCounts) map[string]int64 {
	return map[string]int64{
		"acked": c.Acked, "delivered": c.Delivered, "once": c.Once, "duplicated": c.Duplicated, "duplicated_across": c.DuplicatedAcross, "lost": c.Lost,
		"reordered": c.Reordered, "corrupted": c.Corrupted, "unexpected": c.Unexpected, "inconclusive": c.Inconclusive,
	}
}
