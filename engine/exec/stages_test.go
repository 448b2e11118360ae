package exec

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/xdc-project/xdc/engine/plan"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
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

// cutter is a fault that cuts xdc off when its arguments say so.
type cutter struct{ worldDeed }

func (cutter) Prepare(_ context.Context, id providers.StepID, raw json.RawMessage) (providers.Handle, error) {
	var a struct{ Cuts, Bad bool }
	if err := json.Unmarshal(raw, &a); err != nil {
		return providers.Handle{}, err
	}
	if a.Bad {
		return providers.Handle{}, errors.New("it cannot be done")
	}
	h, err := providers.NewHandle(id, "world", "cutter", nil, nil, nil, a)
	h.CutOff = a.Cuts
	return h, err
}

func (cutter) Restage(context.Context, providers.Handle, json.RawMessage) error { return nil }

func TestOnlyTheLastStageMayCutXdcOff(t *testing.T) {
	const cuts, leaves, bad = `{"cuts":true}`, `{}`, `{"bad":true}`
	for _, tc := range []struct {
		stages []string
		ramp   bool
		cut    bool
		want   string
	}{
		{nil, false, false, ""},
		{[]string{leaves, leaves}, false, false, ""},
		{[]string{leaves, cuts}, false, true, ""},
		{[]string{leaves, leaves, cuts}, false, true, ""},
		{[]string{cuts}, true, true, ""},
		{[]string{cuts, leaves}, false, false, "stage 1 cuts the path by which xdc reaches the place, so that stage 2"},
		{[]string{cuts, cuts}, false, false, "stage 1 cuts"},
		{[]string{leaves, bad}, false, false, "prepare stage 2: it cannot be done"},
	} {
		st := &step{Step: &plan.Step{Step: &program.Step{Fault: &program.Fault{}}}}
		for _, s := range tc.stages {
			st.Fault.Stages = append(st.Fault.Stages, program.FaultStage{Ramp: tc.ramp, Args: json.RawMessage(s)})
		}
		cut, err := laterStages(t.Context(), st, providers.StepID{Run: "r", Step: "s"}, cutter{})
		if cut != tc.cut || (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%v: cut %v, %v", tc.stages, cut, err)
		}
	}
}
