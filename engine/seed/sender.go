package seed

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"github.com/xdc-project/xdc/engine/measure"
)

const (
	// linger is how long the first record of a batch waits for the others at most.
	linger = time.Second
	// requestLimit bounds one request where nothing else does.
	requestLimit = 30 * time.Second
	// tick is how often the live signals are told although nothing happens.
	tick = time.Second
)

// sender is a seed under way. One goroutine, that of run, owns it; couriers carry the requests.
type sender struct {
	opt      Options
	src      source
	schedule *schedule
	rng      *rand.Rand
	lanes    []*lane
	turn     int // of the spread
	out      chan done
	zero     time.Time // when the first record is due

	next    []time.Duration // due times of the batch that leaves next
	leaves  time.Time
	more    bool // the schedule is not at its end
	ahead   time.Duration
	hasOne  bool // ahead holds a due time not yet in next
	last    time.Duration
	first   time.Duration
	any     bool
	stopped bool
	err     error

	live   live
	waited latency
}

func newSender(opt Options, src source) *sender {
	s := &sender{opt: opt, src: src, more: true}
	s.rng = s.random("sender")
	s.schedule = newSchedule(opt.Spec, s.pcg("arrivals"))
	all := make([]int, len(opt.Spec.Targets))
	for i := range all {
		all[i] = i
	}
	if opt.Spec.Route == "mirror" || opt.Spec.Route == "spread" {
		for i := range all {
			s.lanes = append(s.lanes, &lane{targets: all[i : i+1], jobs: make(chan job, 1), rng: s.random(opt.Spec.Targets[i])})
		}
	} else {
		s.lanes = []*lane{{targets: all, jobs: make(chan job, 1), rng: s.random("lane")}}
	}
	s.out = make(chan done, len(s.lanes))
	s.live = live{ledger: opt.Ledger, report: opt.Report}
	// an offset of its own keeps this seed's instants apart from those of others
	s.zero = time.Now().Add(time.Duration(s.rng.Int64N(int64(time.Millisecond))))
	return s
}

// when returns a schedule that a reader of the records has for itself.
func (s *sender) when() when {
	schedule, zero, start := newSchedule(s.opt.Spec, s.pcg("arrivals")), s.zero, s.opt.Start
	return func(seq int64) (time.Duration, time.Time) {
		d, _ := schedule.at(seq)
		due := zero.Add(d)
		return due.Sub(start), due
	}
}

// random is a source of random numbers that belongs to the run's seed, the step and a name.
func (s *sender) random(name string) *rand.Rand {
	pcg := s.pcg(name)
	return rand.New(&pcg)
}

func (s *sender) pcg(name string) rand.PCG {
	sum := sha256.Sum256([]byte(strconv.FormatUint(s.opt.RunSeed, 16) + "\x00" + s.opt.Step + "\x00" + name))
	return *rand.NewPCG(binary.LittleEndian.Uint64(sum[:]), binary.LittleEndian.Uint64(sum[8:]))
}

// run sends until everything due has an outcome.
func (s *sender) run(ctx context.Context) error {
	if len(s.opt.Spec.Targets) == 0 {
		return errors.New("the seed has no target")
	}
	flights, ground := context.WithCancel(context.WithoutCancel(ctx))
	var couriers sync.WaitGroup
	for _, l := range s.lanes {
		couriers.Add(1)
		c := &courier{lane: l, open: s.opt.Inlet, check: s.opt.Check, inlet: map[string]inlet{}, out: s.out}
		go c.run(flights, &couriers)
	}
	defer couriers.Wait()
	defer func() {
		for _, l := range s.lanes {
			close(l.jobs)
		}
	}()
	defer ground()

	s.live.tell(time.Now())
	s.gather()
	err := s.loop(ctx)
	ground()
	s.land()
	s.live.tell(time.Now())
	return errors.Join(err, s.err)
}

func (s *sender) loop(ctx context.Context) error {
	timer := time.NewTimer(1)
	defer timer.Stop()
	beat := time.Now().Add(tick)
	stop := s.opt.Stop
	for {
		now := time.Now()
		s.depart(now)
		for _, l := range s.lanes {
			s.fly(l, now)
		}
		if !now.Before(beat) {
			s.live.tell(now)
			s.waiting(now)
			beat = beat.Add(tick)
		}
		if s.finished(now) {
			return nil
		}
		timer.Reset(max(time.Until(s.wake(now, beat)), 1))
		select {
		case d := <-s.out:
			s.answered(d)
		case <-timer.C:
		case <-stop:
			stop = nil
			s.halt(time.Now())
		case <-ctx.Done():
			s.stopped = true
			return context.Cause(ctx)
		}
	}
}

// waiting reports how long the oldest record without an outcome has waited so far, where that is longer than a beat:
// what waits is seen while it waits.
func (s *sender) waiting(now time.Time) {
	oldest := s.since(now)
	for _, l := range s.lanes {
		if l.flying != nil {
			oldest = min(oldest, l.flying.dues[0])
		}
		if len(l.queue) > 0 {
			oldest = min(oldest, l.queue[0].dues[0])
		}
	}
	if d := s.since(now) - oldest; d > tick {
		s.live.at(d)
	}
}

// finished reports whether nothing is left to do, or the drain is over.
func (s *sender) finished(now time.Time) bool {
	if len(s.next) > 0 {
		return false
	}
	for _, l := range s.lanes {
		if l.held > 0 {
			return !now.Before(s.deadline())
		}
	}
	return true
}

// deadline is when waiting for outcomes ends.
func (s *sender) deadline() time.Time { return s.zero.Add(s.last + s.opt.Spec.Drain.D()) }

