package session_test

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/report"
)

// fate is what really became of a record, or with a mirrored seed of one of its copies: how often its result was there to be read
// at each target.
type fate struct {
	given map[string]int
}

// fates follows every record through the truth.
func fates(facts []fact, mirrored bool) map[string]*fate {
	out := map[string]*fate{}
	for _, f := range facts {
		if !strings.HasPrefix(f.What, "record_") {
			continue
		}
		id := f.ID
		if mirrored {
			id = f.Target + " " + id
		}
		x := out[id]
		if x == nil {
			x = &fate{given: map[string]int{}}
			out[id] = x
		}
		switch f.What {
		case "record_out":
			x.given[f.Target]++
		case "record_evicted":
			x.given[f.Target]--
		}
	}
	return out
}

// tally is the truth in the classes of an audit.
type tally struct {
	lost                                map[string]bool
	delivered, once, duplicated, across int64
}

func tallyOf(all map[string]*fate) tally {
	t := tally{lost: map[string]bool{}}
	for id, x := range all {
		times, places, twice := 0, 0, false
		for _, n := range x.given {
			times += n
			if n > 0 {
				places++
			}
			twice = twice || n > 1
		}
		switch times {
		case 0:
			t.lost[id] = true
			continue
		case 1:
			t.once++
		}
		t.delivered++
		if twice {
			t.duplicated++
		}
		if places > 1 {
			t.across++
		}
	}
	return t
}

// records holds the audit to the truth. What it says for certain is so; what was so it says or is in doubt of, and its doubt covers
// it:
//
//	lost <= truly lost <= lost + inconclusive
//
// where answers were lost, less the records whose answer that was, as those are nobody's loss. Where it is in no doubt, every class
// is the true one.
func (s *scored) records(d drill, sum report.Summary, facts []fact) {
	bad := func(format string, args ...any) { s.wrong = append(s.wrong, fmt.Sprintf(format, args...)) }
	facts = untilAudited(sum, facts)
	truth := tallyOf(fates(facts, d.Route == "mirror"))
	lost := int64(len(truth.lost))
	disordered, unanswered := late(facts, d.Route == "mirror"), int64(0)
	for _, x := range sum.Seeds {
		unanswered += x.Totals["indeterminate"]
	}
	for _, a := range sum.Audits {
		c := a.Total
		for _, id := range a.LostIDs {
			if d.Route != "mirror" && !truth.lost[id] {
				bad("it says that %s was lost, and it was not", id)
			}
		}
		atMost := func(what string, said, is int64) {
			if said > is {
				bad("it says %d %s, and %d were", said, what, is)
			}
		}
		atMost("lost", c.Lost, lost)
		atMost("delivered", c.Delivered, truth.delivered)
		atMost("duplicated", c.Duplicated, truth.duplicated)
		atMost("duplicated across targets", c.DuplicatedAcross, truth.across)
		atMost("truly lost beyond its doubt", lost-unanswered, c.Lost+c.Inconclusive)
		atMost("reordered", c.Reordered, disordered)
		// The twin changes no record, and gives out none that it refused.
		atMost("corrupted", c.Corrupted, 0)
		atMost("unexpected", c.Unexpected, 0)
		s.guarantees(c, truth, disordered, unanswered)
		s.returned(a, sum, facts)
		s.causes(d, c, sum, facts, truth)
		if unanswered == 0 {
			s.rpo(d, c, facts, truth)
		}
		s.outage(d, c, facts)
		if c.Inconclusive > 0 {
			s.doubt++
			continue
		}
		s.exact++
		for _, x := range []struct {
			what     string
			said, is int64
		}{
			{"delivered", c.Delivered, truth.delivered},
			{"once", c.Once, truth.once},
			{"duplicated", c.Duplicated, truth.duplicated},
			{"duplicated across targets", c.DuplicatedAcross, truth.across},
			{"reordered", c.Reordered, disordered},
		} {
			if x.said != x.is {
				bad("it is in no doubt and says %d %s, and %d were", x.said, x.what, x.is)
			}
		}
	}
}

// untilAudited is the truth up to the end of the audit: a fault that comes later is none of its business.
func untilAudited(sum report.Summary, facts []fact) []fact {
	for _, st := range sum.Steps {
		if st.Step == "audit.orders" && st.End != nil {
			return slices.DeleteFunc(slices.Clone(facts), func(f fact) bool { return f.T > *st.End })
		}
	}
	return facts
}

