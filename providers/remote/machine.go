package remote

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/crypto/ssh"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/shell"
)

// Bounds of what a script may write, in bytes. More ends the script's connection: it is an error, never cut silently.
const (
	maxStdout = 32 << 20
	maxStderr = 1 << 20
)

// The command lines on a host. There are no others.
const (
	commandPlain = "/bin/sh -s"
	commandSudo  = "sudo -n -- /bin/sh -s"
	commandDoas  = "doas -n /bin/sh -s"
)

// machine is a host of the plan. It implements providers.Machine.
type machine struct {
	pool   *Pool
	place  string
	become string
	link   *link
	facts  struct {
		free  chan struct{} // holds a token while nobody looks them up
		known *providers.Facts
	}
}

var _ providers.Machine = (*machine)(nil)

// Run implements providers.Machine. A connection that had died while it was not used is made again; from the moment
// that a script may have arrived, it is not sent again.
func (m *machine) Run(ctx context.Context, s shell.Script) (shell.Output, error) {
	if k := m.pool.opt.KillPoint; k != nil {
		k(m.place, s.Name, "before")
		defer k(m.place, s.Name, "after")
	}
	return m.run(ctx, s)
}

func (m *machine) run(ctx context.Context, s shell.Script) (shell.Output, error) {
	nonce := make([]byte, 12)
	if _, err := rand.Read(nonce); err != nil {
		return shell.Output{}, err
	}
	mark := hex.EncodeToString(nonce)
	in, err := s.Wrap(mark)
	if err != nil {
		return shell.Output{}, &Error{Place: m.place, Doing: s.Name, Kind: ErrSettings, What: err.Error(), Cause: err}
	}
	c, session, err := m.session(ctx)
	if err != nil {
		return shell.Output{}, err
	}
	return m.exchange(ctx, c, session, m.command(s.Plain), s.Name, in, mark)
}

// command is the constant line for a script.
func (m *machine) command(plain bool) string {
	switch {
	case plain, m.become == "", m.link.at.User == "root":
		return commandPlain
	case m.become == "sudo":
		return commandSudo
	}
	return commandDoas
}

// exchange runs one script in a session. A server keeps a session whose program runs on, whatever it is told: when ctx ends
// first, nobody waits for it any more, and the slot is given back when the program has ended or the connection has.
func (m *machine) exchange(ctx context.Context, c *conn, session *ssh.Session, command, name string, in []byte, mark string) (shell.Output, error) {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	tooMuch := &Error{Place: m.place, Doing: name, Kind: ErrOutput, Remedy: "Have it write less, or to a file on the host."}
	bound := func(limit int, what string) *bounded {
		return &bounded{max: limit, over: func() { end(fmt.Errorf("%w: more than %d MiB %s", ErrOutput, limit>>20, what)) }}
	}
	stdout, stderr := bound(maxStdout, "of output"), bound(maxStderr, "of messages (standard error)")
	session.Stdin, session.Stdout, session.Stderr = bytes.NewReader(in), stdout, stderr
	ended := make(chan error, 1)
	var over atomic.Bool // whoever sets it is first: the program that has ended, or the caller whose time is
	started := m.pool.background(func() {
		defer c.done()
		err := session.Start(command)
		if err == nil {
			err = session.Wait()
		}
		_ = session.Close() // it has ended
		if over.Swap(true) {
			c.left.Add(-1)
		}
		ended <- err
	})
	if !started {
		c.done()
		return shell.Output{}, &Error{Place: m.place, Doing: name, Kind: ErrClosed}
	}
	var err error
	select {
	case err = <-ended:
	case <-ctx.Done():
		if !over.Swap(true) {
			c.abandon()
		}
		m.pool.background(func() { _ = session.Close() }) // a peer that takes nothing any more would hold it up
	}
	if why := context.Cause(ctx); errors.Is(why, ErrOutput) {
		tooMuch.Cause, tooMuch.What = why, "it wrote "+strings.TrimPrefix(why.Error(), ErrOutput.Error()+": ")
		return shell.Output{}, tooMuch
	}
	// The end mark counts, not the status of a login shell, which may have a logout file.
	out, bad := shell.Unwrap(stdout.bytes(), stderr.bytes(), mark)
	if bad == nil {
		return out, nil
	}
	if ctx.Err() != nil {
		e := &Error{Place: m.place, Doing: name, Kind: shell.ErrCut, Cause: context.Cause(ctx), What: "it did not end in time; it may still run there"}
		e.Remedy = "Look there whether it does, before you run it again."
		if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
			e.What = "it was ended before its end was seen; it may still run there"
		}
		return out, e
	}
	var exit *ssh.ExitError
	if errors.As(err, &exit) && !bytes.Contains(stdout.bytes(), []byte(mark)) {
		return out, m.neverRan(ctx, name, command, exit, stderr.bytes(), stdout.bytes())
	}
	if err == nil {
		err = errors.New("the shell ended early")
	}
	return out, m.cut(name, err)
}

func (m *machine) cut(doing string, cause error) error {
	return &Error{
		Place: m.place, Doing: doing, Kind: shell.ErrCut, Cause: cause, What: "the connection ended before the end of it was seen: " + printable(cause.Error(), 200),
		Remedy: "It may have run in part, in full or not at all: look there before you run it again.",
	}
}

// neverRan explains a status that came without anything having been run.
func (m *machine) neverRan(ctx context.Context, name, command string, exit *ssh.ExitError, stderr, stdout []byte) error {
	said := printable(string(stderr)+" "+string(stdout), 300)
	if said == "" {
		said = "nothing"
	}
	e := &Error{Place: m.place, Doing: name, Cause: exit, Kind: ErrShell}
	e.What = fmt.Sprintf("%q on the host ended with status %d before anything ran, and said: %s", command, exit.ExitStatus(), said)
	e.Remedy = "The user's login shell must run commands (not nologin), and there must be a POSIX shell at /bin/sh."
	if command == commandPlain {
		return e
	}
	// Is it sudo or doas, or does the user's login shell run nothing at all? Words do not tell: they are in the host's
	// language.
	var plain *Error
	if _, err := m.run(ctx, shell.Script{Name: name, Text: ":", Plain: true}); errors.As(err, &plain) && errors.Is(plain.Kind, ErrShell) {
		return plain
	}
	switch tool := m.become; {
	case exit.ExitStatus() == 127 || strings.Contains(said, "not found"):
		e.Kind = ErrBecome
		e.Remedy = fmt.Sprintf("The host has no %s: install it, name the other one in become, or log in as root.", tool)
	default:
		e.Kind = ErrPrivilege
		e.Remedy = fmt.Sprintf("User %s must be allowed to run /bin/sh with %s without a password and without a terminal: %s", m.link.at.User, tool, allowance(tool, m.link.at.User))
	}
	return e
}

// allowance is the line that allows it.
func allowance(tool, user string) string {
	if tool == "doas" {
		return "`permit nopass " + user + " cmd /bin/sh` in /etc/doas.conf."
	}
	return "`" + user + " ALL=(root) NOPASSWD: /bin/sh` in a file of /etc/sudoers.d."
}

// bounded keeps what is written up to a limit, and tells when there is more.
type bounded struct {
	max  int
	over func()

	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *bounded) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.buf.Len()+len(p) > b.max {
		b.over()
		return 0, ErrOutput
	}
	return b.buf.Write(p)
}

func (b *bounded) bytes() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return bytes.Clone(b.buf.Bytes())
}
