//go:build !unix

// Package local runs scripts on the machine that xdc runs on, as package remote does on others.
package local

import (
	"context"
	"fmt"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/shell"
)

// Machine is the machine that xdc runs on. It has no POSIX shell: everything is refused.
type Machine struct {
	Around func(place, script, when string)
}

var errShell = fmt.Errorf("this machine has no POSIX shell: %w", providers.ErrUnsupported)

// Run implements providers.Machine.
func (Machine) Run(context.Context, shell.Script) (shell.Output, error) {
	return shell.Output{}, errShell
}

// Facts implements providers.Machine.
func (Machine) Facts(context.Context) (providers.Facts, error) { return providers.Facts{}, errShell }
