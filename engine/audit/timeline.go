package audit

import (
	"time"

	"github.com/xdc-project/xdc/engine/event"
)

const (
	// finest is how long a bar of the timeline is at least.
	finest = 100 * time.Millisecond
	// maxBars bounds how many bars there are: when one would lie beyond, all become twice as long.
	maxBars = 1200
)

// timeline counts losses by when they were acknowledged: all of them, however many there are.
type timeline struct {
	width time.Duration
	bars  []bar
}

type bar struct{ lost, inconclusive int64 }

func (t *timeline) add(acked time.Duration, hidden bool) {
	if t.width == 0 {
		t.width = finest
	}
	acked = max(acked, 0)
	for acked/t.width >= maxBars {
		half := t.bars
		t.bars = make([]bar, (len(half)+1)/2)
		for i, b := range half {
			t.bars[i/2].lost += b.lost
			t.bars[i/2].inconclusive += b.inconclusive
		}
		t.width *= 2
	}
	i := int(acked / t.width)
	for len(t.bars) <= i {
		t.bars = append(t.bars, bar{})
	}
	if hidden {
		t.bars[i].inconclusive++
	} else {
		t.bars[i].lost++
	}
}

// list is what the bars that are not empty say.
func (t *timeline) list() []event.Loss {
	var out []event.Loss
	for i, b := range t.bars {
		if b != (bar{}) {
			from := time.Duration(i) * t.width
			out = append(out, event.Loss{From: from.Seconds(), To: (from + t.width).Seconds(), Lost: b.lost, Inconclusive: b.inconclusive})
		}
	}
	return out
}
