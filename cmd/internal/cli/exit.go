package cli

import (
	"errors"
	"fmt"
	"slices"

	"github.com/xdc-project/xdc/engine/exec"
)

// Exit is an exit code of xdc. Commands other than apply and rehearse end with OK or Failure alone.
type Exit int

// The exit codes, as docs/pipelines.md has them.
const (
	OK          Exit = Exit(exec.OK)
	Failure     Exit = Exit(exec.NotStarted) // also: a run that was not started; nothing was touched
	NotMet      Exit = Exit(exec.NotMet)
	Broken      Exit = Exit(exec.Broken)
	Owed        Exit = Exit(exec.Owed)
	Interrupted Exit = Exit(exec.Interrupted)
)

// precedence is the order of docs/pipelines.md: of several codes the first one here applies.
var precedence = []Exit{Owed, Interrupted, Broken, NotMet, Failure, OK}

// First is the code that applies when all of these do.
func First(codes ...Exit) Exit {
	for _, p := range precedence {
		if slices.Contains(codes, p) {
			return p
		}
	}
	return OK
}

// OfRun is the exit code of a run with this outcome. An error while its reports were written turns OK into
// Broken, and nothing else.
func OfRun(o exec.Outcome, reportErr error) Exit {
	code := Exit(o.Code())
	if code == OK && reportErr != nil {
		return Broken
	}
	return code
}

// ExitError ends a command with a code. A nil Err means that all has been said already.
type ExitError struct {
	Code Exit
	Err  error
}

func (e *ExitError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("exit code %d", e.Code)
	}
	return e.Err.Error()
}

// Unwrap returns the cause.
func (e *ExitError) Unwrap() error { return e.Err }

// Silently ends a command with a code and says nothing more.
func Silently(code Exit) error {
	if code == OK {
		return nil
	}
	return &ExitError{Code: code}
}

// codeOf is the exit code that an error of a command stands for, and what is still to be said.
func codeOf(err error) (Exit, error) {
	var e *ExitError
	switch {
	case err == nil:
		return OK, nil
	case errors.As(err, &e):
		return e.Code, e.Err
	}
	return Failure, err
}
