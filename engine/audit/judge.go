package audit

import (
	"cmp"
	"slices"
	"time"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/measure"
)

// maxListed bounds the lists of a result.
const maxListed = 1000

// judge holds the ledger against the tally.
type judge struct {
	opt    Options
	tally  *tally
	faults []Fault
	blind  []event.Blind

	twins map[int64]bool
	total verdict
	at    []verdict // by target of the audit
	lost  []measure.Record
}

// verdict collects the counts of one target, or of all.
type verdict struct {
	event.AuditCounts
	gone    []loss // acknowledged and lost
	maybe   []loss // acknowledged and perhaps lost
	first   *span  // the first acknowledged record
	missing *span  // the last acknowledged record that did not come out
	// Of the records that can be told from all others: those that came out again at one target, at another
	// target, and after a later one of their key.
	again, across, late int64
}

// loss is when a record that is gone was acknowledged.
type loss struct{ acked span }

func (j *judge) judge() event.Audit {
	j.twins = j.tally.ledger.Twins(j.opt.Spec.Key)
	j.at = make([]verdict, len(j.opt.Spec.Targets))
	for lane := range j.tally.ledger.Lanes() {
		only := -1
		if j.tally.ledger.Mirror() {
			if only = j.place(lane); only < 0 {
				continue // a target of the seed that nobody reads
			}
		}
		j.tally.ledger.Each(lane, func(r measure.Record) bool {
			j.record(r, only)
			return true
		})
	}
	for i := range j.at {
		j.at[i].Unexpected += j.tally.at[i].strange
		j.total.Unexpected += j.tally.at[i].strange
	}
	return j.result()
}

// place is where the audit has a target of the seed, or -1.
func (j *judge) place(target int) int {
	names := j.tally.ledger.Targets()
	if target < 0 || target >= len(names) {
		return -1
	}
	return slices.Index(j.opt.Spec.Targets, names[target])
}

// record classifies one record; with only >= 0 one that was meant for that target alone.
func (j *judge) record(r measure.Record, only int) {
	home := j.place(r.Target)
	if r.Outcome == measure.Pending {
		home = only
	}
	here := func(fn func(*verdict)) {
		fn(&j.total)
		if home >= 0 {
			fn(&j.at[home])
		}
	}
	acked := span{r.Sent, r.Answered}
	switch r.Outcome {
	case measure.Acked:
		here(func(v *verdict) {
			v.Sent++
			v.Acked++
			if v.first == nil || acked.low < v.first.low {
				v.first = &acked
			}
		})
	case measure.Rejected, measure.Indeterminate:
		here(func(v *verdict) { v.Sent++ })
	case measure.Unsent, measure.Pending:
	}
	if j.arrived(r, only) || r.Outcome != measure.Acked {
		return
	}
	here(func(v *verdict) {
		if v.missing == nil || acked.high > v.missing.high {
			v.missing = &acked
		}
	})
	if j.hidden(r, only) {
		here(func(v *verdict) {
			v.Inconclusive++
			v.maybe = append(v.maybe, loss{acked})
		})
		return
	}
	here(func(v *verdict) {
		v.Lost++
		v.gone = append(v.gone, loss{acked})
	})
	if len(j.lost) < maxListed {
		j.lost = append(j.lost, r)
	}
}

