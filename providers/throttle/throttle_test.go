package throttle_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/xdc-project/xdc/providers/throttle"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestNoSecondHasMoreThanTheRateAndWhoComesFirstGoesFirst(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		most := rapid.IntRange(1, 9).Draw(rt, "most")
		pauses := rapid.SliceOfN(rapid.IntRange(0, 700), 1, 40).Draw(rt, "pauses in ms")
		polls := rapid.SliceOfN(rapid.Bool(), 40, 40).Draw(rt, "polls")
		synctest.Test(t, func(*testing.T) {
			th := throttle.New(most)
			var mu sync.Mutex
			var all []time.Time
			var order [2][]int
			var wg sync.WaitGroup
			start := time.Now()
			for i, p := range pauses {
				time.Sleep(time.Duration(p) * time.Millisecond)
				synctest.Wait()
				wg.Go(func() {
					ctx, kind := context.Background(), 0
					if polls[i] {
						ctx, kind = throttle.Polling(ctx), 1
					}
					if err := th.Wait(ctx); err != nil {
						rt.Errorf("it says %v", err)
					}
					mu.Lock()
					defer mu.Unlock()
					all = append(all, time.Now())
					order[kind] = append(order[kind], i)
				})
			}
			wg.Wait()
			for i := most; i < len(all); i++ {
				if d := all[i].Sub(all[i-most]); d < time.Second {
					rt.Errorf("%d requests within %s, %d are allowed", most+1, d, most)
				}
			}
			for kind, got := range order {
				if !slices.IsSorted(got) {
					rt.Errorf("of kind %d the order is %v", kind, got)
				}
			}
			if len(all) <= most*3/4 && time.Since(start) > time.Duration(1+sum(pauses))*time.Millisecond {
				rt.Errorf("it waited without need: %s", time.Since(start))
			}
		})
	})
}

func sum(ns []int) (n int) {
	for _, x := range ns {
		n += x
	}
	return n
}

func TestPollsLeaveRoomForWhatChangesSomething(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := throttle.New(8)
		ctx, stop := context.WithCancel(throttle.Polling(t.Context()))
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() { _ = th.Wait(ctx) })
		}
		time.Sleep(500 * time.Millisecond)
		began := time.Now()
		for range 2 {
			if err := th.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if d := time.Since(began); d > 0 {
			t.Errorf("a heal waited %s behind polls", d)
		}
		stop()
		wg.Wait()
	})
}

func TestWhoGivesUpDoesNotBlockTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := throttle.New(1)
		_ = th.Wait(t.Context())
		why := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if err := th.Wait(ctx); !errors.Is(err, why) {
					t.Errorf("it says %v", err)
				}
			})
		}
		synctest.Wait()
		cancel(why)
		wg.Wait()
		began := time.Now()
		if err := th.Wait(t.Context()); err != nil || time.Since(began) > time.Second {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
	})
}

func TestAServerHasOneThrottleAndTheSmallestRateCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s throttle.Set
		a, b := s.At("x:1", 5), s.At("x:1", 2)
		if a != b || s.At("y:1", 5) == a {
			t.Error("servers and throttles do not go together")
		}
		s.At("x:1", 100)
		began := time.Now()
		for range 5 {
			_ = a.Wait(t.Context())
		}
		if d := time.Since(began); d != 2*time.Second {
			t.Errorf("five requests took %s", d)
		}
		var none *throttle.Set
		if none.At("x", 1) == nil || (*throttle.Throttle)(nil).Wait(t.Context()) != nil {
			t.Error("nothing is not a throttle that admits all")
		}
	})
}
