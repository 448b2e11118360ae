package dataexchange

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
)

// maxRemembered bounds how many items of the past are remembered, for a service that gives no stamps.
const maxRemembered = 200_000

// sight is what has been seen of one sink. It makes each item come once although the service's stamps have
// milliseconds, several items may share one, and nobody knows whether a read "since" a stamp includes it.
//
// So every read asks from one millisecond before the last stamp, and gets again what it had from there on, before
// anything new. That overlap is recognised by content and left out. Where a sink has once overlapped it always must:
// that it does not says that something was dropped, or that the buffer began anew.
type sight struct {
	stamp    int64  // of the last answer; 0: none yet
	tail     []sum  // digests of the last items, in order
	ends     []end  // where in the tail earlier reads ended
	overlaps bool   // this sink has given items again
	clock    bool   // its stamps are the time of the answer, not of an item: nothing need overlap
	count    uint64 // reads
	size     int    // how many items the sink holds; 0: nobody knows
}

type sum [16]byte

// end is the length of the tail after a read, and the stamp of that read's answer.
type end struct {
	length int
	stamp  int64
}

// ask is the stamp to read from.
func (s *sight) ask() int64 {
	if s.stamp <= 1 {
		return 0
	}
	return s.stamp - 1
}

// take leaves out what was seen before. cause says why items may have passed unseen; empty: surely none have.
func (s *sight) take(p page) (fresh []json.RawMessage, cause string) {
	first, whole := s.count == 0, s.ask() == 0
	s.count++
	sums := make([]sum, len(p.items))
	for i, it := range p.items {
		sums[i] = digest(it)
	}
	again := 0
	back := p.stamp > 0 && p.stamp < s.stamp
	if !first && !back {
		again = overlap(s.tail, sums)
	}
	s.clock = s.clock || p.capped
	switch {
	case first:
	case back:
		cause = "restarted"
		*s = sight{count: s.count, overlaps: s.overlaps, clock: s.clock, size: s.size}
	case again > 0:
		s.overlaps = true
	case len(p.items) == 0 && p.stamp > s.stamp:
		s.clock = true
	case s.overlaps && !s.clock && len(s.tail) > 0 && p.content:
		cause = "restarted"
		if p.warned {
			cause = "evicted"
		}
		*s = sight{count: s.count, overlaps: true, size: s.size} // told once
	case p.warned, whole && s.size > 0 && len(p.items) >= s.size:
		// A service cannot warn of what it dropped before the beginning of what is asked for, which is everything until
		// something was seen. A full buffer may have been fuller. Assumption data_exchange.buffer.
		cause = "evicted"
	}
	if p.stamp > 0 {
		s.stamp = p.stamp
	}
	s.remember(sums[again:])
	return p.items[again:], cause
}

// remember keeps the digests that a later read may give again: of the reads whose stamp is not older than the next
// read's.
func (s *sight) remember(sums []sum) {
	s.tail = append(s.tail, sums...)
	if n := len(s.ends); n > 0 && s.ends[n-1].stamp == s.stamp {
		s.ends = s.ends[:n-1]
	}
	s.ends = append(s.ends, end{len(s.tail), s.stamp})
	drop := 0
	if s.stamp > 0 {
		for len(s.ends) > 1 && s.ends[0].stamp < s.ask() {
			drop = s.ends[0].length
			s.ends = s.ends[1:]
		}
	}
	drop = max(drop, len(s.tail)-maxRemembered)
	if drop <= 0 {
		return
	}
	s.tail = append([]sum(nil), s.tail[drop:]...)
	kept := s.ends[:0]
	for _, e := range s.ends {
		if e.length >= drop {
			kept = append(kept, end{e.length - drop, e.stamp})
		}
	}
	s.ends = kept
}

// overlap is the length of the longest end of a that is a beginning of b.
func overlap(a, b []sum) int {
	if len(b) == 0 || len(a) == 0 {
		return 0
	}
	if len(a) > len(b) {
		a = a[len(a)-len(b):]
	}
	// The failure function of b, run over a.
	fail := make([]int, len(b))
	for i, k := 1, 0; i < len(b); i++ {
		for k > 0 && b[i] != b[k] {
			k = fail[k-1]
		}
		if b[i] == b[k] {
			k++
		}
		fail[i] = k
	}
	k := 0
	for i, x := range a {
		for k > 0 && (k == len(b) || x != b[k]) {
			k = fail[k-1]
		}
		if x == b[k] {
			k++
		}
		if k == len(b) && i < len(a)-1 {
			k = fail[k-1]
		}
	}
	return k
}

// digest tells items apart by their content, however it is spaced.
func digest(item json.RawMessage) sum {
	var b bytes.Buffer
	if json.Compact(&b, item) != nil {
		b.Write(item)
	}
	full := sha256.Sum256(b.Bytes())
	return sum(full[:16])
}
