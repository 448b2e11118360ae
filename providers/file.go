package providers

import (
	"bytes"
	"io"
)

// File is a file that is read in parts, never whole.
type File interface {
	io.Reader
	io.ReaderAt
	io.Closer
	// Size is how long it is, in bytes.
	Size() int64
}

// Bytes is a file in memory.
func Bytes(b []byte) File { return inMemory{bytes.NewReader(b)} }

type inMemory struct{ *bytes.Reader }

func (inMemory) Close() error { return nil }

// Open opens a file that the plan names. Where there is nothing that opens files, it is read.
func (e Env) Open(name string) (File, error) {
	if e.OpenFile != nil {
		return e.OpenFile(name)
	}
	b, err := e.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return Bytes(b), nil
}
