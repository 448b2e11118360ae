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
