package cond

import (
	"math"
	"time"

	"github.com/xdc-project/xdc/lang/signal"
)

// stream follows formulas without temporal operators through time, once and in order, and knows at each instant what they
// are then. It remembers what is still needed and nothing else: what it has passed may be forgotten by the view.
//
// It stops at every instant at which something may change: a sample, an expiry, a sample that leaves a window, the end of
// a `for`, an age that passes a limit, an event. Which instants those are follows from the samples and events alone, not
// from when it is told to go on.
type stream struct {
	v     View
	done  time.Duration // everything up to here is passed, inclusive
	scene scene
	now   look // at the scene, used again and again

	feeds  []feed
	gauges []*gauge
	helds  []*keeping
	events []occasion
	ticks  bool // an age is looked at all the time

	lossy Lossy // the view, if it may be one
	blind bool  // something was lost before
}

// scene is what is known at an instant.
type scene struct {
	t       time.Duration
	last    []signal.Sample // by slot; without a name where there is none
	windows []content
	helds   []Truth
	of      *stream // nil for one that was remembered
}

// content is the figure of a window.
type content struct {
	value signal.Value
	known bool
}

// feed is a signal.
type feed struct {
	name    string
	slot    int
	read    bool            // its value counts, and so does that it expires
	limits  []time.Duration // of its age
	gauges  []*gauge
	pending []signal.Sample
}

// occasion is an event whose happening counts.
type occasion struct {
	name string
	at   time.Duration
	seen bool
}

// keeping is the state of a `for`.
type keeping struct {
	n       *held
	now     Truth            // of its body
	last    [3]time.Duration // the last instant at which the body was so, by truth
	ever    [3]bool          // whether it was
	because [3]scene         // what was so when it last was looked at and was so
}

// newStream follows the nodes, which are of one formula, from the start of the run on.
func newStream(f *Formula, v View, nodes ...truthNode) *stream {
	s := &stream{v: v, done: math.MinInt64}
	s.scene = scene{t: math.MinInt64, last: make([]signal.Sample, len(f.signals)), windows: make([]content, len(f.windows)), helds: make([]Truth, len(f.helds)), of: s}
	s.lossy, _ = v.(Lossy)
	at := make([]int, len(f.signals)) // slot -> feed + 1
	feedOf := func(name string, slot int) *feed {
		if at[slot] == 0 {
			s.feeds = append(s.feeds, feed{name: name, slot: slot})
			at[slot] = len(s.feeds)
		}
		return &s.feeds[at[slot]-1]
	}
	windows := map[*window]bool{}
	var walk func(node)
	walk = func(n node) {
		switch n := n.(type) {
		case *held:
			walk(n.body)
			for _, k := range s.helds {
				if k.n == n {
					return
				}
			}
			s.helds = append(s.helds, &keeping{n: n})
			return
		case comparison:
			if _, limit, ok := ageLimit(n); ok {
				for _, r := range readings(n) {
					f := feedOf(r.name, r.slot)
					f.limits = append(f.limits, limit)
				}
				return
			}
		case reading:
			feedOf(n.subject.Name, n.slot).read = true
		case ageOf:
			feedOf(n.subject.Name, n.slot)
			s.ticks = true
		case *window:
			f := feedOf(n.subject.Name, n.slot)
			if !windows[n] {
				windows[n] = true
				g := &gauge{n: n, v: v}
				s.gauges = append(s.gauges, g)
				f.gauges = append(f.gauges, g)
			}
			s.event(n.from)
			s.event(n.to)
		case happened:
			s.event(n.subject.Name)
		case timeOf:
			s.event(n.subject.Name)
		}
		for _, c := range children(n) {
			walk(c)
		}
	}
	for _, n := range nodes {
		walk(n)
	}
	return s
}

func (s *stream) event(name string) {
	for _, e := range s.events {
		if e.name == name {
			return
		}
	}
	if name != "" {
		s.events = append(s.events, occasion{name: name})
	}
}

// look is what is known at t, which nothing has changed since the last stop.
func (s *stream) look(t time.Duration) *look {
	s.now = look{v: s.v, t: t, scene: &s.scene}
	return &s.now
}

