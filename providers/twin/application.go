package twin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Sizes of the application's buffers, in tuples, and its limits.
const (
	sourceBuffer = 10000
	sinkBuffer   = 1000 // the product's default
	servedAtOnce = 2000
)

// application is the model application: records come in, stay in keyed state for a while, and come out of every sink
// with the count of their key. What is in state when its PE dies is gone, unless the other data centre has it in a
// snapshot.
type application struct {
	job     *job
	stay    time.Duration
	variant string

	mu     sync.Mutex
	queue  []held           // records that the source has taken and the state has not
	state  []held           // records not come out yet, in order
	counts map[string]int64 // records by key
	sinks  map[string]*ring
	wake   chan struct{}
	n      int64
}

// held is a record in state.
type held struct {
	ID   string          `json:"id"`
	Data json.RawMessage `json:"data"`
	Due  time.Time       `json:"due"` // when it comes out
}

// stays are how long the applications keep a record before its result comes out.
var stays = map[string]time.Duration{
	"keyed_counter": 20 * time.Millisecond, "pass_through": time.Millisecond, "slow": 10 * time.Second,
	"lossy": 20 * time.Millisecond, "duplicating": 20 * time.Millisecond, "reordering": 20 * time.Millisecond,
}

func newApplication(j *job) *application {
	variant := j.spec.Application
	stay, ok := stays[variant]
	if !ok {
		variant, stay = "keyed_counter", stays["keyed_counter"]
	}
	a := &application{job: j, stay: stay, variant: variant, counts: map[string]int64{}, sinks: map[string]*ring{}, wake: make(chan struct{}, 1)}
	for _, s := range j.spec.Outputs {
		a.sinks[s] = newRing(sinkBuffer, j.dc.cfg.Clock, func(id string) {
			j.dc.twin.truth.say(fact{What: "record_evicted", Target: j.dc.cfg.Name, Job: j.spec.Path, ID: id})
		})
	}
	return a
}

// accept takes as many leading records as there is room for.
func (a *application) accept(items []json.RawMessage) int {
	a.mu.Lock()
	room := max(sourceBuffer-len(a.queue)-len(a.state), 0)
	n := min(len(items), room)
	due := time.Now().Add(a.stay)
	for _, it := range items[:n] {
		a.queue = append(a.queue, held{ID: a.id(it), Data: it, Due: due})
	}
	a.mu.Unlock()
	for _, op := range a.job.spec.Inputs[:min(1, len(a.job.spec.Inputs))] {
		a.job.add(op+"/out/0/nTuplesSubmitted", int64(n))
	}
	a.nudge()
	return n
}

func (a *application) id(item json.RawMessage) string {
	v := at(item, a.job.dc.twin.cfg.Key)
	var s string
	if json.Unmarshal(v, &s) == nil {
		return s
	}
	return string(v)
}

// at is the value at a path in an object; dots lead into nested ones.
func at(item json.RawMessage, path string) json.RawMessage {
	var m map[string]json.RawMessage
	if json.Unmarshal(item, &m) != nil {
		return nil
	}
	if v, ok := m[path]; ok {
		return v
	}
	if first, rest, ok := strings.Cut(path, "."); ok && m[first] != nil {
		return at(m[first], rest)
	}
	return nil
}

func (a *application) nudge() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// blocked is how long the state waits before it tries again to hand on what the sinks did not take.
const blocked = 100 * time.Millisecond

// work is what the state's PE does: it takes records in, and lets them out when their time has come. Where the sinks'
// PE does not take them it waits, and takes nothing in.
func (a *application) work() {
	ctx := a.job.ctx
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		next := a.next()
		if next > 0 {
			timer.Reset(max(next, 1))
			select {
			case <-a.wake:
			case <-timer.C:
			case <-ctx.Done():
				return
			}
			continue
		}
		if a.job.turn(ctx, statePE) == nil {
			a.take()
			if a.next() > 0 {
				continue
			}
			if a.job.turn(ctx, sinkPE) == nil && a.job.turn(ctx, statePE) == nil {
				a.release()
				continue
			}
		}
		if !wait(ctx, blocked) {
			return
		}
	}
}

// next is how long nothing has to be done.
func (a *application) next() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case len(a.queue) > 0:
		return 0
	case len(a.state) > 0:
		return time.Until(a.state[0].Due)
	}
	return time.Hour
}

// take takes in what the source has.
func (a *application) take() {
	a.mu.Lock()
	n := len(a.queue)
	a.state = append(a.state, a.queue...)
	a.queue = nil
	a.mu.Unlock()
	if n > 0 {
		a.job.add("KeyedCounter/in/0/nTuplesProcessed", int64(n))
	}
}

func (a *application) release() {
	now := time.Now()
	a.mu.Lock()
	n := 0
	for n < len(a.state) && n < servedAtOnce && !a.state[n].Due.After(now) {
		n++
	}
	out := slices.Clone(a.state[:n])
	a.state = a.state[n:]
	a.mu.Unlock()
	if a.variant == "reordering" && len(out) > 1 {
		out[0], out[len(out)-1] = out[len(out)-1], out[0]
	}
	for _, h := range out {
		a.emit(h)
	}
}

