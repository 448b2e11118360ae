package report

import (
	"fmt"

	"github.com/xdc-project/xdc/engine/event"
)

// Claim is a conclusion: what a signal was said to be, on what evidence, and from when.
type Claim struct {
	// After and By bound the instant from which it was so: later than After and no later than By.
	After    float64 `json:"after"`
	By       float64 `json:"by"`
	Signal   string  `json:"signal"`
	From     string  `json:"from,omitempty"`
	To       string  `json:"to"`
	Strength string  `json:"strength"` // strong, medium, weak
	Evidence string  `json:"evidence"`
}

// maxClaims bounds what a report says of conclusions; events.jsonl has all.
const maxClaims = 500

// claim notes a change of a signal that was concluded. What was merely seen is in the trace.
func (f *folding) claim(b *event.Changed) {
	switch {
	case b.Strength == "" || b.To.Kind.Numeric():
		return
	case len(f.out.Claims) == maxClaims:
		f.out.ClaimsLeft++
		return
	}
	c := Claim{After: b.After.Seconds(), By: b.By.Seconds(), Signal: b.Signal, To: b.To.String(), Strength: string(b.Strength), Evidence: b.Evidence}
	if b.From != b.To && b.From.Kind == b.To.Kind {
		c.From = b.From.String()
	}
	f.out.Claims = append(f.out.Claims, c)
}

type claimRow struct{ When, Signal, Change, Strength, Tone, Evidence string }

var strengthTones = map[string]string{"strong": "good", "medium": "warn", "weak": "bad"}

func (c Claim) row() claimRow {
	r := claimRow{When: fmt.Sprintf("%s to %s", about(c.After), about(c.By)), Signal: c.Signal, Change: c.To, Strength: c.Strength, Tone: strengthTones[c.Strength], Evidence: c.Evidence}
	if c.From != "" {
		r.Change = c.From + " → " + c.To
	}
	return r
}
