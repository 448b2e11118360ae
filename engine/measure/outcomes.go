package measure

import (
	"slices"
	"sort"
	"time"
)

// run is records of one chunk, one after the other, that shared an attempt.
type run struct {
	sent, answered time.Duration
	target         uint32
	first, last    uint16
	outcome        Outcome
}

func (r run) attempt() Attempt {
	return Attempt{Target: int(r.target), Outcome: r.outcome, Sent: r.sent, Answered: r.answered}
}

// attempts is what is kept of a record that had more than one attempt.
type attempts struct {
	best    Attempt
	earlier []Attempt // that may have put the record in as well
	again   bool
}

// chunk has the outcomes of the records of one chunk in one lane. Once every record has one, and every audit has said
// which did not come out, nothing is kept of those that were acknowledged at once and came out.
type chunk struct {
	runs    []run // in order, without overlaps
	settled int   // records that have an outcome
	folded  bool  // a record without a run was acknowledged at its first attempt, and came out
	again   map[uint16]*attempts

	away    int   // runs in the scratch file instead of in runs
	at      int64 // where they are
	missing *Words
	said    uint64 // which audits have released it since it was folded
}

// lane has the outcomes of all records: one for all targets, or with a mirrored seed one for each.
type lane struct {
	chunks []*chunk
	put    []Put // by target
	spilt  int   // chunks before it need not be looked at again for spilling
}

// Put is what went in at one target, by the attempts that count.
type Put struct {
	Sent, Acked int64
	// First is the attempt of the first record that was acknowledged; Outcome is Pending when there is none.
	First Attempt
}

func (ln *lane) chunk(i int) *chunk {
	for len(ln.chunks) <= i {
		ln.chunks = append(ln.chunks, &chunk{})
	}
	return ln.chunks[i]
}

// find is the place of the first run that does not end before off.
func (c *chunk) find(off uint16) int {
	return sort.Search(len(c.runs), func(i int) bool { return c.runs[i].last >= off })
}

// attempt is the attempt that counts of a record.
func (c *chunk) attempt(off uint16) (Attempt, bool) {
	if h := c.again[off]; h != nil {
		return h.best, true
	}
	if i := c.find(off); i < len(c.runs) && c.runs[i].first <= off {
		return c.runs[i].attempt(), true
	}
	return Attempt{Outcome: Acked}, c.folded
}

// add notes the first attempt of records that had none.
func (c *chunk) add(first, last uint16, a Attempt) {
	i := c.find(first)
	r := run{a.Sent, a.Answered, uint32(a.Target), first, last, a.Outcome}
	if i > 0 && c.runs[i-1].attempt() == a && c.runs[i-1].last+1 == first {
		c.runs[i-1].last = last
	} else {
		c.runs = slices.Insert(c.runs, i, r)
	}
	c.settled += int(last) - int(first) + 1
}

// fold drops what need not be kept: acknowledged records that are not missing.
func (c *chunk) fold(missing *Words) {
	var kept []run
	for _, r := range c.runs {
		if r.outcome != Acked {
			kept = append(kept, r)
			continue
		}
		if missing == nil {
			continue
		}
		for off := int(r.first); off <= int(r.last); off++ {
			if !missing.Has(uint16(off)) {
				continue
			}
			from := off
			for off < int(r.last) && missing.Has(uint16(off+1)) {
				off++
			}
			part := r
			part.first, part.last = uint16(from), uint16(off)
			kept = append(kept, part)
		}
	}
	c.runs, c.folded = slices.Clip(kept), true
}

// Settle writes down that n records from first on had this attempt. A record that had an attempt before and was not
// refused counts as resent; its outcome is that of the attempt that went best. A record that was acknowledged is not sent
// again: what is kept of it may be forgotten.
func (l *Ledger) Settle(first int64, n int, a Attempt) {
	l.mu.Lock()
	defer l.mu.Unlock()
	ln := &l.lanes[0]
	if l.mirror {
		ln = &l.lanes[a.Target]
	}
	for n > 0 {
		at, off := int(first>>chunkBits), int(first%ChunkSize)
		k := min(n, ChunkSize-off)
		l.settle(ln, at, off, off+k-1, a)
		first, n = first+int64(k), n-k
	}
}

func (l *Ledger) settle(ln *lane, at, first, last int, a Attempt) {
	c := ln.chunk(at)
	l.load(c)
	i := c.find(uint16(first))
	if !c.folded && (i == len(c.runs) || int(c.runs[i].first) > last) {
		c.add(uint16(first), uint16(last), a)
		l.move(ln, Attempt{}, a, int64(last-first+1))
	} else {
		for off := first; off <= last; off++ {
			l.settleOne(ln, c, uint16(off), a)
		}
	}
	if c.settled < ChunkSize {
		return
	}
	if l.audits == 0 && !c.folded {
		c.fold(nil)
	}
	l.spill(ln, at)
}

func (l *Ledger) settleOne(ln *lane, c *chunk, off uint16, a Attempt) {
	old, had := c.attempt(off)
	if !had {
		c.add(off, off, a)
		l.move(ln, Attempt{}, a, 1)
		return
	}
	h := c.again[off]
	if h == nil {
		h = &attempts{}
		if c.again == nil {
			c.again = map[uint16]*attempts{}
		}
		c.again[off] = h
	}
	if a.Outcome != Unsent && old.Outcome != Unsent {
		l.counts.Resent++
		h.again = true
	}
	best, other := a, old
	if better(old.Outcome, a.Outcome) {
		best, other = old, a
	}
	if other.Outcome == Acked || other.Outcome == Indeterminate {
		h.earlier = append(h.earlier, other)
	}
	h.best = best
	l.move(ln, old, best, 1)
}