// advance passes everything up to limit, inclusive. It calls visit at each stop from `from` on, and at from itself; also
// is a further instant at which to stop, asked for again after each. visit returns whether to go on.
func (s *stream) advance(limit, from time.Duration, also func() time.Duration, visit func(t time.Duration) bool) {
	if limit <= s.done {
		return
	}
	for i := range s.feeds {
		f := &s.feeds[i]
		f.pending = s.v.Samples(f.name, max(s.done, math.MinInt64+1)+1, limit)
	}
	for i := range s.events {
		e := &s.events[i]
		if span, ok := s.v.Event(e.name); ok {
			e.at, e.seen = span.High, true
		}
	}
	for {
		t := s.next(max(s.done, -1))
		if from > s.done {
			t = min(t, from)
		}
		if also != nil {
			if a := also(); a > s.done {
				t = min(t, a)
			}
		}
		if t > limit {
			break
		}
		s.stop(t, t >= from)
		s.done = t
		if t >= from && visit != nil && !visit(t) {
			break
		}
	}
	s.done = max(s.done, limit)
	for i := range s.feeds {
		s.feeds[i].pending = nil
	}
}

// next is the first instant after t at which something may change.
func (s *stream) next(t time.Duration) time.Duration {
	out := forever
	later := func(at time.Duration) {
		if at > t && at < out {
			out = at
		}
	}
	for i := range s.feeds {
		f := &s.feeds[i]
		if len(f.pending) > 0 {
			out = min(out, f.pending[0].High)
		}
		x := &s.scene.last[f.slot]
		if x.Signal == "" {
			continue
		}
		if f.read && x.ValidFor > 0 {
			later(x.High + x.ValidFor)
		}
		for _, limit := range f.limits {
			later(x.Low + limit)
			later(x.Low + limit + 1)
			later(x.High + limit)
			later(x.High + limit + 1)
		}
	}
	for _, g := range s.gauges {
		later(g.next(t))
	}
	for i := range s.events {
		if e := &s.events[i]; e.seen {
			later(e.at)
		}
	}
	for _, k := range s.helds {
		later(0)
		later(k.n.over)
		for _, truth := range []Truth{False, Unknown} {
			if k.ever[truth] && k.now != truth {
				later(k.last[truth] + 1 + k.n.over)
			}
		}
	}
	later(s.losses(t))
	if s.ticks {
		later(max(t, 0).Truncate(tick) + tick)
	}
	return out
}

// stop takes in what is new at t and works out what is known then.
func (s *stream) stop(t time.Duration, asked bool) {
	for i := range s.feeds {
		f := &s.feeds[i]
		for len(f.pending) > 0 && f.pending[0].High <= t {
			x := f.pending[0]
			f.pending = f.pending[1:]
			if x.Signal == "" {
				x.Signal = f.name
			}
			s.scene.last[f.slot] = x
			for _, g := range f.gauges {
				g.sample(x)
			}
		}
	}
	s.scene.t = t
	s.lose(t)
	if !asked && len(s.helds) == 0 {
		for _, g := range s.gauges {
			g.leave(t)
		}
		return
	}
	for _, g := range s.gauges {
		w := &s.scene.windows[g.n.id]
		w.value, w.known = g.read(t)
		w.known = w.known && s.whole(g, t)
	}
	for _, k := range s.helds {
		s.scene.helds[k.n.id] = k.step(s.look(t))
	}
}

// step takes the truth of the body at the instant of the look, and is the truth of the whole then.
func (k *keeping) step(l *look) Truth {
	if k.ever[k.now] {
		k.last[k.now] = l.t - 1
	}
	k.now = k.n.body.truth(l)
	k.last[k.now], k.ever[k.now] = l.t, true
	if k.now != True {
		k.because[k.now].remember(l.scene)
	}
	from := l.t - k.n.over
	switch {
	case k.ever[False] && k.last[False] >= max(from, 0):
		return False
	case from < 0 || k.ever[Unknown] && k.last[Unknown] >= from:
		return Unknown
	}
	return True
}

// remember copies a scene.
func (c *scene) remember(o *scene) {
	c.t = o.t
	c.last = append(c.last[:0], o.last...)
	c.windows = append(c.windows[:0], o.windows...)
	c.helds = append(c.helds[:0], o.helds...)
}

// broke is what was so when the body of a `for` was last what made the whole of it so.
func (c *scene) broke(n *held, t Truth) (*scene, bool) {
	if c.of == nil {
		return c, false
	}
	for _, k := range c.of.helds {
		if k.n == n && k.ever[t] && (t == False || k.last[t] >= max(c.t-n.over, 0)) {
			return &k.because[t], true
		}
	}
	return c, false
}
