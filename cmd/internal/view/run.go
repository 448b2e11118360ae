package view

import (
	"io"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/lang/signal"
)

// Mode is how a run is shown.
type Mode int

// The modes.
const (
	Plainly  Mode = iota // a line for each fact
	InPlace              // lines, and a block below that is drawn again; only on a terminal
	AsJSON               // one JSON object for each event
	Silently             // nothing
)

// Run shows a run: an event.Sink, and a taker of samples for the block that is drawn again.
type Run struct {
	sink event.Sink
	live *Live
}

// NewRun returns a view of a run of total steps. JSON is written to out, everything else to side: results go to
// standard output, progress to standard error. InPlace becomes Plainly where side is no terminal.
func NewRun(m Mode, out, side io.Writer, st Style, total int) *Run {
	switch {
	case m == AsJSON:
		return &Run{sink: NewStream(out)}
	case m == Silently:
		return &Run{}
	case m == InPlace && st.Terminal:
		l := NewLive(side, st, total)
		return &Run{sink: l, live: l}
	}
	return &Run{sink: NewLines(side, st)}
}

// Accept shows one event.
func (r *Run) Accept(ev event.Event) error {
	if r.sink == nil {
		return nil
	}
	return r.sink.Accept(ev)
}

// Sample takes an observation for the block; it never blocks on the terminal for long and never writes.
func (r *Run) Sample(s signal.Sample) {
	if r.live != nil {
		r.live.Sample(s)
	}
}

// Flush ends the view. The bus calls it; it is safe to call again.
func (r *Run) Flush() error {
	if r.live != nil {
		return r.live.Flush()
	}
	return nil
}
