package audit

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Every loss is in the one bar that has its instant, and there are never too many bars.
func TestEveryLossIsInItsBar(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var line timeline
		var all [2][]time.Duration
		longest := rapid.SampledFrom([]time.Duration{time.Second, time.Minute, time.Hour, 100 * time.Hour}).Draw(t, "longest")
		for range rapid.IntRange(0, 200).Draw(t, "losses") {
			at := time.Duration(rapid.Int64Range(0, int64(longest)).Draw(t, "at"))
			hidden := rapid.IntRange(0, 1).Draw(t, "hidden")
			all[hidden] = append(all[hidden], at)
			line.add(at, hidden == 1)
		}
		bars := line.list()
		if len(line.bars) > maxBars || longest <= time.Minute && line.width > finest && len(bars) > 0 {
			t.Fatalf("%d bars of %s", len(line.bars), line.width)
		}
		count := func(losses []time.Duration, from, to float64) (n int64) {
			for _, at := range losses {
				if s := at.Seconds(); s >= from && s < to {
					n++
				}
			}
			return n
		}
		var lost, inconclusive int64
		for _, b := range bars {
			if b.Lost != count(all[0], b.From, b.To) || b.Inconclusive != count(all[1], b.From, b.To) || b.Lost+b.Inconclusive == 0 {
				t.Fatalf("%+v of %v", b, all)
			}
			lost, inconclusive = lost+b.Lost, inconclusive+b.Inconclusive
		}
		if lost != int64(len(all[0])) || inconclusive != int64(len(all[1])) {
			t.Fatalf("the bars have %d and %d, want %d and %d", lost, inconclusive, len(all[0]), len(all[1]))
		}
	})
}