// wake is the next instant at which something is due.
func (s *sender) wake(now, beat time.Time) time.Time {
	at := beat
	if len(s.next) > 0 {
		if s.leaves.Before(at) {
			at = s.leaves
		}
	} else if d := s.deadline(); d.Before(at) {
		at = d
	}
	for _, l := range s.lanes {
		if l.flying == nil && len(l.queue) > 0 && l.notBefore.After(now) && l.notBefore.Before(at) {
			at = l.notBefore
		}
	}
	return at
}

// gather finds which records go into the next batch and when it leaves: when it is full, or when its first record
// has waited for a linger.
func (s *sender) gather() {
	s.next = s.next[:0]
	for len(s.next) < max(1, s.opt.Spec.Batch) && s.more {
		if !s.hasOne {
			if s.ahead, s.hasOne = s.schedule.next(); !s.hasOne {
				s.more = false
				break
			}
		}
		if len(s.next) > 0 && s.ahead > s.next[0]+linger {
			break
		}
		s.next = append(s.next, s.ahead)
		s.hasOne = false
	}
	if n := len(s.next); n > 0 {
		at := s.next[n-1]
		if n < s.opt.Spec.Batch && s.more {
			at = s.next[0] + linger
		}
		s.leaves = s.zero.Add(at)
	}
}

// depart hands the batches whose time has come to their lanes.
func (s *sender) depart(now time.Time) {
	for len(s.next) > 0 && !s.leaves.After(now) {
		s.dispatch(s.make(s.next), now)
		s.gather()
	}
}

// make makes the records of a batch and enters them in the ledger.
func (s *sender) make(dues []time.Duration) *batch {
	b := &batch{}
	for _, d := range dues {
		due := s.zero.Add(d)
		it, err := s.src.next(s.opt.Ledger.Len(), due)
		if err != nil {
			if !errors.Is(err, io.EOF) {
				s.err = err
			}
			s.more, s.hasOne = false, false
			break
		}
		at := due.Sub(s.opt.Start)
		seq := s.opt.Ledger.Add(measure.Original{Due: at, Fields: it.fields})
		if len(b.items) == 0 {
			b.first = seq
		}
		b.dues, b.items = append(b.dues, at), append(b.items, it.raw)
		if !s.any {
			s.any, s.first = true, d
		}
		s.last = d
	}
	return b
}

// dispatch queues a batch, or writes it off where too many records have no outcome yet.
func (s *sender) dispatch(b *batch, now time.Time) {
	if len(b.items) == 0 {
		return
	}
	lanes, held := s.lanes, 0
	if s.opt.Spec.Route == "spread" {
		for _, l := range s.lanes {
			held += l.held
		}
		lanes = s.lanes[s.turn : s.turn+1]
		s.turn = (s.turn + 1) % len(s.lanes)
	}
	for _, l := range lanes {
		if m := s.opt.Spec.MaxInFlight; m > 0 && max(held, l.held)+len(b.items) > m {
			at := s.since(now)
			s.opt.Ledger.Settle(b.first, len(b.items), measure.Attempt{Outcome: measure.Unsent, Target: l.target(), Sent: at, Answered: at})
			s.live.tell(now)
			continue
		}
		l.held += len(b.items)
		l.queue = append(l.queue, &batch{first: b.first, dues: b.dues, items: b.items})
	}
}

// fly sends the next batch of a lane if nothing of it is under way.
func (s *sender) fly(l *lane, now time.Time) {
	if l.flying != nil || len(l.queue) == 0 || l.notBefore.After(now) {
		return
	}
	l.flying, l.queue = l.queue[0], l.queue[1:]
	limit := requestLimit
	if sw := s.opt.Spec.SwitchAfter.D(); len(l.targets) > 1 && sw > 0 {
		limit = min(limit, sw)
	}
	l.jobs <- job{target: s.opt.Spec.Targets[l.target()], first: l.flying.first, items: l.flying.items, limit: limit}
}

// halt ends the seed early: what is due goes out now, nothing more becomes due.
func (s *sender) halt(now time.Time) {
	s.stopped, s.more, s.hasOne = true, false, false
	n := 0
	for n < len(s.next) && !s.zero.Add(s.next[n]).After(now) {
		n++
	}
	s.next = s.next[:n]
	s.leaves = now
	if n == 0 {
		s.last = min(s.last, now.Sub(s.zero))
	}
}

// land waits for what is under way, and writes off what was never sent.
func (s *sender) land() {
	for _, l := range s.lanes {
		if l.flying != nil {
			d := <-s.out
			s.answered(d)
		}
	}
	now := s.since(time.Now())
	for _, l := range s.lanes {
		for _, b := range l.queue {
			s.abandon(l, b, now)
		}
		l.queue = nil
	}
}

// abandon gives a batch that waits its outcome: refused if the service has answered, else unsent.
func (s *sender) abandon(l *lane, b *batch, now time.Duration) {
	a := measure.Attempt{Outcome: measure.Unsent, Target: l.target(), Sent: now, Answered: now}
	if b.refused.Outcome == measure.Rejected {
		a = b.refused
	}
	s.opt.Ledger.Settle(b.first, len(b.items), a)
	l.held -= len(b.items)
}

func (s *sender) since(t time.Time) time.Duration { return t.Sub(s.opt.Start) }

func (s *sender) result() Result {
	out := Result{Counts: s.opt.Ledger.Counts(), Stopped: s.stopped}
	s.waited.unanswered(s.opt.Ledger, s.when(), s.since(time.Now()))
	out.Latency = s.waited.result()
	if s.any {
		out.First, out.Last = s.since(s.zero.Add(s.first)), s.since(s.zero.Add(s.last))
	}
	return out
}