// arrived counts where and how often a record came out, and reports whether it did at all.
func (j *judge) arrived(r measure.Record, only int) bool {
	var places []int
	for i := range j.tally.at {
		if (only < 0 || only == i) && j.tally.at[i].seen.has(r.Seq) {
			places = append(places, i)
		}
	}
	if len(places) == 0 {
		return false
	}
	var copies map[int]int
	if len(places) > 1 || j.tally.at[places[0]].extra[r.Seq] > 0 {
		copies = j.copies(r)
	}
	across, twice := false, false
	for _, i := range places {
		across = across || len(places) > 1 && copies[i] == 0
		twice = twice || 1+j.tally.at[i].extra[r.Seq] > max(1, copies[i])
	}
	put := r.Outcome == measure.Acked || r.Outcome == measure.Indeterminate || r.Outcome == measure.Pending
	count := func(v *verdict, twice, late, corrupted bool) {
		v.Delivered++
		switch {
		case twice && across:
			v.Duplicated++
			v.DuplicatedAcross++
		case twice:
			v.Duplicated++
		case across:
			v.DuplicatedAcross++
		default:
			v.Once++
		}
		v.Reordered += one(late && !r.Resent)
		v.Corrupted += one(corrupted)
		v.Unexpected += one(!put)
		if !j.twins[r.Seq] {
			v.again += one(twice)
			v.across += one(across)
			v.late += one(late && !r.Resent)
		}
	}
	late, corrupted := false, false
	for _, i := range places {
		at := &j.tally.at[i]
		late = late || at.late.has(r.Seq)
		corrupted = corrupted || at.corrupted.has(r.Seq)
		count(&j.at[i], 1+at.extra[r.Seq] > max(1, copies[i]), at.late.has(r.Seq), at.corrupted.has(r.Seq))
	}
	count(&j.total, twice, late, corrupted)
	return true
}

func one(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// copies is how many copies of a record may have gone in at each target.
func (j *judge) copies(r measure.Record) map[int]int {
	out := map[int]int{}
	for _, a := range append([]measure.Attempt{r.Attempt}, r.Earlier...) {
		if a.Outcome == measure.Acked || a.Outcome == measure.Indeterminate {
			if i := j.place(a.Target); i >= 0 {
				out[i]++
			}
		}
	}
	return out
}

// hidden reports whether a record may have come out unseen: it had left before the end of a stretch in which a
// sink could not be seen, or it cannot be told from another.
func (j *judge) hidden(r measure.Record, only int) bool {
	if j.twins[r.Seq] {
		return true
	}
	left := r.Sent
	for _, a := range r.Earlier {
		left = min(left, a.Sent)
	}
	for _, b := range j.blind {
		if only >= 0 && b.Target != j.opt.Spec.Targets[only] {
			continue
		}
		if left.Seconds() < b.To {
			return true
		}
	}
	return false
}

func (j *judge) result() event.Audit {
	out := event.Audit{Seed: j.opt.Spec.SeedAt, At: map[string]event.AuditCounts{}, Ranges: j.blind}
	j.finish(&j.total, "", j.tally.times)
	out.Total = j.total.AuditCounts
	out.Gaps = j.gaps("", &j.total, j.tally.times)
	for i, t := range j.opt.Spec.Targets {
		times := j.tally.at[i].times
		j.finish(&j.at[i], t, times)
		out.At[t] = j.at[i].AuditCounts
		if len(j.opt.Spec.Targets) > 1 {
			out.Gaps = append(out.Gaps, j.gaps(t, &j.at[i], times)...)
		}
	}
	out.Gaps = out.Gaps[:min(len(out.Gaps), maxListed)]
	slices.SortStableFunc(j.lost, func(a, b measure.Record) int { return cmp.Compare(a.Seq, b.Seq) })
	for _, r := range j.lost {
		out.LostIDs = append(out.LostIDs, j.tally.ledger.ID(r.Seq))
		out.LostAcked = append(out.LostAcked, r.Answered.Seconds())
	}
	return out
}

// finish works out what follows from the counts of a target, or with "" of all.
func (j *judge) finish(v *verdict, target string, times []span) {
	if v.Acked > 0 {
		v.LostPercent = float64(v.Lost) / float64(v.Acked)
	}
	v.RPO = rpo(v.gone, v.maybe, j.faults)
	v.Outage = outage(points(v, times))
	v.Checks = j.checks(v, target)
}

// gaps lists the stretches of more than the threshold in which surely nothing came out.
func (j *judge) gaps(target string, v *verdict, times []span) []event.Outage {
	var out []event.Outage
	if len(times) == 0 {
		return nil
	}
	over := j.opt.Spec.GapOver.D()
	if over <= 0 {
		over = time.Second
	}
	for _, h := range holes(points(v, times)) {
		if h.high-h.low > over {
			out = append(out, event.Outage{Target: target, From: h.low.Seconds(), To: h.high.Seconds()})
		}
	}
	return out
}
