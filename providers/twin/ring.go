package twin

import (
	"encoding/json"
	"slices"
	"sync"
	"time"
)

// ring is the bounded buffer of a sink: when it is full the oldest tuple goes. Assumption data.buffers.
type ring struct {
	mu      sync.Mutex
	size    int
	consume bool                 // what was read is gone
	clock   func() time.Duration // how far the clock of its stamps is ahead
	items   []stamped
	last    int64
	read    int64           // how many of the tuples that ever came somebody has read
	dropped int64           // stamp of the newest evicted tuple
	evicted func(id string) // called for tuples that nobody has read
	pushed  int64           // tuples that ever came
	changed chan struct{}   // closed with the next one; nil: nobody waits
}

// stamped is a tuple with the millisecond of its arrival.
type stamped struct {
	ms   int64
	id   string
	item json.RawMessage
}

func newRing(size int, consume bool, clock func() time.Duration, evicted func(id string)) *ring {
	return &ring{size: size, consume: consume, clock: clock, evicted: evicted}
}

func (r *ring) push(id string, item json.RawMessage) {
	r.mu.Lock()
	defer r.mu.Unlock()
	ms := time.Now().Add(r.clock()).UnixMilli()
	r.last = max(r.last, ms)
	r.items = append(r.items, stamped{r.last, id, item})
	r.pushed++
	if r.changed != nil {
		close(r.changed)
		r.changed = nil
	}
	if len(r.items) > r.size {
		old, place := r.items[0], r.pushed-int64(len(r.items))
		r.dropped, r.items = old.ms, r.items[1:]
		if place >= r.read {
			r.evicted(old.id)
		}
	}
}

// since returns the tuples with a stamp of at least from, the stamp to ask with next, and whether tuples in between
// have been evicted. The comparison includes the boundary: tuples that share a millisecond with the last one read may
// come again. Assumption data.boundary. Assumption data.warning.
func (r *ring) since(from int64) (items []json.RawMessage, next int64, gap bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	next = from
	i, _ := slices.BinarySearchFunc(r.items, from, func(s stamped, ms int64) int { return int(s.ms - ms) })
	for _, s := range r.items[i:] {
		items = append(items, s.item)
		next = s.ms
	}
	r.read = r.pushed
	if r.consume {
		r.items = r.items[:i]
	}
	return items, next, from > 0 && r.dropped >= from
}

// fromTheStart is the place of a reader that has read nothing.
const fromTheStart = -1

// after returns up to limit of the tuples that came after a place, the place behind them, and whether tuples in between
// have been evicted.
func (r *ring) after(place int64, limit int) (items []json.RawMessage, next int64, gap bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	first := r.pushed - int64(len(r.items))
	gap = place != fromTheStart && place < first
	place = max(place, first)
	for _, s := range r.items[place-first:] {
		if len(items) == limit {
			break
		}
		items = append(items, s.item)
	}
	next = place + int64(len(items))
	r.read = max(r.read, next)
	if r.consume {
		r.items = r.items[next-first:]
	}
	return items, next, gap
}

// next returns a channel that is closed when another tuple comes.
func (r *ring) next() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.changed == nil {
		r.changed = make(chan struct{})
	}
	return r.changed
}

func (r *ring) clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	first := r.pushed - int64(len(r.items))
	for i, s := range r.items {
		if first+int64(i) >= r.read {
			r.evicted(s.id)
		}
	}
	r.items, r.dropped = nil, 0
}
