package cond

import (
	"slices"
	"sort"
)

// ranks keeps numbers in order, so that one can be asked for by its rank. Equal numbers take the room of one: memory goes
// with how many different ones there are, 16 bytes each. Adding and taking away go with the root of that.
type ranks struct {
	buckets []*bucket
	free    []*bucket
	n       int
}

type bucket struct {
	items []counted
	n     int
}

type counted struct {
	x float64
	n int
}

// bucketSize is how many different numbers a bucket has at most.
const bucketSize = 512

// find returns where x is or belongs.
func (r *ranks) find(x float64) (b, i int, ok bool) {
	b = sort.Search(len(r.buckets), func(i int) bool {
		items := r.buckets[i].items
		return items[len(items)-1].x >= x
	})
	if b == len(r.buckets) {
		if b == 0 {
			return 0, 0, false
		}
		b--
	}
	items := r.buckets[b].items
	i = sort.Search(len(items), func(i int) bool { return items[i].x >= x })
	return b, i, i < len(items) && items[i].x == x
}

func (r *ranks) add(x float64) {
	r.n++
	b, i, ok := r.find(x)
	if len(r.buckets) == 0 {
		r.buckets = append(r.buckets, r.bucket())
	}
	k := r.buckets[b]
	k.n++
	if ok {
		k.items[i].n++
		return
	}
	k.items = slices.Insert(k.items, i, counted{x, 1})
	if len(k.items) < bucketSize {
		return
	}
	more := r.bucket()
	more.items = append(more.items, k.items[bucketSize/2:]...)
	k.items = k.items[:bucketSize/2]
	for _, c := range more.items {
		more.n += c.n
	}
	k.n -= more.n
	r.buckets = slices.Insert(r.buckets, b+1, more)
}

// bucket returns an empty one.
func (r *ranks) bucket() *bucket {
	if n := len(r.free); n > 0 {
		b := r.free[n-1]
		r.free = r.free[:n-1]
		return b
	}
	return &bucket{items: make([]counted, 0, bucketSize)}
}

// sub takes away a number that was added.
func (r *ranks) sub(x float64) {
	b, i, ok := r.find(x)
	if !ok {
		return
	}
	r.n--
	k := r.buckets[b]
	k.n--
	if k.items[i].n--; k.items[i].n > 0 {
		return
	}
	k.items = slices.Delete(k.items, i, i+1)
	if len(k.items) == 0 {
		r.buckets = slices.Delete(r.buckets, b, b+1)
		if len(r.free) < 4 {
			k.n = 0
			r.free = append(r.free, k)
		}
	}
}

// at is the number of a rank, from 0 on.
func (r *ranks) at(rank int) float64 {
	for _, b := range r.buckets {
		if rank >= b.n {
			rank -= b.n
			continue
		}
		for _, c := range b.items {
			if rank -= c.n; rank < 0 {
				return c.x
			}
		}
	}
	return 0
}

// copy makes r the same as another.
func (r *ranks) copy(o *ranks) {
	r.clear()
	for _, b := range o.buckets {
		k := r.bucket()
		k.items, k.n = append(k.items, b.items...), b.n
		r.buckets = append(r.buckets, k)
	}
	r.n = o.n
}

func (r *ranks) clear() {
	*r = ranks{}
}
