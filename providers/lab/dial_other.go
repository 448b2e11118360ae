//go:build !linux

package lab

import (
	"context"
	"errors"
	"net"

	"github.com/xdc-project/xdc/providers/standin"
)

var errLinux = errors.New("a lab needs Linux")

// Dial refuses: a lab needs Linux.
func Dial(standin.Process) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) { return nil, errLinux }
}
