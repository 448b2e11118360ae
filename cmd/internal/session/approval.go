package session

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"time"

	"github.com/xdc-project/xdc/engine/exec"
)

// approvals is the folder below a run's folder through which `xdc approve` speaks to it.
const approvals = "approvals"

// approvalJSON is the answer file.
type approvalJSON struct {
	Step     string    `json:"step"`
	Approved bool      `json:"approved"`
	By       string    `json:"by"`
	At       time.Time `json:"at"`
}

func (f Folder) approvalFile(step string) string {
	sum := sha256.Sum256([]byte(step))
	return filepath.Join(f.Path, approvals, hex.EncodeToString(sum[:8])+".json")
}

// Approve answers an approval of a run, as the user who is logged in. The first answer counts.
func (f Folder) Approve(step string, approved bool) error {
	if err := os.MkdirAll(filepath.Join(f.Path, approvals), 0o700); err != nil {
		return fmt.Errorf("answer the approval: %w", err)
	}
	b, err := json.Marshal(approvalJSON{Step: step, Approved: approved, By: Who(), At: time.Now().UTC()})
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Join(f.Path, approvals), ".answer")
	if err != nil {
		return fmt.Errorf("answer the approval: %w", err)
	}
	defer os.Remove(tmp.Name())
	if _, err := tmp.Write(b); err != nil {
		tmp.Close()
		return fmt.Errorf("answer the approval: %w", err)
	}
	if err := tmp.Close(); err != nil {
		return fmt.Errorf("answer the approval: %w", err)
	}
	// Link, unlike rename, does not replace an answer that is already there.
	if err := os.Link(tmp.Name(), f.approvalFile(step)); err != nil {
		if errors.Is(err, os.ErrExist) {
			return fmt.Errorf("%s has already been answered", step)
		}
		return fmt.Errorf("answer the approval: %w", err)
	}
	return nil
}

// Answer returns the answer to an approval if somebody has given one.
func (f Folder) Answer(step string) (exec.Answer, bool) {
	b, err := os.ReadFile(f.approvalFile(step))
	if err != nil {
		return exec.Answer{}, false
	}
	var a approvalJSON
	if err := json.Unmarshal(b, &a); err != nil || a.Step != step {
		return exec.Answer{}, false
	}
	return exec.Answer{Approved: a.Approved, By: a.By}, true
}

// Who is the user who is logged in, for records.
func Who() string {
	name := os.Getenv("USER")
	if u, err := user.Current(); err == nil && u.Username != "" {
		name = u.Username
	}
	if host, err := os.Hostname(); err == nil {
		return name + "@" + host
	}
	return name
}
