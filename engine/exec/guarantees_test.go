package exec

import (
	"testing"

	"github.com/xdc-project/xdc/engine/event"
)

func TestACheckerThatCannotTellHasNoValue(t *testing.T) {
	yes, no := true, false
	m := auditAttrs(event.AuditCounts{Checks: event.Checks{ExactlyOnce: &no, AtLeastOnce: &yes, AtMostOnce: &no, MonotoneState: &yes}})
	for name, want := range map[string]any{"exactly_once": false, "at_least_once": true, "at_most_once": false, "ordered_by_key": nil, "monotone_state": true} {
		if got := m[name]; got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
}

// Records of which nobody can tell how they were lost, and those that nobody knows to be lost, may have been lost in any way.
func TestHowRecordsWereLostIsAnInterval(t *testing.T) {
	m := auditAttrs(event.AuditCounts{Lost: 10, Inconclusive: 5, Causes: event.LossCauses{InFlight: 6, DuringFault: 1, Unknown: 3, Evicted: 4}})
	for name, want := range map[string]float64{
		"lost_in_flight": 6, "lost_in_flight_low": 6, "lost_in_flight_high": 14, "lost_during_fault_low": 1, "lost_during_fault_high": 9,
		"lost_passed_over_low": 0, "lost_passed_over_high": 8, "lost_unknown": 3, "evicted": 4,
	} {
		if m[name] != want {
			t.Errorf("%s is %v, want %v", name, m[name], want)
		}
	}
}
