package cond

import "time"

// Reach is how far back from an instant Eval and Truth look for samples other than the value in force there. ok is false
// where that is as far as the run or events reach: for windows without a fixed length.
func (f *Formula) Reach() (back time.Duration, ok bool) {
	back = reach(f.root)
	return back, back != forever
}

func reach(n node) time.Duration {
	longest := time.Duration(0)
	for _, c := range children(n) {
		longest = max(longest, reach(c))
	}
	switch n := n.(type) {
	case *held:
		return further(longest, n.over)
	case *window:
		if n.over == 0 {
			return forever
		}
		return n.over
	}
	return longest
}

func further(a, b time.Duration) time.Duration {
	if a == forever {
		return forever
	}
	return a + b
}

// Follower follows a formula without temporal operators through time, once and in order, and remembers no more than its
// windows need. It is not safe for concurrent use.
type Follower struct {
	root truthNode
	s    *stream
}

// Follow starts following, from the start of the run.
func (f *Formula) Follow(v View) *Follower {
	root := f.root.(truthNode)
	return &Follower{root: root, s: newStream(f, v, root)}
}

// Advance goes on to now, inclusive, and says what the truth is at from and at every later instant at which it may have
// changed. visit returns whether to go on.
func (w *Follower) Advance(now, from time.Duration, visit func(t time.Duration, truth Truth) bool) {
	w.s.advance(now, from, nil, func(t time.Duration) bool { return visit(t, w.root.truth(w.s.look(t))) })
}

// Judged is the truth where Advance has stopped, with the reasons.
func (w *Follower) Judged() Judged {
	t := w.s.scene.t
	l := w.s.look(t)
	j := Judged{Truth: w.root.truth(l), At: t, From: t, To: t}
	j.Why = explain(w.root, l, j.Truth)
	j.Values = operands(w.root, l)
	j.Part, j.Samples = part(w.root, l, j.Truth)
	return j
}

// Passed is up to where nothing is needed of the view any more, inclusive, but the last sample before it.
func (w *Follower) Passed() time.Duration { return w.s.done }
