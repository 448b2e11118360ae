package session

import (
	"bytes"
	"errors"
	"fmt"
	"os"
)

// kept is a file of lines beside a run's other files.
type kept struct {
	f      *os.File
	redact func([]byte) []byte
	rest   []byte // of a line whose end has not been written yet
}

func newKept(name string, redact func([]byte) []byte) (*kept, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create a file of the run: %w", err)
	}
	return &kept{f: f, redact: redact}, nil
}

// Write writes whole lines, without secrets; what comes after the last of them waits for its end.
func (k *kept) Write(b []byte) (int, error) {
	k.rest = append(k.rest, b...)
	if end := bytes.LastIndexByte(k.rest, '\n') + 1; end > 0 {
		if err := k.write(k.rest[:end]); err != nil {
			return 0, err
		}
		k.rest = append(k.rest[:0], k.rest[end:]...)
	}
	return len(b), nil
}

func (k *kept) write(b []byte) error {
	if k.redact != nil {
		var out []byte
		for line := range bytes.Lines(b) { // each is JSON by itself
			out = append(out, k.redact(bytes.TrimSuffix(line, []byte{'\n'}))...)
			out = append(out, line[len(bytes.TrimSuffix(line, []byte{'\n'})):]...)
		}
		b = out
	}
	_, err := k.f.Write(b)
	return err
}

// Close implements io.Closer.
func (k *kept) Close() error {
	return errors.Join(k.write(k.rest), k.f.Close())
}
