package providers_test

import (
	"regexp"
	"testing"

	"pgregory.net/rapid"

	"github.com/xdc-project/xdc/providers"
)

func TestUniqueNameIsMadeOfTheRunAndTheStep(t *testing.T) {
	got := providers.UniqueName("20260101T000000Z-ABCDEFGH", "fault.network_partition.cut")
	if want := "xdc_abcdefgh_17adbcc4"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// What is healed by name in another process must be found there: the same name, of the promised shape, whatever
// the run and the step are called.
func TestUniqueNameHasItsShape(t *testing.T) {
	shape := regexp.MustCompile(`^xdc_[a-z0-9]{8}_[0-9a-f]{8}$`)
	rapid.Check(t, func(t *rapid.T) {
		run, step := rapid.String().Draw(t, "run"), rapid.String().Draw(t, "step")
		a, b := providers.UniqueName(run, step), providers.UniqueName(run, step)
		if a != b || !shape.MatchString(a) {
			t.Fatalf("%q and %q", a, b)
		}
		if other := providers.UniqueName(run, step+"x"); other == a {
			t.Fatalf("two steps share the name %s", a)
		}
	})
}
