package view

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/xdc-project/xdc/engine/event"
)

// Stream writes events as they happen, one JSON object a line, in the journal's encoding. The first line names
// the format.
type Stream struct {
	w     io.Writer
	begun bool
}

// NewStream returns a sink that writes to w.
func NewStream(w io.Writer) *Stream { return &Stream{w: w} }

// Accept writes one event.
func (s *Stream) Accept(ev event.Event) error {
	if !s.begun {
		s.begun = true
		if _, err := fmt.Fprintf(s.w, "{\"format\":%q}\n", event.Format); err != nil {
			return err
		}
	}
	b, err := json.Marshal(ev)
	if err != nil {
		return fmt.Errorf("write an event as JSON: %w", err)
	}
	_, err = s.w.Write(append(b, '\n'))
	return err
}