// rpo holds how far back the loss reaches to the truth, in records and in seconds: from when the oldest lost record was taken to
// when the fault took effect, or to when the newest was taken if that is later. It is asked only where every record that was
// taken was acknowledged.
func (s *scored) rpo(d drill, c event.AuditCounts, facts []fact, truth tally) {
	bad := func(format string, args ...any) {
		s.outside = true
		s.wrong = append(s.wrong, fmt.Sprintf(format, args...))
	}
	if n := int64(len(truth.lost)); n < c.Lost || n > c.Lost+c.Inconclusive {
		bad("%d records were lost, and it says [%d, %d]", n, c.Lost, c.Lost+c.Inconclusive)
	}
	at, ok := d.began(facts)
	if !ok {
		at = math.Inf(-1) // the audit was over when the fault came
	}
	oldest, newest := math.Inf(1), math.Inf(-1)
	for _, f := range facts {
		id := f.ID
		if d.Route == "mirror" {
			id = f.Target + " " + id
		}
		if f.What == "record_in" && truth.lost[id] {
			oldest, newest = min(oldest, f.T), max(newest, f.T)
		}
	}
	const dust = 1e-6
	switch {
	case math.IsInf(oldest, 1):
		if c.RPO != nil && c.RPO.Low > dust {
			bad("nothing was lost, and it says that the loss reaches back %.3fs at least", c.RPO.Low)
		}
	case c.RPO == nil:
		bad("%d records were lost, and it says nothing of how far back", len(truth.lost))
	default:
		s.reaches++
		is := max(0, max(at, newest)-oldest)
		if is < c.RPO.Low-dust || is > c.RPO.High+dust {
			bad("the loss reaches back %.6fs, and it says [%.6fs, %.6fs]", is, c.RPO.Low, c.RPO.High)
		}
	}
}

// causes holds what is said of how records were lost to the truth: no more were in flight, acknowledged during the fault, or passed
// over than truly were, and all that were passed over the application lost by itself.
func (s *scored) causes(d drill, c event.AuditCounts, sum report.Summary, facts []fact, truth tally) {
	bad := func(what string, said, is int) {
		if said > is {
			s.wrong = append(s.wrong, fmt.Sprintf("it says that %d records were %s, and %d were", said, what, is))
		}
	}
	x := c.Causes
	told := x.InFlight + x.DuringFault + x.PassedOver
	s.lost, s.told = s.lost+c.Lost, s.told+told
	if told+x.Unknown != c.Lost {
		s.wrong = append(s.wrong, fmt.Sprintf("%d records were lost, and it says of %d how: %+v", c.Lost, told+x.Unknown, x))
	}
	at, ok := d.began(facts)
	if told == 0 || !ok {
		return
	}
	healed := math.Inf(1)
	if h := faultOf(sum).Healed; h != nil {
		healed = h.High
	}
	// By target, the latest record that had come out when the fault took effect, and of all the time.
	before, ever := map[string]int64{}, map[string]int64{}
	for _, f := range facts {
		if f.What != "record_out" {
			continue
		}
		n := numberOf(f.ID)
		ever[f.Target] = max(ever[f.Target], n)
		if f.T <= at {
			before[f.Target] = max(before[f.Target], n)
		}
	}
	flying, during, passed, itself := 0, 0, 0, 0
	counted := map[string]bool{}
	for _, f := range facts {
		id := f.ID
		if d.Route == "mirror" {
			id = f.Target + " " + id
		}
		switch {
		case f.What == "record_lost" && f.Cause == "lossy application" && truth.lost[id]:
			itself++
		case f.What != "record_in" || !truth.lost[id] || counted[id]:
		case f.T >= at && f.T <= healed:
			counted[id] = true
			during++
		case f.T > healed && ever[f.Target] > numberOf(f.ID), f.T < at && before[f.Target] > numberOf(f.ID):
			counted[id] = true
			passed++
		case f.T < at:
			counted[id] = true
			flying++
		}
	}
	bad("in flight", int(x.InFlight), flying)
	bad("acknowledged during the fault", int(x.DuringFault), during)
	bad("passed over", int(x.PassedOver), passed)
	bad("lost without a fault", int(x.PassedOver), itself)
}

// faultOf is the fault of a drill; jobs are deeds too.
func faultOf(sum report.Summary) report.Fault {
	i := slices.IndexFunc(sum.Faults, func(f report.Fault) bool { return strings.HasPrefix(f.Step, "fault.") })
	return sum.Faults[i]
}

