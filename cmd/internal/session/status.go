package session

import (
	"errors"
	"time"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/journal"
)

// ErrAlive is returned when a process is still working on the run.
var ErrAlive = errors.New("the run is still alive")

// Status is what `xdc status` says about a run.
type Status struct {
	Run      string     `json:"run"`
	Plan     string     `json:"plan"`
	Mode     string     `json:"mode"`
	Started  time.Time  `json:"started"`
	State    string     `json:"state"` // running, finished, dead, ended
	Code     *int       `json:"code,omitempty"`
	Reason   string     `json:"reason,omitempty"`
	StandIn  string     `json:"stand_in,omitempty"`
	Owed     []OwedLine `json:"owed,omitempty"`
	Approval []string   `json:"waits_for_approval,omitempty"`
	Path     string     `json:"path"`
	Error    string     `json:"error,omitempty"` // the journal could not be read whole
}

// OwedLine is one deed that is not known to be undone.
type OwedLine struct {
	Step  string      `json:"step"`
	Kind  string      `json:"kind"`
	Phase event.Phase `json:"phase"`
	Since time.Time   `json:"since"`
	// Until is when a fault is planned to be healed; zero when it is held open.
	Until *time.Time `json:"until,omitempty"`
}

// Status reads a run's journal.
func (f Folder) Status() Status {
	s := Status{Run: f.ID, Path: f.Path, State: "dead"}
	rec, err := journal.ReadFile(f.File(journal.FileName))
	if err != nil {
		s.Error = err.Error()
		if rec == nil {
			return s
		}
	}
	since := map[string]event.Event{}
	asked := map[string]bool{}
	var order []string
	var start time.Time
	for _, ev := range rec.Events {
		switch b := ev.Body.(type) {
		case *event.RunStarted:
			s.Plan, s.Mode, s.Started, s.StandIn, start = b.Plan, b.Mode, b.Started, b.StandIn, ev.Wall
		case *event.RunFinished:
			s.State, s.Code, s.Reason = "finished", &b.Code, b.Reason
		case *event.DeedChanged:
			if b.Phase == event.Intended || b.Phase == event.Verified {
				since[b.Kind+" "+b.Step] = ev
			}
		case *event.ApprovalAsked:
			asked[b.Step] = true
			order = append(order, b.Step)
		case *event.ApprovalAnswered:
			asked[b.Step] = false
		case *event.StepChanged, *event.Happened, *event.Progress, *event.Routed, *event.Measured, *event.Audited, *event.Probed, *event.Judged,
			*event.GuardTripped, *event.Interrupted, *event.Aborting, *event.Noted, *event.Changed:
		}
	}
	for _, o := range journal.Owing(rec.Events) {
		ev := since[o.Kind+" "+o.Step]
		line := OwedLine{Step: o.Step, Kind: o.Kind, Phase: o.Phase, Since: ev.Wall}
		if d, ok := ev.Body.(*event.DeedChanged); ok && d.Until > 0 {
			t := start.Add(d.Until)
			line.Until = &t
		}
		s.Owed = append(s.Owed, line)
	}
	if s.State == "dead" && len(s.Owed) == 0 && s.Error == "" {
		s.State = "ended" // killed, and nothing is owed: it had touched nothing, or it was recovered
	}
	if s.State != "finished" && f.Alive() {
		s.State = "running"
		for _, step := range order {
			if asked[step] {
				s.Approval = append(s.Approval, step)
			}
		}
	}
	return s
}

// debts reads what a run owes, and its journal as far as it can be read.
func (f Folder) debts() ([]journal.Owed, *journal.Record, error) {
	rec, err := journal.ReadFile(f.File(journal.FileName))
	if rec == nil {
		return nil, nil, err
	}
	return journal.Owing(rec.Events), rec, nil
}
