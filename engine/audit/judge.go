package audit

import (
	"maps"
	"math/bits"
	"slices"
	"time"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/measure"
)

// maxListed bounds the lists of a result.
const maxListed = 1000

// judge holds the ledger against the tally. It goes through the records chunk by chunk: those that went in once, were
// acknowledged, and came out once, in order and unharmed are counted together, and only the others one by one.
type judge struct {
	opt    Options
	tally  *tally
	faults []Fault // in the order of their injection
	blind  []event.Blind
	unseen map[string][]span // by target, when something may have come out that was not seen

	twins measure.Set
	total verdict
	at    []verdict // by target of the audit
	lost  []measure.Record
	when  timeline
	out   *exceptions
}

// verdict collects the counts of one target, or of all.
type verdict struct {
	event.AuditCounts
	gone    reaches // acknowledged and lost
	maybe   reaches // acknowledged and lost, or perhaps lost
	first   *span   // the first acknowledged record
	missing *span   // the last acknowledged record that did not come out
	// Of the records that can be told from all others: those that came out again at one target, at another
	// target, and after a later one of their key.
	again, across, late int64
}

func (j *judge) judge() event.Audit {
	if r := j.tally.reader; r != nil {
		r.Refresh()
		if err := r.Twins(&j.twins); err != nil {
			j.tally.broken = err
		}
	}
	if j.tally.broken != nil || j.opt.Ledger.Err() != nil {
		j.unknown()
	}
	j.out = openExceptions(j.opt)
	j.at = make([]verdict, len(j.opt.Spec.Targets))
	j.faults = sorted(j.faults)
	for _, v := range j.verdicts() {
		v.gone.faults, v.maybe.faults = j.faults, j.faults
	}
	for i := range j.tally.at {
		at := &j.tally.at[i]
		at.carried.settle(&at.corrupted)
	}
	for lane := range j.tally.ledger.Lanes() {
		only, some := j.tally.only(lane)
		if !some {
			continue // a target of the seed that nobody reads
		}
		j.put(lane)
		for c := 0; int64(c)*measure.ChunkSize < j.tally.ledger.Len(); c++ {
			j.chunk(lane, c, only)
		}
	}
	for i := range j.at {
		j.at[i].Unexpected += j.tally.at[i].strange
		j.total.Unexpected += j.tally.at[i].strange
	}
	out := j.result()
	out.Exceptions = j.out.finish(&j.tally.strangers)
	return out
}

// unknown notes that what was sent could not be read again, so that nothing can be said for certain of what is missing.
func (j *judge) unknown() {
	why := j.tally.broken
	if why == nil {
		why = j.opt.Ledger.Err()
	}
	now := time.Since(j.opt.Start)
	j.unseen = map[string][]span{}
	for _, t := range j.opt.Spec.Targets {
		j.blind = append(j.blind, event.Blind{Target: t, To: now.Seconds(), Cause: "what was sent could not be read again: " + why.Error()})
		j.unseen[t] = []span{{0, now}}
	}
}

func (j *judge) verdicts() []*verdict {
	out := []*verdict{&j.total}
	for i := range j.at {
		out = append(out, &j.at[i])
	}
	return out
}

// only is the place in the audit at which the records of a lane can come out, -1 for all places. It reports whether
// there is any.
func (t *tally) only(lane int) (int, bool) {
	if !t.ledger.Mirror() {
		return -1, true
	}
	i := t.place(lane)
	return i, i >= 0
}

// place is where the audit has a target of the seed, or -1.
func (t *tally) place(target int) int {
	names := t.ledger.Targets()
	if target < 0 || target >= len(names) {
		return -1
	}
	return slices.Index(t.targets, names[target])
}