// emit puts a record's result into every sink.
func (a *application) emit(h held) {
	j := a.job
	a.mu.Lock()
	a.n++
	n := a.n
	key := keyOf(h.Data)
	a.counts[key]++
	count := a.counts[key]
	a.mu.Unlock()
	if a.variant == "lossy" && n%100 == 0 {
		j.dc.twin.truth.say(fact{What: "record_lost", Target: j.dc.cfg.Name, Job: j.spec.Path, ID: h.ID, Cause: "lossy application"})
		return
	}
	item := result(h.Data, j.dc.cfg.Name, count)
	for _, s := range j.spec.Outputs {
		a.sinks[s].push(h.ID, item)
		if a.variant == "duplicating" && n%50 == 0 {
			a.sinks[s].push(h.ID, item)
			j.dc.twin.truth.say(fact{What: "record_duplicated", Target: j.dc.cfg.Name, Job: j.spec.Path, ID: h.ID})
		}
		j.add(s+"/in/0/nTuplesProcessed", 1)
	}
	j.add("KeyedCounter/out/0/nTuplesSubmitted", 1)
}

// keyOf is what a record is counted by: its customer or key, else nothing.
func keyOf(item json.RawMessage) string {
	var m map[string]json.RawMessage
	if json.Unmarshal(item, &m) != nil {
		return ""
	}
	for _, k := range []string{"key", "customer"} {
		if v, ok := m[k]; ok {
			return string(v)
		}
	}
	return ""
}

// result is a record with the data centre and its key's count appended; its own fields stay as they came.
func result(item json.RawMessage, dc string, count int64) json.RawMessage {
	trimmed := bytes.TrimRight(item, " \t\r\n")
	if len(trimmed) < 2 || trimmed[len(trimmed)-1] != '}' {
		return item
	}
	sep := ","
	if bytes.Equal(bytes.TrimSpace(trimmed[1:len(trimmed)-1]), nil) {
		sep = ""
	}
	name, _ := json.Marshal(dc) // a string always encodes
	return fmt.Appendf(slices.Clone(trimmed[:len(trimmed)-1]), `%s"dc":%s,"count":%d}`, sep, name, count)
}

// snapshot is the state as the toolkit replicates it: a whole copy.
type snapshot struct {
	State  []held           `json:"state"`
	Counts map[string]int64 `json:"counts"`
}

func (a *application) snapshot() []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	b, err := json.Marshal(snapshot{State: a.state, Counts: a.counts})
	if err != nil {
		return nil
	}
	return b
}

// restore takes over what a snapshot of the other side holds: its records come out here.
func (a *application) restore(blob []byte) int {
	var s snapshot
	if !decodeJSON(blob, &s) {
		return 0
	}
	a.mu.Lock()
	now := time.Now()
	for _, h := range s.State {
		a.job.dc.twin.truth.say(fact{What: "record_taken_over", Target: a.job.dc.cfg.Name, Job: a.job.spec.Path, ID: h.ID})
		h.Due = now
		a.state = append([]held{h}, a.state...)
	}
	slices.SortStableFunc(a.state, func(x, y held) int { return x.Due.Compare(y.Due) })
	a.mu.Unlock()
	a.nudge()
	return len(s.State) + len(s.Counts)
}

// loseState says of every record in state that it is gone here. Those that the other side has in a snapshot may come
// out there; the truth of that is told when they do.
func (a *application) loseState(cause string) {
	a.mu.Lock()
	gone := a.state
	a.state = nil
	a.mu.Unlock()
	a.sayLost(gone, cause)
}

// loseQueue says of every record that is still with the source that it is gone.
func (a *application) loseQueue(cause string) {
	a.mu.Lock()
	gone := a.queue
	a.queue = nil
	a.mu.Unlock()
	a.sayLost(gone, cause)
}

func (a *application) sayLost(gone []held, cause string) {
	for _, h := range gone {
		a.job.dc.twin.truth.say(fact{What: "record_lost", Target: a.job.dc.cfg.Name, Job: a.job.spec.Path, ID: h.ID, Cause: cause})
	}
}

func (a *application) emptySinks() {
	for _, s := range a.sinks {
		s.clear()
	}
}

// ring is the bounded buffer of a sink: when it is full the oldest tuple goes.
type ring struct {
	mu      sync.Mutex
	size    int
	clock   time.Duration // how far the clock of its stamps is ahead
	items   []stamped
	last    int64
	read    int64           // stamp up to which somebody has read
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

func newRing(size int, clock time.Duration, evicted func(id string)) *ring {
	return &ring{size: size, clock: clock, evicted: evicted}
}

func (r *ring) push(id string, item json.RawMessage) {
	r.mu.Lock()
	defer r.mu.Unlock()
	ms := time.Now().Add(r.clock).UnixMilli()
	r.last = max(r.last, ms)
	r.items = append(r.items, stamped{r.last, id, item})
	r.pushed++
	if r.changed != nil {
		close(r.changed)
		r.changed = nil
	}
	if len(r.items) > r.size {
		old := r.items[0]
		r.dropped, r.items = old.ms, r.items[1:]
		if old.ms > r.read {
			r.evicted(old.id)
		}
	}
}

// since returns the tuples with a stamp of at least from, the stamp to ask with next, and whether tuples in between
// have been evicted. The comparison includes the boundary: tuples that share a millisecond with the last one read may
// come again. Assumption data.boundary.
func (r *ring) since(from int64) (items []json.RawMessage, next int64, gap bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	next = from
	i, _ := slices.BinarySearchFunc(r.items, from, func(s stamped, ms int64) int { return int(s.ms - ms) })
	for _, s := range r.items[i:] {
		items = append(items, s.item)
		next = s.ms
	}
	r.read = max(r.read, next)
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
		r.read = max(r.read, s.ms)
	}
	return items, place + int64(len(items)), gap
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
	r.items, r.dropped = nil, 0
	r.mu.Unlock()
}
