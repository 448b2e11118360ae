package twin

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/xdc-project/xdc/providers/twin/control"
)

// Limits of the application, in tuples.
const (
	stateLimit   = 10000 // where it holds so many, it takes no more in, and the sources' buffers fill
	servedAtOnce = 2000
)

// application is the model application: records come in, stay in keyed state for a while, and come out of every sink
// with the count of their key. What is in state when its PE dies is gone, unless the other data centre has it in a
// snapshot. Assumption twin.applications.
type application struct {
	job  *job
	does model
	ends []endpoint

	mu     sync.Mutex
	queues map[string][]held // by endpoint: what the sources have taken and the state has not
	op     string            // the calculator's operation
	newest map[string]int64  // by key, the latest record that has come out
	state  []held            // records not come out yet, in order
	counts map[string]int64  // records by key
	sinks  map[string]*ring
	wake   chan struct{}
	n      int64
	before []byte // the state when the other side was lost, for an application that takes it up again
}

// held is a record in state.
type held struct {
	ID   string          `json:"id"`
	Data json.RawMessage `json:"data"`
	Due  time.Time       `json:"due"` // when it comes out
	N    int64           `json:"n"`   // the how manieth that the model has taken in, at all data centres
	Op   string          `json:"op,omitempty"`
	// Again says that it comes out once more.
	Again bool `json:"again,omitempty"`
}

func newApplication(j *job) *application {
	a := &application{
		job: j, does: modelOf(j.spec.Application), ends: endpointsOf(j.spec), op: "add",
		queues: map[string][]held{}, newest: map[string]int64{}, counts: map[string]int64{}, sinks: map[string]*ring{}, wake: make(chan struct{}, 1),
	}
	ahead := func() time.Duration { return j.dc.clock(control.Data) }
	for _, e := range a.ends {
		if !e.sink {
			continue
		}
		a.sinks[e.name] = newRing(e.size, e.consuming, ahead, func(id string) {
			j.dc.twin.truth.say(fact{What: "record_evicted", Target: j.dc.cfg.Name, Job: j.spec.Path, ID: id})
		})
	}
	return a
}

// endpoint finds one of the job's endpoints.
func (a *application) endpoint(name string) (endpoint, bool) {
	i := slices.IndexFunc(a.ends, func(e endpoint) bool { return e.name == name })
	if i < 0 {
		return endpoint{}, false
	}
	return a.ends[i], true
}

// accept takes as many leading records as a source's buffer has room for.
func (a *application) accept(e endpoint, items []json.RawMessage) int {
	a.mu.Lock()
	n := min(len(items), max(e.size-len(a.queues[e.name]), 0))
	due := time.Now().Add(a.does.stay)
	for _, it := range items[:n] {
		h := held{ID: a.id(it), Data: it, Due: due, N: a.job.dc.twin.accepted.Add(1)}
		a.queues[e.name] = append(a.queues[e.name], h)
		a.job.dc.twin.truth.say(fact{What: "record_in", Target: a.job.dc.cfg.Name, Job: a.job.spec.Path, ID: h.ID})
	}
	a.mu.Unlock()
	a.job.add(fmt.Sprintf("%s/out/%d/nTuplesSubmitted", e.operator, e.port), int64(n))
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
	case len(a.state) < stateLimit && a.waiting() > 0:
		return 0
	case len(a.state) > 0:
		return time.Until(a.state[0].Due)
	}
	return time.Hour
}

// waiting is how many records are with the sources. a.mu is held.
func (a *application) waiting() (n int) {
	for _, q := range a.queues {
		n += len(q)
	}
	return n
}

