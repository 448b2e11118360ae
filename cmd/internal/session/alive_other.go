//go:build !unix

package session

import (
	"errors"
	"fmt"
	"os"
)

// claim marks the run as alive. Where there are no advisory locks, an open file that others may not delete
// does the same.
func (f Folder) claim() (release func(), err error) {
	if f.Alive() {
		return nil, ErrAlive
	}
	file, err := os.OpenFile(f.File(lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("mark the run as alive: %w", err)
	}
	return func() { file.Close(); os.Remove(f.File(lockFile)) }, nil
}

// Alive reports whether a process is still working on the run.
func (f Folder) Alive() bool {
	err := os.Remove(f.File(lockFile))
	return err != nil && !errors.Is(err, os.ErrNotExist)
}
