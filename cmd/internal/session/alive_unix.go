//go:build unix

package session

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// claim marks the run as alive for as long as this process lives: an advisory lock that the system takes back
// when the process ends, however it ends.
func (f Folder) claim() (release func(), err error) {
	file, err := os.OpenFile(f.File(lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("mark the run as alive: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, ErrAlive
		}
		return nil, fmt.Errorf("mark the run as alive: %w", err)
	}
	return func() { file.Close() }, nil
}

// Alive reports whether a process is still working on the run.
func (f Folder) Alive() bool {
	file, err := os.OpenFile(f.File(lockFile), os.O_RDWR, 0o600)
	if err != nil {
		return false
	}
	defer file.Close()
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB); err != nil {
		return true
	}
	return false
}