// take takes in what the sources have, as far as there is room in state. In what order the ports of an operator are
// served is not defined: what steers comes before what it steers.
func (a *application) take() {
	took := map[int]int64{}
	a.mu.Lock()
	for _, e := range slices.Backward(a.ends) {
		q := a.queues[e.name]
		if e.sink || len(q) == 0 {
			continue
		}
		if e.into > 0 { // it steers and stays nowhere
			a.steer(q)
			took[e.into] += int64(len(q))
			a.queues[e.name] = nil
			continue
		}
		n := min(len(q), max(stateLimit-len(a.state), 0))
		for _, h := range q[:n] {
			h.Op = a.op
			a.state = append(a.state, h)
		}
		a.queues[e.name] = slices.Clone(q[n:])
		took[0] += int64(n)
	}
	if len(a.ends) > 2 { // several sources
		slices.SortStableFunc(a.state, func(x, y held) int { return x.Due.Compare(y.Due) })
	}
	a.mu.Unlock()
	for port, n := range took {
		a.job.add(fmt.Sprintf("%s/in/%d/nTuplesProcessed", counter, port), n)
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
	if a.does.swaps && len(out) > 1 {
		out[0], out[len(out)-1] = out[len(out)-1], out[0]
	}
	for _, h := range out {
		a.emit(h)
	}
}

// every reports whether the nth record is one of every so many.
func every(of, n int64) bool { return of > 0 && n%of == 0 }

// emit puts a record's result into every sink.
func (a *application) emit(h held) {
	j := a.job
	say := func(what, id, cause string) {
		j.dc.twin.truth.say(fact{What: what, Target: j.dc.cfg.Name, Job: j.spec.Path, ID: id, Cause: cause})
	}
	a.mu.Lock()
	a.n++
	n := a.n
	key := keyOf(h.Data)
	a.counts[key]++
	count := a.counts[key]
	late := !h.Again && h.N < a.newest[key]
	a.newest[key] = max(a.newest[key], h.N)
	a.mu.Unlock()
	if every(a.does.losesEvery, n) {
		say("record_lost", h.ID, "lossy application")
		return
	}
	item := result(h.Data, j.dc.cfg.Name, count)
	if a.does.calculates {
		item = calculate(h.Data, h.Op)
	}
	if every(a.does.changesEvery, n) {
		item = changed(item, j.dc.twin.cfg.Key)
		say("record_corrupted", h.ID, "")
	}
	if late {
		say("record_reordered", h.ID, "")
	}
	if h.Again {
		say("record_duplicated", h.ID, "")
	}
	for _, e := range a.ends {
		if !e.sink {
			continue
		}
		a.sinks[e.name].push(h.ID, item)
		say("record_out", h.ID, "")
		if every(a.does.repeatsEvery, n) {
			a.sinks[e.name].push(h.ID, item)
			say("record_out", h.ID, "")
			say("record_duplicated", h.ID, "")
		}
		if every(a.does.inventsEvery, n) {
			id := fmt.Sprintf("invented-%s-%d", j.dc.cfg.Name, n)
			a.sinks[e.name].push(id, invented(item, j.dc.twin.cfg.Key, id))
			say("record_invented", id, "")
		}
		j.add(fmt.Sprintf("%s/in/%d/nTuplesProcessed", e.operator, e.port), 1)
	}
	j.add(counter+"/out/0/nTuplesSubmitted", 1)
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

// hears is told that the other side is there again, or is not. An application that cannot fail back goes on where it was when it
// lost the other side: what has come out since comes out again.
func (a *application) hears(up bool) {
	if !a.does.takesUp {
		return
	}
	if !up {
		blob := a.snapshot()
		a.mu.Lock()
		a.before = blob
		a.mu.Unlock()
		return
	}
	a.mu.Lock()
	blob := a.before
	a.before = nil
	a.mu.Unlock()
	if blob != nil {
		a.restore(blob)
	}
}

// restore takes over what a snapshot of the other side holds: its records come out here.
func (a *application) restore(blob []byte) int {
	var s snapshot
	if !decodeJSON(blob, &s) {
		return 0
	}
	if a.does.reversesTaken {
		slices.Reverse(s.State)
	}
	a.mu.Lock()
	now := time.Now()
	var taken []held
	for _, h := range s.State {
		a.job.dc.twin.truth.say(fact{What: "record_taken_over", Target: a.job.dc.cfg.Name, Job: a.job.spec.Path, ID: h.ID})
		h.Due = now
		taken = append(taken, h)
		if a.does.repeatsTaken {
			h.Again = true
			taken = append(taken, h)
		}
	}
	a.state = append(taken, a.state...)
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
	var gone []held
	for _, e := range a.ends {
		if e.into == 0 { // what steers is no record
			gone = append(gone, a.queues[e.name]...)
		}
		delete(a.queues, e.name)
	}
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
