package lab

import (
	"context"
	"fmt"
	"net"
	"os"
	"runtime"

	"golang.org/x/sys/unix"

	"github.com/xdc-project/xdc/providers/standin"
)

// Dial opens connections from the network of a process. Addresses are literal: names are looked up here, not there.
func Dial(p standin.Process) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (c net.Conn, err error) {
		inErr := In(p, func() {
			c, err = (&net.Dialer{}).DialContext(ctx, network, address)
		})
		if inErr != nil {
			return nil, inErr
		}
		return c, err
	}
}

// Listen opens a listener in the network of a process.
func Listen(ctx context.Context, p standin.Process, network, address string) (l net.Listener, err error) {
	inErr := In(p, func() {
		l, err = (&net.ListenConfig{}).Listen(ctx, network, address)
	})
	if inErr != nil {
		return nil, inErr
	}
	return l, err
}

// In runs f with the network of a process. Sockets made in f belong there for ever. The process is known by its number
// and its start: one that came later with the same number is an error.
func In(p standin.Process, f func()) error {
	if err := p.Alive(); err != nil {
		return err
	}
	ns, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", p.PID))
	if err != nil {
		return fmt.Errorf("enter the lab's network: %w", err)
	}
	defer func() { _ = ns.Close() }() // it was only read
	done := make(chan error, 1)
	go func() {
		// The thread is never unlocked: it ends with the goroutine, and nothing else ever runs in that network.
		runtime.LockOSThread()
		if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
			done <- fmt.Errorf("enter the lab's network: %w", err)
			return
		}
		f()
		done <- nil
	}()
	return <-done
}
