//go:build unix

package session

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/host"
)

// lockHere locks a target against other runs of this user on this machine. It is a lock of the kernel on a file of the
// user's state folder: it ends with the process, whatever becomes of it.
func lockHere(t providers.Target, info host.LockInfo) (release func(), err error) {
	dir, err := stateDir()
	if err != nil {
		return nil, err
	}
	name := filepath.Join(dir, "locks", identity(t))
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return nil, fmt.Errorf("make the folder for locks: %w", err)
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock %s on this machine: %w", t.Name, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		var by host.LockInfo
		b, _ := io.ReadAll(io.LimitReader(f, 4096))
		_ = json.Unmarshal(b, &by) // it is only said
		_ = f.Close()
		return nil, fmt.Errorf("%s is locked on this machine by run %s since %s: wait until it has ended", t.Name, by.Run, by.Since.Local().Format(time.DateTime))
	}
	b, err := json.Marshal(info)
	if err == nil {
		if err = f.Truncate(0); err == nil {
			_, err = f.WriteAt(append(b, '\n'), 0)
		}
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("lock %s on this machine: %w", t.Name, err)
	}
	return func() { _ = f.Close() }, nil
}

// stateDir is where the user's state of xdc is kept.
func stateDir() (string, error) {
	if d := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(d) {
		return filepath.Join(d, "xdc"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find the folder for locks: %w", err)
	}
	return filepath.Join(home, ".local", "state", "xdc"), nil
}

// identity tells targets apart by what they really are: what the plan connects to.
func identity(t providers.Target) string {
	var c struct {
		URL      string `json:"url"`
		Instance string `json:"instance"`
	}
	_ = json.Unmarshal(t.Connections[streamsProvider], &c) // the language checked it
	what := []string{c.URL, c.Instance}
	if c.URL == "" {
		for _, h := range t.Hosts {
			what = append(what, h.Address)
		}
	}
	sum := sha256.Sum256([]byte(strings.Join(what, "\x00")))
	return hex.EncodeToString(sum[:16])
}
