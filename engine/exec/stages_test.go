package exec

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/xdc-project/xdc/engine/plan"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/value"
)

func TestStagesFollowEachOtherAndRampsMoveInSeconds(t *testing.T) {
	sec := func(n int) value.Duration { return value.Duration(time.Duration(n) * time.Second) }
	st := &step{Step: &plan.Step{Step: &program.Step{
		Args: json.RawMessage(`{"latency":"0s","loss":0}`),
		Fault: &program.Fault{Stages: []program.FaultStage{
			{Duration: sec(10), Args: json.RawMessage(`{"latency":"100ms","loss":0.1}`)},
			{Duration: sec(4), Ramp: true, Args: json.RawMessage(`{"latency":"500ms","loss":0.5}`)},
		}},
	}}}
	points := stagePoints(st)
	if len(points) != 5 {
		t.Fatalf("got %d points, want 1 for the step and 4 for the ramp", len(points))
	}
	wantAt := []time.Duration{0, 10 * time.Second, 11 * time.Second, 12 * time.Second, 13 * time.Second}
	wantLatency := []string{"100ms", "200ms", "300ms", "400ms", "500ms"}
	for i, p := range points {
		var a struct{ Latency string }
		if err := json.Unmarshal(p.args, &a); err != nil {
			t.Fatal(err)
		}
		if p.at != wantAt[i] || a.Latency != wantLatency[i] {
			t.Errorf("point %d: got %v %s, want %v %s", i, p.at, a.Latency, wantAt[i], wantLatency[i])
		}
	}
}
