package twin

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// What goes down with a sink is said to be gone where nobody had read it, and only there.
func TestWhatASinkHeldUnreadIsSaidToBeGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var gone []string
		r := newRing(10, false, func() time.Duration { return 0 }, func(id string) { gone = append(gone, id) })
		push := func(ids ...string) {
			for _, id := range ids {
				r.push(id, nil)
				time.Sleep(5 * time.Millisecond)
			}
		}
		push("a", "b")
		if items, _, _ := r.since(0); len(items) != 2 {
			t.Fatalf("%d were read", len(items))
		}
		push("c", "d")
		r.clear()
		push("e")
		r.clear()
		r.clear()
		if want := []string{"c", "d", "e"}; !slices.Equal(gone, want) {
			t.Errorf("gone: %v, want %v", gone, want)
		}
	})
}
