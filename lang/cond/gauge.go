package cond

import (
	"time"

	"github.com/xdc-project/xdc/lang/signal"
)

// gauge keeps the figure of one window while samples arrive and leave. It remembers no more than its figure needs: the
// samples of a window of a fixed length, and of a longer one nothing but the figure itself; only percentiles keep the
// different values. A window between two events ends before the second is known: it holds the latest samples back.
type gauge struct {
	n *window
	v View

	in     ring[signal.Sample] // in a window of a fixed length, or held back, the oldest first
	before signal.Sample       // the last that had left, or came before
	had    bool                // there is one

	size        int
	first, last signal.Sample // of the window, where it does not keep them all

	wide           int // samples with bounds
	num, low, high exact
	least, most    extremes
	sorted         [3]ranks // num, low, high
	differ         int      // neighbours that differ

	end   signal.Span // the event that ends the window
	stale bool        // the figure has changed
	value signal.Value
	known bool
}

// sample takes the next sample, in order.
func (g *gauge) sample(s signal.Sample) {
	switch {
	case g.n.over == 0 && g.n.from != "":
		g.between(s)
	case g.n.name == "changes" && s.High <= 0:
		g.before, g.had = s, true
	default:
		if g.n.over > 0 {
			g.in.push(s)
		}
		g.enter(s)
	}
}

// between takes a sample of a window between two events.
func (g *gauge) between(s signal.Sample) {
	a, ok := g.v.Event(g.n.from)
	opens := s.High >= a.High
	if g.n.name == "changes" {
		opens = s.High > a.High // the one in force at the opening is not one of the window's
	}
	if ok && opens {
		g.in.push(s)
	} else {
		g.before, g.had = s, true
	}
	if g.ended() {
		g.settle()
		return
	}
	for g.in.len() > 0 && g.in.front().High < s.High-holdBack {
		g.enter(g.in.pop())
	}
}

// ended looks whether the event that ends the window is known, and remembers when it was.
func (g *gauge) ended() (ok bool) {
	g.end, ok = g.v.Event(g.n.to)
	return ok
}

// settle takes what the window has of the samples that were held back.
func (g *gauge) settle() {
	for g.in.len() > 0 {
		if s := g.in.pop(); s.High <= g.end.Low {
			g.enter(s)
		}
	}
}

func (g *gauge) enter(s signal.Sample) {
	g.stale = true
	if g.size++; g.size == 1 {
		g.first = s
	} else {
		g.pair(g.last, s, 1)
	}
	g.last = s
	g.figure(s, 1)
}

// leave takes away what has left a window of a fixed length at t.
func (g *gauge) leave(t time.Duration) {
	for g.n.over > 0 && g.in.len() > 0 && g.in.front().High <= t-g.n.over {
		s := g.in.pop()
		g.stale = true
		g.size--
		g.before, g.had = s, true
		if g.in.len() > 0 {
			g.first = g.in.front()
			g.pair(s, g.first, -1)
		}
		g.figure(s, -1)
		g.least.leave(g.before.High)
		g.most.leave(g.before.High)
	}
}

// pair takes two neighbours into account, or no longer.
func (g *gauge) pair(a, b signal.Sample, sign int) {
	switch g.n.name {
	case "changes":
		if !a.Value.Equal(b.Value) {
			g.differ += sign
		}
	case "rate", "delta":
		num := b.Value.Num - a.Value.Num
		if num < 0 {
			num = b.Value.Num
		}
		low, high := step(a.Value, b.Value)
		g.sum(num, low, high, sign)
	}
}

func (g *gauge) sum(num, low, high float64, sign int) {
	g.num.put(num, int64(sign))
	if low == num && high == num {
		return
	}
	g.wide += sign
	g.low.put(low, int64(sign))
	g.low.put(num, -int64(sign))
	g.high.put(high, int64(sign))
	g.high.put(num, -int64(sign))
}

// figure takes one sample into account, or no longer.
func (g *gauge) figure(s signal.Sample, sign int) {
	v := s.Value
	switch g.n.name {
	case "avg":
		g.sum(v.Num, v.Low, v.High, sign)
	case "min", "max":
		if sign > 0 {
			g.least.enter(s, g.n.over > 0, func(a, b float64) bool { return a < b })
			g.most.enter(s, g.n.over > 0, func(a, b float64) bool { return a > b })
		}
	case "p50", "p90", "p99":
		bounded := v.Low != v.Num || v.High != v.Num
		if bounded && sign > 0 && g.wide == 0 { // until now one list stood for all three
			for i := 1; i < 3; i++ {
				g.sorted[i].copy(&g.sorted[0])
			}
		}
		if bounded {
			g.wide += sign
		}
		for i, x := range [3]float64{v.Num, v.Low, v.High} {
			if i > 0 && g.wide == 0 && !bounded {
				break
			}
			if sign > 0 {
				g.sorted[i].add(x)
			} else {
				g.sorted[i].sub(x)
			}
		}
		if bounded && g.wide == 0 {
			g.sorted[1].clear()
			g.sorted[2].clear()
		}
	}
}

