//go:build race

package session_test

import "testing"

// leftToAPassWithoutTheDetector skips tests under the race detector that rehearse again what others rehearse, to compare
// figures: it takes six times as long with it. make test makes a pass without it too.
func leftToAPassWithoutTheDetector(t *testing.T) {
	t.Helper()
	t.Skip("compares figures of rehearsals: left to the pass without the race detector")
}
