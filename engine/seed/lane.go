package seed

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/xdc-project/xdc/engine/measure"
	"github.com/xdc-project/xdc/providers"
)

// batch is what goes into one request, or what is left of it.
type batch struct {
	first int64 // the number of the first record; the others follow
	dues  []time.Duration
	items []json.RawMessage
	// refused says that the service has answered and asked to come back; else no request has arrived yet.
	refused measure.Attempt
}

// rest cuts the first n records off.
func (b *batch) rest(n int) *batch {
	return &batch{first: b.first + int64(n), dues: b.dues[n:], items: b.items[n:], refused: b.refused}
}

// lane sends batches one after the other, so that records arrive in the order in which they were due. A lane
// sends to one target at a time; with more than one it moves on when the one it sends to fails.
type lane struct {
	targets []int // indices into Spec.Targets
	cur     int   // index into targets
	queue   []*batch
	flying  *batch
	held    int // records queued or flying

	notBefore time.Time // backing off until then
	wait      time.Duration
	failing   time.Time // since when nothing was taken; zero: it works
	missed    []*batch  // sent and not acknowledged, for resend

	jobs chan job
	rng  *rand.Rand
}

func (l *lane) target() int { return l.targets[l.cur] }

// The waits between tries of one batch.
const (
	firstWait = 50 * time.Millisecond
	longWait  = time.Second
)

// maxAsked bounds how long a service's wish to be left alone is heeded.
const maxAsked = 30 * time.Second

// backOff makes the lane wait before it tries again, for at least as long as the service asked.
func (l *lane) backOff(now time.Time, asked time.Duration) {
	l.wait = min(max(2*l.wait, firstWait), longWait)
	wait := time.Duration(float64(l.wait) * (0.75 + l.rng.Float64()/2))
	l.notBefore = now.Add(max(wait, min(asked, maxAsked)))
}

// works notes that the target took something.
func (l *lane) works() {
	l.failing, l.wait, l.notBefore = time.Time{}, 0, time.Time{}
}

// job is a batch on its way to a target; done is what became of it.
type job struct {
	target string
	first  int64 // the number of the first record
	items  []json.RawMessage
	limit  time.Duration
}

type done struct {
	lane    *lane
	receipt providers.Receipt
}

// courier carries the jobs of a lane until there are no more, in a goroutine of its own.
type courier struct {
	lane  *lane
	open  func(ctx context.Context, target string) (providers.Inlet, error)
	check func(target string, number int64, record json.RawMessage) error // nil: any record may leave
	inlet map[string]providers.Inlet
	out   chan<- done
}

func (c *courier) run(ctx context.Context, wg *sync.WaitGroup) {
	defer wg.Done()
	for j := range c.lane.jobs {
		c.out <- done{c.lane, c.carry(ctx, j)}
	}
	for _, in := range c.inlet {
		_ = in.Close() // everything has its outcome by now
	}
}

func (c *courier) carry(ctx context.Context, j job) providers.Receipt {
	ctx, cancel := context.WithTimeout(ctx, j.limit)
	defer cancel()
	started := time.Now()
	if c.check != nil {
		for n, it := range j.items {
			if err := c.check(j.target, j.first+int64(n), it); err != nil {
				return providers.Receipt{Outcome: providers.Unreached, Sent: started, Answered: time.Now(), Err: err}
			}
		}
	}
	in, ok := c.inlet[j.target]
	if !ok {
		var err error
		if in, err = c.open(ctx, j.target); err != nil {
			return providers.Receipt{Outcome: providers.Unreached, Sent: started, Answered: time.Now(), Err: err}
		}
		c.inlet[j.target] = in
	}
	r := in.Send(ctx, j.items)
	if r.Sent.IsZero() {
		r.Sent = started
	}
	if r.Answered.Before(r.Sent) {
		r.Answered = time.Now()
	}
	return r
}