// better reports whether a record stays with the outcome it has.
func better(old, now Outcome) bool {
	weight := [...]int{Pending: 0, Unsent: 1, Rejected: 2, Indeterminate: 3, Acked: 4}
	return weight[old] > weight[now] || old == Acked
}

// move counts n records that had one attempt that counts, and now have another.
func (l *Ledger) move(ln *lane, from, to Attempt, n int64) {
	l.count(ln, from, -n)
	l.count(ln, to, n)
	if to.Outcome != Acked || from.Outcome == Acked {
		return
	}
	p := ln.at(to.Target)
	if p.First.Outcome == Pending || to.Sent < p.First.Sent || to.Sent == p.First.Sent && to.Answered < p.First.Answered {
		p.First = to
	}
}

func (ln *lane) at(target int) *Put {
	for len(ln.put) <= target {
		ln.put = append(ln.put, Put{})
	}
	return &ln.put[target]
}

func (l *Ledger) count(ln *lane, a Attempt, by int64) {
	switch a.Outcome {
	case Acked:
		l.counts.Acked += by
		ln.at(a.Target).Acked += by
	case Rejected:
		l.counts.Rejected += by
	case Indeterminate:
		l.counts.Indeterminate += by
	case Unsent:
		l.counts.Unsent += by
		return
	case Pending:
		return
	}
	l.counts.Sent += by
	ln.at(a.Target).Sent += by
}

const (
	// spillAfter is how many chunks later a chunk's outcomes go to the scratch file.
	spillAfter = 4
	// worthSpilling is how many runs a chunk must have for that.
	worthSpilling = 64
)

// spill writes the outcomes of a chunk that nobody is likely to ask for soon to the scratch file.
func (l *Ledger) spill(ln *lane, newest int) {
	for ; ln.spilt <= newest-spillAfter; ln.spilt++ {
		c := ln.chunk(ln.spilt)
		if c.settled < ChunkSize {
			return
		}
		l.store(c)
	}
}

func (l *Ledger) store(c *chunk) {
	if c.away > 0 || len(c.runs) < worthSpilling || l.err != nil {
		return
	}
	at, err := l.scratch.Append(encodeRuns(c.runs))
	if err != nil {
		l.err = err // what is in memory stays there
		return
	}
	c.at, c.away, c.runs = at, len(c.runs), nil
}

// load reads the outcomes of a chunk back. What cannot be read is unknown: Err says so.
func (l *Ledger) load(c *chunk) {
	if c.away > 0 {
		c.runs, c.away = l.read(c), 0
	}
}

func (l *Ledger) read(c *chunk) []run {
	if c.away == 0 {
		return c.runs
	}
	b := make([]byte, c.away*runSize)
	if err := l.scratch.ReadAt(b, c.at); err != nil {
		l.err = err
		return nil
	}
	return decodeRuns(b)
}

// Release is called by an audit when it has done with a chunk for the time being. missing adds the records of a lane
// that have not come out. It reports false when that is too early, since a record has no outcome yet.
func (l *Ledger) Release(audit, at int, missing func(lane int, w *Words)) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.lanes {
		if l.lanes[i].chunk(at).settled < ChunkSize {
			return false
		}
	}
	for i := range l.lanes {
		c := l.lanes[i].chunk(at)
		if c.missing == nil {
			c.missing = new(Words)
		}
		missing(i, c.missing)
		if c.said |= 1 << audit; c.said != 1<<l.audits-1 {
			continue
		}
		l.load(c)
		c.fold(c.missing)
		c.missing, c.said = nil, 0
		if at < l.lanes[i].spilt {
			l.store(c)
		}
	}
	return true
}

// Record is what the ledger knows of one record in one lane.
type Record struct {
	Seq    int64
	Resent bool
	Attempt
	// Earlier are attempts before or beside Attempt that may have put the record in as well.
	Earlier []Attempt
}

// Outcomes is a chunk of one lane, as it was when it was asked for.
type Outcomes struct {
	c     chunk
	first int64
	n     int
}

// Outcomes returns the chunk of a lane.
func (l *Ledger) Outcomes(lane, at int) *Outcomes {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.lanes[lane].chunk(at)
	o := &Outcomes{c: *c, first: int64(at) << chunkBits}
	o.c.runs = l.read(c)
	o.n = int(min(l.n-o.first, ChunkSize))
	return o
}

// Len is how many records the chunk has.
func (o *Outcomes) Len() int { return o.n }

// Odd adds the records whose outcome is not that they were acknowledged at the first attempt.
func (o *Outcomes) Odd(w *Words) {
	next := 0
	for _, r := range o.c.runs {
		if !o.c.folded && next < int(r.first) {
			w.Fill(uint16(next), r.first-1)
		}
		if r.outcome != Acked {
			w.Fill(r.first, r.last)
		}
		next = int(r.last) + 1
	}
	if !o.c.folded && next < o.n {
		w.Fill(uint16(next), uint16(o.n-1))
	}
	for off := range o.c.again {
		w.Fill(off, off)
	}
}

// Record returns a record of the chunk.
func (o *Outcomes) Record(off uint16) Record {
	r := Record{Seq: o.first + int64(off)}
	if a, ok := o.c.attempt(off); ok {
		r.Attempt = a
	}
	if h := o.c.again[off]; h != nil {
		r.Resent, r.Earlier = h.again, h.earlier
	}
	return r
}
