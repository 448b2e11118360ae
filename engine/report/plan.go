package report

import (
	"encoding/json"
	"fmt"

	"github.com/xdc-project/xdc/engine/journal"
	"github.com/xdc-project/xdc/engine/plan"
	"github.com/xdc-project/xdc/providers"
)

// Plan is the part of plan.json that a report needs.
type Plan struct {
	Format      string                 `json:"format"`
	Name        string                 `json:"name"`
	Description string                 `json:"description"`
	Targets     []providers.Target     `json:"targets"`
	Steps       []PlanStep             `json:"steps"`
	Predicted   []providers.Prediction `json:"predictions"`
	Warnings    []plan.Warning         `json:"warnings"`
}

// PlanStep is a step of plan.json.
type PlanStep struct {
	Address string `json:"address"`
	Kind    string `json:"kind"`
	File    string `json:"file"`
	Line    int    `json:"line"`
	Held    string `json:"held"`
	Effect  struct {
		Summary string `json:"summary"`
	} `json:"effect"`
	Wait *struct {
		Until struct {
			Text string `json:"text"`
		} `json:"until"`
	} `json:"wait"`
}

// ParsePlan reads plan.json. A newer major of the format is refused.
func ParsePlan(b []byte) (*Plan, error) {
	p := &Plan{}
	if err := json.Unmarshal(b, p); err != nil {
		return nil, fmt.Errorf("read the run's plan: %w", err)
	}
	if err := journal.CheckFormat(p.Format, plan.Format); err != nil {
		return nil, fmt.Errorf("read the run's plan: %w", err)
	}
	return p, nil
}

// until is the condition of a wait.
func (s *PlanStep) until() string {
	if s == nil || s.Wait == nil {
		return ""
	}
	return s.Wait.Until.Text
}
