//go:build !linux

package lab

import (
	"context"
	"errors"
	"net"

	"github.com/xdc-project/xdc/providers/standin"
	"github.com/xdc-project/xdc/providers/twin"
)

var errLinux = errors.New("a lab needs Linux")

// Dial refuses: a lab needs Linux.
func Dial(standin.Process) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) { return nil, errLinux }
}

// Serve refuses: a lab needs Linux.
func Serve(context.Context, twin.Config, string, func(*standin.StandIn)) error { return errLinux }

// LogFile is where the machines' processes write their complaints, in the lab's folder.
const LogFile = "lab.log"

// Possible says that there can be no lab.
func Possible() error { return errLinux }
