package exec

import (
	"container/heap"
	"slices"
	"time"

	"github.com/xdc-project/xdc/lang/cond"
)

// watcher is somebody who must be asked again when a signal, an event or the time has come. It belongs to the
// loop.
type watcher struct {
	// step looks at the run as it is at now. It returns the next instant at which it must be asked although
	// nothing has arrived; zero means none. done ends the watch.
	step func(now time.Duration) (next time.Duration, done bool)
	subs []string
	next time.Duration
	over bool
	// asked is the count of rounds in which it was last asked, so that it is asked once a round.
	dirty bool
}

// watchers knows who watches what.
type watchers struct {
	by    map[string]map[*watcher]int // subject -> watchers, with their order of arrival
	n     int
	dirty []*watcher
	times timeHeap
	busy  bool // run is under way; what is marked meanwhile is asked by it
}

func newWatchers() *watchers { return &watchers{by: map[string]map[*watcher]int{}} }

// watch registers a watcher for the subjects of a formula and has it asked at once.
func (ws *watchers) watch(f *cond.Formula, step func(now time.Duration) (time.Duration, bool), more ...string) {
	w := &watcher{step: step, subs: more}
	if f != nil {
		for _, s := range f.Subjects() {
			w.subs = append(w.subs, s.Name)
		}
	}
	ws.n++
	for _, s := range w.subs {
		if ws.by[s] == nil {
			ws.by[s] = map[*watcher]int{}
		}
		ws.by[s][w] = ws.n
	}
	ws.mark(w)
}

func (ws *watchers) mark(w *watcher) {
	if !w.dirty && !w.over {
		w.dirty = true
		ws.dirty = append(ws.dirty, w)
	}
}

// touch says that something new is known about a subject.
func (ws *watchers) touch(subject string) {
	set := ws.by[subject]
	if len(set) == 0 {
		return
	}
	var added []*watcher
	for w := range set {
		added = append(added, w)
	}
	slices.SortFunc(added, func(a, b *watcher) int { return set[a] - set[b] }) // map order must not decide
	for _, w := range added {
		ws.mark(w)
	}
}

// wanted reports whether anybody watches a subject.
func (ws *watchers) wanted(subject string) bool { return len(ws.by[subject]) > 0 }

// stop ends a watch.
func (ws *watchers) stop(w *watcher) {
	if w == nil || w.over {
		return
	}
	w.over = true
	for _, s := range w.subs {
		delete(ws.by[s], w)
		if len(ws.by[s]) == 0 {
			delete(ws.by, s)
		}
	}
}

// touchAll has everybody asked: something about the run itself has changed.
func (ws *watchers) touchAll() {
	var all []*watcher
	at := map[*watcher]int{}
	for _, set := range ws.by {
		for w, n := range set {
			if _, ok := at[w]; !ok {
				at[w] = n
				all = append(all, w)
			}
		}
	}
	for _, t := range ws.times {
		if _, ok := at[t.w]; !ok {
			at[t.w] = t.n
			all = append(all, t.w)
		}
	}
	slices.SortFunc(all, func(a, b *watcher) int { return at[a] - at[b] })
	for _, w := range all {
		ws.mark(w)
	}
}

// run asks everybody who must be asked at now, until nobody is left.
func (ws *watchers) run(now time.Duration) {
	if ws.busy {
		return
	}
	ws.busy = true
	defer func() { ws.busy = false }()
	for len(ws.times) > 0 && (ws.times[0].at <= now || ws.times[0].w.over) {
		t := heap.Pop(&ws.times).(timed)
		if t.w.next == t.at {
			ws.mark(t.w)
		}
	}
	for len(ws.dirty) > 0 {
		w := ws.dirty[0]
		ws.dirty = ws.dirty[1:]
		w.dirty = false
		if w.over {
			continue
		}
		next, done := w.step(now)
		switch {
		case done:
			ws.stop(w)
		case next > 0 && next != w.next:
			w.next = next
			ws.n++
			heap.Push(&ws.times, timed{next, ws.n, w})
		case next == 0:
			w.next = 0
		}
	}
}

// due returns when somebody must be asked next.
func (ws *watchers) due() (time.Duration, bool) {
	for len(ws.times) > 0 && (ws.times[0].w.over || ws.times[0].w.next != ws.times[0].at) {
		heap.Pop(&ws.times)
	}
	if len(ws.times) == 0 {
		return 0, false
	}
	return ws.times[0].at, true
}

type timed struct {
	at time.Duration
	n  int
	w  *watcher
}

type timeHeap []timed

func (h timeHeap) Len() int { return len(h) }
func (h timeHeap) Less(i, j int) bool {
	return h[i].at < h[j].at || (h[i].at == h[j].at && h[i].n < h[j].n)
}
func (h timeHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *timeHeap) Push(x any)   { *h = append(*h, x.(timed)) }
func (h *timeHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}
