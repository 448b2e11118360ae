// Package script runs the script that the passive side of the failover toolkit launches when the other side is down.
//
// The toolkit hands the path to a shell, reads what the script writes on standard output until that is closed, and waits
// for its end (reference: section 2 of the toolkit's, launch_app). Here the file is started itself, and time and output
// are bounded. What is to become of the platform is the script's own affair, and who runs it looks at no exit code.
package script

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

const (
	// Limit is how long a script may run before it and all that it has started are killed. The toolkit has no such limit.
	Limit = 10 * time.Minute
	// MostOutput is how much of what a script writes is passed on, in bytes. The rest is read and dropped.
	MostOutput = 64 << 10
)

// Script is a file that can be run, with all of its environment as NAME=VALUE.
type Script struct {
	Path string
	Env  []string
}

// Check says whether a file can be run.
func Check(path string) error {
	i, err := os.Stat(path)
	switch {
	case err != nil:
		return fmt.Errorf("look at the script: %w", err)
	case !i.Mode().IsRegular():
		return fmt.Errorf("the script %s is no plain file", path)
	case !executable(i.Mode()):
		return fmt.Errorf("the script %s may not be executed: chmod +x %s", path, path)
	}
	return nil
}

// Run starts the script without arguments and waits until it has ended and its standard output is closed, by whoever
// holds it. What it writes there and on standard error goes to out. The error says how it has ended. When the context
// ends, or the limit is reached, it and what it has started are killed.
func (s Script) Run(ctx context.Context, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, Limit)
	defer cancel()
	in, end, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("run the script: %w", err)
	}
	defer in.Close()
	cmd := s.command(ctx, end, s.Path)
	if err = cmd.Start(); errors.Is(err, syscall.ENOEXEC) {
		// Without a first line that names an interpreter it is the shell's, as for any shell that is told its path.
		cmd = s.command(ctx, end, "/bin/sh", s.Path)
		err = cmd.Start()
	}
	_ = end.Close() // the script has its own
	if err != nil {
		return fmt.Errorf("run the script: %w", err)
	}
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		_, _ = io.Copy(&bounded{w: out, left: MostOutput}, in) // it ends with the pipe
	}()
	err = cmd.Wait()
	select {
	case <-closed:
	case <-ctx.Done():
		_ = killGroup(cmd) // nobody may be left
		_ = in.Close()     // whoever has left the group does not hold this up
		<-closed
	}
	if ctx.Err() != nil {
		return fmt.Errorf("the script was killed: %w", ctx.Err())
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return fmt.Errorf("the script ended with %s", exit.ProcessState)
	}
	return err
}

func (s Script) command(ctx context.Context, out *os.File, argv ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...) //nolint:gosec // its user names it
	cmd.Env, cmd.Dir = s.Env, filepath.Dir(s.Path)
	cmd.Stdout, cmd.Stderr = out, out
	together(cmd)
	return cmd
}

// bounded passes on so many bytes, and takes the rest without an error.
type bounded struct {
	w    io.Writer
	left int
}

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	n := min(len(p), b.left)
	b.left -= n
	if n > 0 {
		_, _ = b.w.Write(p[:n]) // a log that takes no more does not stop the script
	}
	return len(p), nil
}
