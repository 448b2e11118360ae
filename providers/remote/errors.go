package remote

import (
	"errors"
	"fmt"
	"strings"
)

// What may be in the way of a host. Each error of this package is an *Error of one of these kinds, and its message says
// what to do; errors.Is tells the kind.
var (
	// ErrHostKeyChanged: the host shows another key than the one that is known.
	ErrHostKeyChanged = errors.New("the host key has changed")
	// ErrHostKeyUnknown: no key of the host is known.
	ErrHostKeyUnknown = errors.New("the host key is not known")
	// ErrHostKeyRevoked: the host's key, or the authority that signed it, was revoked.
	ErrHostKeyRevoked = errors.New("the host key was revoked")
	// ErrHostCertificate: the host's certificate is of a known authority but not valid for the host.
	ErrHostCertificate = errors.New("the host's certificate is not valid")
	// ErrLoginRefused: the host took none of the keys.
	ErrLoginRefused = errors.New("the login was refused")
	// ErrKeyMissing: the identity, certificate or known_hosts file that the plan names is not there.
	ErrKeyMissing = errors.New("a file cannot be read")
	// ErrKeyDamaged: an identity or certificate file cannot be understood.
	ErrKeyDamaged = errors.New("a key cannot be read")
	// ErrKeyEncrypted: the private key is encrypted and no passphrase was given.
	ErrKeyEncrypted = errors.New("the private key is encrypted")
	// ErrPassphrase: the passphrase does not fit the private key.
	ErrPassphrase = errors.New("the passphrase does not fit")
	// ErrPrivilege: the user may not run as root what has to be.
	ErrPrivilege = errors.New("privileges are missing")
	// ErrBecome: the host has no sudo or doas.
	ErrBecome = errors.New("the program that gives privileges is missing")
	// ErrShell: the host has no POSIX shell, or its login shell does not run it.
	ErrShell = errors.New("there is no POSIX shell")
	// ErrTimeout: the host did not answer in time.
	ErrTimeout = errors.New("no answer in time")
	// ErrRefused: nothing listens at the port, or the server closes connections at once.
	ErrRefused = errors.New("the connection was refused")
	// ErrUnreachable: there is no way to the host, or its name is not known.
	ErrUnreachable = errors.New("the host cannot be reached")
	// ErrHandshake: what answers at the port and xdc do not agree on a protocol.
	ErrHandshake = errors.New("the handshake failed")
	// ErrProxyCommand: the ssh configuration asks for a ProxyCommand, which is never run.
	ErrProxyCommand = errors.New("ProxyCommand is not supported")
	// ErrSettings: the host block or the ssh configuration cannot be understood.
	ErrSettings = errors.New("the settings are not valid")
	// ErrOutput: a script wrote more than is kept.
	ErrOutput = errors.New("the output is too large")
	// ErrSession: the host refuses to run a further command on the connection.
	ErrSession = errors.New("no further command is allowed")
	// ErrClosed: the pool was closed.
	ErrClosed = errors.New("the connections were closed")
)

// Error is what is in the way of a host.
type Error struct {
	// Place is the host in the plan ("dc1.edge"); for jump hosts, too.
	Place string
	// Doing is what was being done: "connect to 10.0.1.10:22".
	Doing string
	// What happened.
	What string
	// Remedy is what to do about it, in sentences.
	Remedy string
	// Kind is one of the Err values of this package, or shell.ErrCut.
	Kind error
	// Cause is the underlying error; may be nil.
	Cause error

	busy bool // the server closed the connection before the login
}

// Error says everything in one line: what was being done, to what, what happened and what to do.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Place != "" {
		b.WriteString(e.Place + ": ")
	}
	if e.Doing != "" {
		b.WriteString(e.Doing + ": ")
	}
	said := e.Said()
	if e.Remedy != "" {
		said = strings.TrimSuffix(said, ".") + ". " + e.Remedy
	}
	b.WriteString(said)
	return b.String()
}

// Said is what happened, without the remedy.
func (e *Error) Said() string {
	switch {
	case e.What != "":
		return e.What
	case e.Cause != nil:
		return fmt.Sprintf("%v: %v", e.Kind, e.Cause)
	}
	return e.Kind.Error()
}

// Unwrap gives the kind and the cause.
func (e *Error) Unwrap() []error {
	if e.Cause == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Cause}
}

// printable makes what a host or server has said safe to show: one line, no control characters, at most n bytes or so.
func printable(s string, n int) string {
	s = strings.Join(strings.Fields(s), " ")
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u2029' || r >= '\u200e' && r <= '\u200f' || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if len(s) > n {
		s = strings.ToValidUTF8(s[:n], "") + "..."
	}
	return s
}