// numberOf is the number of a record, the end of its id.
func numberOf(id string) int64 {
	n, err := strconv.ParseInt(id[strings.LastIndexByte(id, '-')+1:], 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// guarantees holds the named guarantees to the truth: an answer, where there is one, is the true one.
func (s *scored) guarantees(c event.AuditCounts, truth tally, disordered, unanswered int64) {
	check := func(name string, said *bool, kept, broken bool) {
		if said != nil && (*said && !kept || !*said && !broken) {
			s.wrong = append(s.wrong, fmt.Sprintf("it says that %s is %v, and it is not", name, *said))
		}
	}
	lost := int64(len(truth.lost))
	twice := truth.duplicated+truth.across > 0
	check("at_least_once", c.Checks.AtLeastOnce, lost <= unanswered, lost > 0)
	check("at_most_once", c.Checks.AtMostOnce, !twice, twice)
	check("exactly_once", c.Checks.ExactlyOnce, lost <= unanswered && !twice, lost > 0 || twice)
	check("ordered_by_key", c.Checks.OrderedByKey, disordered == 0, disordered > 0)
}

// returned holds what is said of what came back after the heal, over all and at each target, to the truth.
func (s *scored) returned(a report.Audit, sum report.Summary, facts []fact) {
	answer := func(where string, said *bool, back bool) {
		switch {
		case said == nil:
			s.returns[2]++
		case *said == back:
			s.wrong = append(s.wrong, fmt.Sprintf("it says that no_resurrection%s is %v, and it is not (%v came back)", where, *said, back))
		case *said:
			s.returns[0]++
		default:
			s.returns[1]++
		}
	}
	healed := faultOf(sum).Healed
	if healed == nil {
		return
	}
	back := cameBack(facts, healed)
	answer("", a.Total.Checks.NoResurrection, len(back) > 0)
	for target, c := range a.At {
		answer(" at "+target, c.Checks.NoResurrection, back[target])
	}
}

// outage holds the longest gap in delivery to the truth: the longest between two results of which each was the first of its record
// that could be read, whether or not anybody did. It begins with the first record that was taken, and lasts to the last one that
// was and never came out. A sink that is killed every second comes and goes between two reads that fail; what nobody saw of that is
// left out.
func (s *scored) outage(d drill, c event.AuditCounts, facts []fact) {
	if c.Outage == nil || c.Inconclusive > 0 && d.Fault == "process_kill" {
		return
	}
	first, out := map[string]float64{}, map[string]bool{}
	var at []float64
	for _, f := range facts {
		switch {
		case f.What == "record_in":
			if len(first) == 0 {
				at = append(at, f.T)
			}
			first[f.ID] = f.T
		case f.What == "record_out" && !out[f.ID]:
			out[f.ID] = true
			at = append(at, f.T)
		}
	}
	missing := 0.0
	for id, t := range first {
		if !out[id] {
			missing = max(missing, t)
		}
	}
	if n := len(at); n > 0 && missing > at[n-1] {
		at = append(at, missing)
	}
	longest := 0.0
	for i := 1; i < len(at); i++ {
		longest = max(longest, at[i]-at[i-1])
	}
	// When a record was acknowledged is known to the way of the request, and results bear the millisecond.
	if longest < c.Outage.Low-slop || longest > c.Outage.High+slop {
		s.outside = true
		s.wrong = append(s.wrong, fmt.Sprintf("the longest gap in delivery was %.3fs, and it says [%.3fs, %.3fs]", longest, c.Outage.Low, c.Outage.High))
	}
}

// late is how many records came out after one that was due later, at the same target: second copies are none of them. A record's
// number is the end of its id.
func late(facts []fact, mirrored bool) int64 {
	seen, most := map[string]bool{}, map[string]uint64{}
	is := map[string]bool{}
	for _, f := range facts {
		if f.What != "record_out" || seen[f.Target+" "+f.ID] {
			continue
		}
		seen[f.Target+" "+f.ID] = true
		n, err := strconv.ParseUint(f.ID[strings.LastIndexByte(f.ID, '-')+1:], 10, 64)
		if err != nil {
			continue
		}
		if n < most[f.Target] {
			id := f.ID
			if mirrored {
				id = f.Target + " " + id
			}
			is[id] = true
		}
		most[f.Target] = max(most[f.Target], n)
	}
	return int64(len(is))
}