// put counts what went in.
func (j *judge) put(lane int) {
	for target, p := range j.tally.ledger.Put(lane) {
		home := j.tally.place(target)
		for _, v := range j.here(home) {
			v.Sent += p.Sent
			v.Acked += p.Acked
			if f := p.First; f.Outcome == measure.Acked && (v.first == nil || f.Sent < v.first.low) {
				v.first = &span{f.Sent, f.Answered}
			}
		}
	}
}

// here are the verdicts that a record of a target belongs to.
func (j *judge) here(home int) []*verdict {
	if home < 0 {
		return []*verdict{&j.total}
	}
	return []*verdict{&j.total, &j.at[home]}
}

// chunk classifies the records of one chunk; with only >= 0 those that were meant for that target alone.
func (j *judge) chunk(lane, c, only int) {
	o := j.tally.ledger.Outcomes(lane, c)
	var odd, some, here measure.Words // not to be counted together; came out somewhere
	o.Odd(&odd)
	for i := range j.tally.at {
		at := &j.tally.at[i]
		if only >= 0 && only != i {
			continue
		}
		here = measure.Words{}
		at.seen.Or(c, &here)
		for k, x := range here {
			odd[k] |= some[k] & x // it came out here too
			some[k] |= x
		}
		for _, s := range []*measure.Set{&at.twice, &at.late, &at.corrupted, &at.returned, &j.tally.states.at[i].fell} {
			s.Or(c, &odd)
		}
	}
	j.twins.Or(c, &odd)
	j.usual(c, only, &odd, &some)
	for off := 0; off < o.Len(); off++ {
		if k := off >> 6; off&63 == 0 && odd[k] == 0 && some[k] == ^uint64(0) {
			off += 63
			continue
		}
		if odd.Has(uint16(off)) || !some.Has(uint16(off)) {
			j.record(o.Record(uint16(off)), lane, only)
		}
	}
}

// usual counts the records that came out as they should.
func (j *judge) usual(c, only int, odd, some *measure.Words) {
	count := func(v *verdict, w *measure.Words) {
		for k, x := range w {
			n := int64(bits.OnesCount64(x &^ odd[k]))
			v.Delivered += n
			v.Once += n
		}
	}
	count(&j.total, some)
	for i := range j.tally.at {
		if only < 0 || only == i {
			var here measure.Words
			j.tally.at[i].seen.Or(c, &here)
			count(&j.at[i], &here)
		}
	}
}

// record classifies one record; with only >= 0 one that was meant for that target alone.
func (j *judge) record(r measure.Record, lane, only int) {
	home := j.tally.place(r.Target)
	if r.Outcome == measure.Pending {
		home = only
	}
	x := exception{Record: r, lane: lane, only: only}
	defer func() { j.out.add(&x) }()
	if j.arrived(r, only, &x) || r.Outcome != measure.Acked {
		return
	}
	acked := span{r.Sent, r.Answered}
	hidden, full := j.hiding(r, only)
	j.when.add(acked.high, hidden)
	switch {
	case !hidden:
		x.cause = j.cause(r, home)
	case full:
		x.cause = evicted
	}
	for _, v := range j.here(home) {
		if x.cause != "" {
			count(&v.Causes, x.cause)
		}
		elsewhere := v == &j.total && j.tally.elsewhere(-1, r.Seq) // another copy of a mirrored record came out
		if !elsewhere && (v.missing == nil || acked.high > v.missing.high) {
			v.missing = &acked
		}
		v.maybe.add(acked)
		if hidden {
			v.Inconclusive++
			continue
		}
		v.Lost++
		v.gone.add(acked)
	}
	if hidden {
		x.classes |= inconclusive
		return
	}
	x.classes |= lost
	if len(j.lost) < maxListed {
		j.lost = append(j.lost, r)
	}
}

