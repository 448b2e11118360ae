// Package journal is the durable record of a run: append-only JSON lines, flushed before every deed.
//
// It writes events and reads them back after a crash, and says which deeds are owed. It heals nothing;
// engine/exec does.
package journal

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"os"

	"github.com/xdc-project/xdc/engine/event"
)

// Format is the format word in the first line.
const Format = "xdc.journal/1"

// FileName is the journal's name in a run's folder.
const FileName = "journal.jsonl"

// Writer appends events to a journal. It is not safe for concurrent use; the bus calls it under its lock.
type Writer struct {
	// Redact, if set, takes secrets out of a line before it is written. What it returns must be JSON.
	Redact func([]byte) []byte

	f *os.File
	n int64
}

type header struct {
	Format string `json:"format"`
	Run    string `json:"run"`
}

// Create starts a journal; a file that is already there is an error.
func Create(name, run string) (*Writer, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create the journal: %w", err)
	}
	w := &Writer{f: f}
	b, err := json.Marshal(header{Format: Format, Run: run})
	if err == nil {
		err = w.line(b)
	}
	if err == nil {
		err = w.Sync()
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("start the journal %s: %w", name, err)
	}
	return w, nil
}

// Append opens a journal that exists, to add what recovery did. A torn last line is cut off first.
func Append(name string) (*Writer, error) {
	rec, err := ReadFile(name)
	if err != nil && rec == nil {
		return nil, err
	}
	f, err := os.OpenFile(name, os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the journal: %w", err)
	}
	if err := f.Truncate(rec.Intact); err != nil {
		f.Close()
		return nil, fmt.Errorf("cut the torn line off %s: %w", name, err)
	}
	if _, err := f.Seek(rec.Intact, 0); err != nil {
		f.Close()
		return nil, err
	}
	return &Writer{f: f, n: rec.Intact}, nil
}

// Accept writes an event and, for what must survive a crash, waits until the disk has it. Running counts and
// changes of signals are left out: the trace has them.
func (w *Writer) Accept(ev event.Event) error {
	var durable bool
	switch b := ev.Body.(type) {
	case *event.Progress, *event.Changed:
		return nil
	case *event.DeedChanged:
		durable = b.Phase == event.Intended || b.Phase == event.Healed || b.Phase == event.Injecting || b.Phase == event.Kept
	case *event.RunStarted, *event.RunFinished, *event.Judged, *event.ApprovalAnswered:
		durable = true
	case *event.StepChanged, *event.Happened, *event.Routed, *event.Measured, *event.Audited, *event.Probed, *event.GuardTripped,
		*event.ApprovalAsked, *event.Interrupted, *event.Aborting, *event.Noted:
	}
	b, err := json.Marshal(ev)
	if err != nil {
		return err
	}
	if w.Redact != nil {
		b = w.Redact(b)
	}
	if err := w.line(b); err != nil {
		return err
	}
	if durable {
		return w.Sync()
	}
	return nil
}

// line appends one object with its checksum as last member. A short write is undone, so that a full disk
// leaves whole lines only.
func (w *Writer) line(b []byte) error {
	b = fmt.Appendf(b[:len(b)-1:len(b)-1], `,"crc":"%08x"}`+"\n", crc32.ChecksumIEEE(b))
	n, err := w.f.Write(b)
	if err != nil {
		if n > 0 {
			if terr := w.f.Truncate(w.n); terr == nil {
				_, _ = w.f.Seek(w.n, 0) // a file opened for appending does not need it
			}
		}
		return err
	}
	w.n += int64(n)
	return nil
}

// Sync waits until the disk has everything.
func (w *Writer) Sync() error { return w.f.Sync() }

// Close syncs and closes.
func (w *Writer) Close() error {
	err := w.f.Sync()
	if cerr := w.f.Close(); err == nil {
		err = cerr
	}
	return err
}
