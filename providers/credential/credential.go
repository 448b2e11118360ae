// Package credential finds the value of a credential: behind a slot, in a file, or in what a command prints.
//
// A credential attribute NAME of a schema reaches a provider as NAME (a slot), NAME_file or NAME_command; this
// package is the one place that reads them. Values are handed out and never kept.
package credential

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/xdc-project/xdc/providers"
)

const (
	// maxSecret bounds what is read as a secret, in bytes.
	maxSecret = 64 << 10
	// commandLimit is how long a command may take.
	commandLimit = 30 * time.Second
)

// Source says where a credential is. At most one of the three is given.
type Source struct {
	Value   providers.Text
	File    string
	Command []string
}

// IsZero reports whether none is given.
func (s Source) IsZero() bool { return s.Value.IsZero() && s.File == "" && len(s.Command) == 0 }

// Reveal returns the secret. Errors name the slot, file or command, never what was found.
func (s Source) Reveal(ctx context.Context, env providers.Env) (string, error) {
	switch {
	case s.File != "":
		return s.fromFile(env)
	case len(s.Command) > 0:
		return s.fromCommand(ctx, env)
	case s.Value.Slot != "" && env.Secret == nil:
		return "", fmt.Errorf("read the secret %s: no secrets are at hand here", s.Value.Slot)
	}
	v, err := s.Value.Reveal(env)
	if err != nil {
		return "", fmt.Errorf("read the secret %s: %w", s.Value.Slot, err)
	}
	return v, nil
}

func (s Source) fromFile(env providers.Env) (string, error) {
	b, err := env.ReadFile(s.File)
	switch {
	case err != nil:
		return "", fmt.Errorf("read the secret file %s: %w", s.File, err)
	case len(b) > maxSecret:
		return "", fmt.Errorf("read the secret file %s: it is larger than 64 KiB, so it is not a secret; name the right file", s.File)
	}
	return found(env, b, "the secret file "+s.File)
}

func (s Source) fromCommand(ctx context.Context, env providers.Env) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, commandLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.Command[0], s.Command[1:]...) //nolint:gosec // the plan's author asks for it
	out := &bounded{limit: maxSecret}
	cmd.Stdout = out
	cmd.WaitDelay = time.Second
	name := "the secret command " + s.Command[0]
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return "", fmt.Errorf("run %s: it gave no answer within %s: %w", name, commandLimit, context.Cause(ctx))
	case out.over:
		return "", fmt.Errorf("run %s: it printed more than 64 KiB, which is no secret; have it print the secret alone", name)
	case err != nil:
		return "", fmt.Errorf("run %s: %w; run it by hand to see why", name, err)
	}
	return found(env, out.buf.Bytes(), name)
}

// found takes the final newline off that editors and commands put there.
func found(env providers.Env, b []byte, where string) (string, error) {
	v := strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r")
	if v == "" {
		return "", fmt.Errorf("%s is empty: %w", where, errEmpty)
	}
	if env.Conceal != nil {
		env.Conceal(v)
	}
	return v, nil
}

var errEmpty = errors.New("a secret must not be empty")

// bounded keeps the first bytes that are written to it.
type bounded struct {
	buf   bytes.Buffer
	limit int
	over  bool
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.buf.Len()+len(p) > b.limit {
		b.over = true
		return len(p), nil
	}
	return b.buf.Write(p)
}
