package api

import (
	"errors"
	"fmt"
	"net/http"
)

// Message ids of the REST layer (reference: section 1.5).
const (
	Done          = "CDISW0001I"
	DoneIn        = "CDISW0002I" // names the instance too
	NoResource    = "CDISW5000E"
	Unexpected    = "CDISW5001E"
	Malformed     = "CDISW5002E" // a restid
	NoActionType  = "CDISW5011E"
	NoSuchAction  = "CDISW5012E"
	NotJSON       = "CDISW5014E"
	NoDomain      = "CDISA5061E"
	NoInstance    = "CDISA5071E"
	NotStarted    = "CDISA5072E"
	Started       = "CDISA5073E"
	NoMachine     = "CDISA5157E"
	NoJobGroup    = "CDISA5210E"
	NoJob         = "CDISA5230E"
	NoPE          = "CDISA5291E"
	BadJobName    = "CDISA5246E"
	NoApplication = "CDISA5285E"
	BadBundle     = "CDISA5360E"
	BadBundleName = "CDISA5284E"
	NoConfig      = "CDISA5432E"
)

// Failure is an answer that says no.
type Failure struct {
	Status int
	// ID is the message's id; empty where no public source has one for the case.
	ID   string
	Text string
}

// Error implements error.
func (f *Failure) Error() string {
	if f.ID == "" {
		return f.Text
	}
	return f.ID + " " + f.Text
}

// Fail makes a failure.
func Fail(status int, id, format string, args ...any) error {
	return &Failure{status, id, fmt.Sprintf(format, args...)}
}

// Missing is the failure of a resource that is not there.
func Missing(kind, restid string) error {
	return Fail(http.StatusNotFound, NoResource, "The resource with the resource type %s and the REST id %s does not exist.", kind, restid)
}

// Shape is how an error's body looks. Assumption twin.errors.
type Shape int

// The shapes (reference: section 1.5).
const (
	// Single is `{"id", "message"}`, the text beginning with the id.
	Single Shape = iota
	// Listed is `{"messages": [{"id", "message"}]}`.
	Listed
)

// Message is a message of the server: an error, or that an action was done.
type Message struct {
	ID      string `json:"id,omitempty"`
	Message string `json:"message"`
}

// Messages is a body of several.
type Messages struct {
	Messages []Message `json:"messages"`
}

// body is a message in a shape.
func (s Shape) body(id, text string) any {
	m := Message{id, text}
	if id != "" {
		m.Message = id + " " + text
	}
	if s == Listed {
		return Messages{[]Message{m}}
	}
	return m
}

// Refuse answers with an error. What is no failure is the server's own.
func (s Shape) Refuse(w http.ResponseWriter, err error) {
	f, ok := errors.AsType[*Failure](err)
	if !ok {
		f = &Failure{http.StatusInternalServerError, Unexpected, "An unexpected error occurred: " + err.Error()}
	}
	Reply(w, f.Status, s.body(f.ID, f.Text))
}
