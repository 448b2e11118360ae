package twin

import (
	"bytes"
	"sync"
)

// record takes down the truth while the twin goes on.
type record struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer.
func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.buf.Write(p)
}

// Bytes is what there is so far.
func (r *record) Bytes() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return bytes.Clone(r.buf.Bytes())
}

// String is what there is so far.
func (r *record) String() string { return string(r.Bytes()) }
