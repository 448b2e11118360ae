package session

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"

	"github.com/xdc-project/xdc/engine/event"
)

// eventLog writes events.jsonl: everything that happened, one object a line, as --json streams it.
type eventLog struct {
	f      *os.File
	w      *bufio.Writer
	redact func([]byte) []byte
}

func newEventLog(name string, redact func([]byte) []byte) (*eventLog, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create the event log: %w", err)
	}
	l := &eventLog{f: f, w: bufio.NewWriter(f), redact: redact}
	_, err = fmt.Fprintf(l.w, "{\"format\":%q}\n", event.Format)
	return l, err
}

// Accept writes one event.
func (l *eventLog) Accept(ev event.Event) error {
	b, err := json.Marshal(ev)
	if err != nil {
		return err
	}
	if l.redact != nil {
		b = l.redact(b)
	}
	_, err = l.w.Write(append(b, '\n'))
	return err
}

// Settle writes what was collected, so that a run that is killed leaves everything that it has said.
func (l *eventLog) Settle() error { return l.w.Flush() }

// Flush is called when the run has ended.
func (l *eventLog) Flush() error {
	return errors.Join(l.w.Flush(), l.f.Close())
}

// ReadEvents reads events.jsonl back. A torn last line ends it without an error.
func ReadEvents(name string) iter.Seq2[event.Event, error] {
	return func(yield func(event.Event, error) bool) {
		f, err := os.Open(name)
		if err != nil {
			yield(event.Event{}, fmt.Errorf("read the events: %w", err))
			return
		}
		defer f.Close()
		sc := bufio.NewScanner(f)
		sc.Buffer(make([]byte, 64<<10), 16<<20)
		var pending error
		for n := 1; sc.Scan(); n++ {
			if pending != nil {
				yield(event.Event{}, pending)
				return
			}
			if n == 1 {
				continue
			}
			var ev event.Event
			err := json.Unmarshal(sc.Bytes(), &ev)
			var unknown *event.UnknownKindError
			switch {
			case errors.As(err, &unknown):
			case err != nil:
				pending = fmt.Errorf("read the events %s: line %d: %w", name, n, err)
			case !yield(ev, nil):
				return
			}
		}
		if err := sc.Err(); err != nil {
			yield(event.Event{}, err)
		}
	}
}
