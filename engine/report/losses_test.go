package report

import (
	"slices"
	"testing"

	"github.com/xdc-project/xdc/engine/event"
)

func TestAllLossesAreMarkedInTime(t *testing.T) {
	t.Parallel()
	s := Summary{Audits: []Audit{
		{Audit: event.Audit{
			LostAcked: []float64{1, 1}, // a thousand of them at most, and of all these the first
			Losses:    []event.Loss{{From: 1, To: 1.1, Lost: 1000}, {From: 7.5, To: 7.6, Inconclusive: 3}, {From: 20, To: 20.1, Lost: 5}},
		}},
		{Audit: event.Audit{LostAcked: []float64{3.04, 3.01}}}, // of an older run
	}}
	if got, want := s.lostAt(), []float64{1.1, 3, 20.1}; !slices.Equal(got, want) {
		t.Errorf("marked are %v, want %v", got, want)
	}
}