// read is the figure at t.
func (g *gauge) read(t time.Duration) (signal.Value, bool) {
	if g.n.over > 0 {
		g.leave(t)
	} else if g.n.from != "" {
		a, ok := g.v.Event(g.n.from)
		if !ok || !g.ended() || g.end.High > t {
			return signal.Value{}, false
		}
		if _, _, ok := surely(a, g.end); !ok {
			return signal.Value{}, false
		}
		g.settle()
	}
	if g.n.name == "changes" {
		return g.changes(t)
	}
	if g.stale {
		g.stale = false
		g.value, g.known = g.compute()
	}
	return g.value, g.known
}

func (g *gauge) compute() (signal.Value, bool) {
	if g.size == 0 {
		return signal.Value{}, false
	}
	k := g.last.Value.Kind
	switch g.n.name {
	case "count":
		return signal.NumberVal(float64(g.size)), true
	case "avg":
		num, low, high := g.sums()
		n := float64(g.size)
		return signal.Bounded(k, num/n, low/n, high/n), true
	case "delta":
		num, low, high := g.sums()
		return signal.Bounded(k, num, low, high), g.size > 1
	case "rate":
		span := (g.last.High - g.first.High).Seconds()
		if span <= 0 {
			return signal.Value{}, false
		}
		num, low, high := g.sums()
		return signal.Bounded(signal.Number, num/span, low/span, high/span), true
	case "min":
		return g.least.value(k), true
	case "max":
		return g.most.value(k), true
	}
	rank := nearestRank(g.n.name, g.size)
	num := g.sorted[0].at(rank)
	if g.wide == 0 {
		return signal.Bounded(k, num, num, num), true
	}
	return signal.Bounded(k, num, g.sorted[1].at(rank), g.sorted[2].at(rank)), true
}

func (g *gauge) sums() (num, low, high float64) {
	num = g.num.value()
	if g.wide == 0 {
		return num, num, num
	}
	a, b := g.num.plus(&g.low), g.num.plus(&g.high)
	return num, a.value(), b.value()
}

// changes counts neighbours that differ, starting from the value in force when the window opened.
func (g *gauge) changes(t time.Duration) (signal.Value, bool) {
	opens := time.Duration(0)
	if g.n.over > 0 {
		opens = max(t-g.n.over, 0)
	} else if a, ok := g.v.Event(g.n.from); ok && g.n.from != "" {
		opens = a.High
	}
	n := g.differ
	known := g.had && (g.before.ValidFor == 0 || opens < g.before.High+g.before.ValidFor)
	if g.size == 0 {
		return signal.NumberVal(0), known
	}
	if known && !g.before.Value.Equal(g.first.Value) {
		n++
	}
	return signal.NumberVal(float64(n)), true
}

// next is the first instant after t at which the figure may change without a sample.
func (g *gauge) next(t time.Duration) time.Duration {
	if g.n.over == 0 {
		return forever
	}
	out := forever
	if g.in.len() > 0 {
		out = g.in.front().High + g.n.over
	}
	if g.n.name == "changes" {
		if g.had && g.before.ValidFor > 0 {
			if at := g.before.High + g.before.ValidFor + g.n.over; at > t {
				out = min(out, at)
			}
		}
		if g.n.over > t {
			out = min(out, g.n.over) // before, the window is clipped to the run
		}
	}
	return out
}

// extremes are the greatest, or least, num, low and high. In a window of a fixed length they keep what may become one when
// others have left.
type extremes struct {
	size  int
	best  [3]float64
	queue [3]ring[dated]
	slide bool
}

type dated struct {
	x    float64
	high time.Duration
}

func (e *extremes) enter(s signal.Sample, slide bool, better func(a, b float64) bool) {
	e.slide = slide
	e.size++
	for i, x := range [3]float64{s.Value.Num, s.Value.Low, s.Value.High} {
		if !slide {
			if e.size == 1 || better(x, e.best[i]) {
				e.best[i] = x
			}
			continue
		}
		q := &e.queue[i]
		for q.len() > 0 && !better(q.back().x, x) {
			q.drop()
		}
		q.push(dated{x, s.High})
	}
}

func (e *extremes) leave(high time.Duration) {
	for i := range e.queue {
		for q := &e.queue[i]; q.len() > 0 && q.front().high <= high; {
			q.pop()
		}
	}
}

func (e *extremes) value(k signal.Kind) signal.Value {
	b := e.best
	if e.slide {
		for i := range b {
			b[i] = e.queue[i].front().x
		}
	}
	return signal.Bounded(k, b[0], b[1], b[2])
}

// ring is a queue in one piece of memory that is used again.
type ring[T any] struct {
	items []T
	head  int
	n     int
}

func (r *ring[T]) len() int { return r.n }
func (r *ring[T]) front() T { return r.items[r.head] }
func (r *ring[T]) back() T  { return r.items[(r.head+r.n-1)%len(r.items)] }

func (r *ring[T]) push(x T) {
	if r.n == len(r.items) {
		more := make([]T, max(8, 2*r.n))
		for i := range r.n {
			more[i] = r.items[(r.head+i)%r.n]
		}
		r.items, r.head = more, 0
	}
	r.items[(r.head+r.n)%len(r.items)] = x
	r.n++
}

func (r *ring[T]) pop() T {
	x := r.items[r.head]
	var none T
	r.items[r.head] = none
	r.head = (r.head + 1) % len(r.items)
	r.n--
	return x
}

func (r *ring[T]) drop() { r.n-- }