// arrived counts where and how often a record came out, and reports whether it did at all.
func (j *judge) arrived(r measure.Record, only int, x *exception) bool {
	var places []int
	for i := range j.tally.at {
		if (only < 0 || only == i) && j.tally.at[i].seen.Has(r.Seq) {
			places = append(places, i)
		}
	}
	if len(places) == 0 {
		return false
	}
	var copies map[int]int
	if len(places) > 1 || j.tally.at[places[0]].twice.Has(r.Seq) {
		copies = j.copies(r)
	}
	across, twice := false, false
	for _, i := range places {
		n := 1 + j.tally.at[i].extra(r.Seq)
		across = across || len(places) > 1 && copies[i] == 0
		twice = twice || n > max(1, copies[i])
		x.came = append(x.came, came{i, n})
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
		if !j.twins.Has(r.Seq) {
			v.again += one(twice)
			v.across += one(across)
			v.late += one(late && !r.Resent)
		}
	}
	late, corrupted, fell, back := false, false, false, false
	for _, i := range places {
		at := &j.tally.at[i]
		late = late || at.late.Has(r.Seq)
		corrupted = corrupted || at.corrupted.Has(r.Seq)
		back = back || at.returned.Has(r.Seq)
		fell = fell || j.tally.states.at[i].fell.Has(r.Seq)
		count(&j.at[i], 1+at.extra(r.Seq) > max(1, copies[i]), at.late.Has(r.Seq), at.corrupted.Has(r.Seq))
	}
	count(&j.total, twice, late, corrupted)
	x.note(duplicated, twice)
	x.note(duplicatedAcross, across)
	x.note(reordered, late && !r.Resent)
	x.note(changed, corrupted)
	x.note(unexpected, !put)
	x.note(stateBack, fell && j.twins.Len() == 0)
	x.note(resurrected, back && j.twins.Len() == 0)
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
			if i := j.tally.place(a.Target); i >= 0 {
				out[i]++
			}
		}
	}
	return out
}

func (j *judge) result() event.Audit {
	out := event.Audit{Seed: j.opt.Spec.SeedAt, At: map[string]event.AuditCounts{}, Ranges: j.blind}
	everywhere := slices.Concat(slices.Collect(maps.Values(j.unseen))...)
	j.finish(&j.total, "", j.tally.times, everywhere)
	out.Total = j.total.AuditCounts
	out.Gaps = j.gaps("", &j.total, j.tally.times, everywhere)
	for i, t := range j.opt.Spec.Targets {
		times := j.tally.at[i].times
		j.finish(&j.at[i], t, times, j.unseen[t])
		out.At[t] = j.at[i].AuditCounts
		if len(j.opt.Spec.Targets) > 1 {
			out.Gaps = append(out.Gaps, j.gaps(t, &j.at[i], times, j.unseen[t])...)
		}
	}
	out.Gaps = out.Gaps[:min(len(out.Gaps), maxListed)]
	out.Losses = j.when.list()
	for _, r := range j.lost {
		out.LostIDs = append(out.LostIDs, j.tally.ledger.ID(r.Seq))
		out.LostAcked = append(out.LostAcked, r.Answered.Seconds())
	}
	return out
}

// finish works out what follows from the counts of a target, or with "" of all.
func (j *judge) finish(v *verdict, target string, times, unseen []span) {
	if v.Acked > 0 {
		v.LostPercent = float64(v.Lost) / float64(v.Acked)
	}
	v.RPO = bounds(&v.gone, &v.maybe)
	v.Outage = outage(points(v, times), unseen)
	v.Checks = j.checks(v, target)
}

// gaps lists the stretches of more than the threshold in which surely nothing came out.
func (j *judge) gaps(target string, v *verdict, times, unseen []span) []event.Outage {
	var out []event.Outage
	if len(times) == 0 {
		return nil
	}
	over := j.opt.Spec.GapOver.D()
	if over <= 0 {
		over = time.Second
	}
	for _, h := range holes(points(v, times), unseen) {
		if h.high-h.low > over {
			out = append(out, event.Outage{Target: target, From: h.low.Seconds(), To: h.high.Seconds()})
		}
	}
	return out
}
