package event

import (
	"encoding/json"
	"fmt"
	"math"
	"time"
)

func (*RunStarted) kind() string       { return "run_started" }
func (*StepChanged) kind() string      { return "step_changed" }
func (*DeedChanged) kind() string      { return "deed_changed" }
func (*Happened) kind() string         { return "happened" }
func (*Progress) kind() string         { return "progress" }
func (*Routed) kind() string           { return "routed" }
func (*Measured) kind() string         { return "measured" }
func (*Audited) kind() string          { return "audited" }
func (*Probed) kind() string           { return "probed" }
func (*Judged) kind() string           { return "judged" }
func (*GuardTripped) kind() string     { return "guard_tripped" }
func (*ApprovalAsked) kind() string    { return "approval_asked" }
func (*ApprovalAnswered) kind() string { return "approval_answered" }
func (*Interrupted) kind() string      { return "interrupted" }
func (*Aborting) kind() string         { return "aborting" }
func (*Noted) kind() string            { return "noted" }
func (*Changed) kind() string          { return "changed" }
func (*RunFinished) kind() string      { return "run_finished" }

// All returns an empty payload of every kind, in the order of the documentation.
func All() []Payload {
	return []Payload{
		&RunStarted{}, &StepChanged{}, &DeedChanged{}, &Happened{}, &Progress{}, &Routed{}, &Measured{},
		&Audited{}, &Probed{}, &Judged{}, &GuardTripped{}, &ApprovalAsked{}, &ApprovalAnswered{}, &Interrupted{},
		&Aborting{}, &Noted{}, &Changed{}, &RunFinished{},
	}
}

// Kind is the name of a payload's kind as files have it.
func Kind(p Payload) string { return p.kind() }

func blank(kind string) Payload {
	for _, p := range All() {
		if p.kind() == kind {
			return p
		}
	}
	return nil
}

// eventJSON is an event on disk. Times are seconds; wall time is RFC 3339 with nanoseconds.
type eventJSON struct {
	Seq  uint64          `json:"seq"`
	T    float64         `json:"t"`
	Wall time.Time       `json:"wall"`
	Kind string          `json:"kind"`
	Body json.RawMessage `json:"body"`
}

// MarshalJSON writes the event as one object: seq, t (seconds since run.started), wall, kind, body.
func (e Event) MarshalJSON() ([]byte, error) {
	body, err := json.Marshal(e.Body)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", e.Body.kind(), err)
	}
	return json.Marshal(eventJSON{Seq: e.Seq, T: e.At.Seconds(), Wall: e.Wall, Kind: e.Body.kind(), Body: body})
}

// UnknownKindError is met when a newer version wrote a kind of event that this one does not know.
type UnknownKindError struct{ Kind string }

func (e *UnknownKindError) Error() string { return fmt.Sprintf("unknown kind of event %q", e.Kind) }

// UnmarshalJSON reads what MarshalJSON wrote. An unknown kind is an *UnknownKindError, which readers skip.
func (e *Event) UnmarshalJSON(b []byte) error {
	var in eventJSON
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	body := blank(in.Kind)
	if body == nil {
		return &UnknownKindError{Kind: in.Kind}
	}
	if err := json.Unmarshal(in.Body, body); err != nil {
		return fmt.Errorf("decode %s: %w", in.Kind, err)
	}
	*e = Event{Seq: in.Seq, At: time.Duration(math.Round(in.T * float64(time.Second))), Wall: in.Wall, Body: body}
	return nil
}
