package exec

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/xdc-project/xdc/providers"
)

func TestOneAtATimeAtAPlaceAndNoDeadlockAcrossPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ps := newPlaces()
		a, b := providers.Place{Target: "dc1"}, providers.Place{Target: "dc2"}
		inside := 0
		done := make(chan struct{})
		for i := range 20 {
			at := []providers.Place{a, b}
			if i%2 == 1 {
				at = []providers.Place{b, a, b}
			}
			go func() {
				release, err := ps.hold(t.Context(), at)
				if err != nil {
					t.Error(err)
				}
				inside++
				if inside != 1 {
					t.Errorf("%d at once", inside)
				}
				time.Sleep(time.Millisecond)
				inside--
				release()
				done <- struct{}{}
			}()
		}
		for range 20 {
			<-done
		}
	})
}

func TestWaitingForAPlaceEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ps := newPlaces()
		at := []providers.Place{{Target: "dc1"}}
		release, _ := ps.hold(t.Context(), at)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := ps.hold(ctx, at); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		release()
		again, err := ps.hold(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		again()
	})
}
