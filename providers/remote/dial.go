package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cenkalti/backoff/v5"
	"golang.org/x/crypto/ssh"

	"github.com/xdc-project/xdc/providers/remote/hostkeys"
)

// How often a refused connection is tried again: a host where nothing listens, and a server that closes connections before
// the login. OpenSSH does that at random when many come at once (MaxStartups), which takes longer to pass: a quarter of a
// minute at most.
const (
	maxRetries     = 5
	maxBusyRetries = 12
)

// connect makes a connection, again when it was refused.
func (l *link) connect(ctx context.Context) (*conn, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(l.pool.life, func() { cancel(ErrClosed) })() //nolint:contextcheck // the pool has a life of its own
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval, wait.MaxInterval = 100*time.Millisecond, 2*time.Second
	for try := 0; ; try++ {
		c, err := l.once(ctx)
		if err == nil || ctx.Err() != nil || !errors.Is(err, ErrRefused) {
			return c, err
		}
		limit := maxRetries
		if e, ok := errors.AsType[*Error](err); ok && e.busy {
			limit = maxBusyRetries
		}
		if try >= limit {
			return nil, err
		}
		l.pool.opt.Log.Debug("the connection was refused; it is tried again", "place", l.at.Place, "to", l.at.login(), "error", err)
		t := time.NewTimer(wait.NextBackOff())
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return nil, err
		}
	}
}

// progress is how far a handshake got.
type progress struct {
	hostKey  error       // what was wrong with the host key
	auth     atomic.Bool // the login began
	offered  []string    // the ways of logging in that the server names
	partly   bool        // the server took a key and wants more
	greeting string      // the banner
	first    heard       // what came before anything was understood
}

// heard is a connection that remembers the beginning of what came over it. It is read by one goroutine.
//
// It also keeps requests for channels from being lost: x/crypto's mux never answers one that is made after its reader has
// ended, and its writer does not say that it could not send it. So once nothing can come any more no request is begun,
// and those that are being made have the time to get to where the mux will find them when it ends.
type heard struct {
	net.Conn
	first  []byte
	ended  atomic.Bool  // nothing comes any more
	asking atomic.Int32 // requests for channels that are not answered
}

// settling is how long the end of a connection is held back when requests for channels are under way.
const settling = 250 * time.Millisecond

// ask makes a request for a channel, unless the connection has ended.
func (h *heard) ask(request func() error) error {
	h.asking.Add(1)
	defer h.asking.Add(-1)
	if h.ended.Load() {
		return io.EOF
	}
	return request()
}

// maxHeard is how much of it, in bytes: enough for a version line or the first line of another protocol.
const maxHeard = 200

func (h *heard) Read(p []byte) (int, error) {
	n, err := h.Conn.Read(p)
	if room := maxHeard - len(h.first); room > 0 {
		h.first = append(h.first, p[:min(n, room)]...)
	}
	if err != nil {
		h.ended.Store(true)
		if h.asking.Load() > 0 {
			t := time.NewTimer(settling)
			defer t.Stop()
			<-t.C
		}
	}
	return n, err
}

// oldVersion is the version that the other side names, when that is none of SSH 2; else empty.
func (h *heard) oldVersion() string {
	for line := range strings.Lines(string(h.first)) {
		if strings.HasPrefix(line, "SSH-") {
			if strings.HasPrefix(line, "SSH-2.0-") || strings.HasPrefix(line, "SSH-1.99-") || !strings.HasSuffix(line, "\n") {
				return ""
			}
			return printable(strings.TrimSpace(line), maxHeard)
		}
	}
	return ""
}

// otherWords is what the other side said, when that was no SSH.
func (h *heard) otherWords() string {
	if bytes.Contains(h.first, []byte("SSH-")) {
		return ""
	}
	return printable(string(h.first), maxHeard)
}

// isBusy reports whether those are the words of an SSH server that takes nobody at the moment.
func isBusy(words string) bool {
	return words == "" || strings.Contains(words, "MaxStartups") || strings.Contains(words, "Not allowed at this time")
}

// once makes one attempt to connect and log in.
func (l *link) once(ctx context.Context) (*conn, error) {
	e := l.at
	dial := l.pool.opt.Dial
	var jump *conn
	if l.via != nil {
		var err error
		if jump, err = l.via.get(ctx); err != nil {
			return nil, err
		}
		dial = jump.tunnel
	}
	// Before the clock of the attempt starts: a command that prints a passphrase has a limit of its own.
	o, err := l.pool.offers(ctx, e)
	if err != nil {
		return nil, err
	}
	defer o.close()
	known, err := l.pool.known(e)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, e.Timeout)
	defer cancel()
	o.until(ctx)
	nc, err := dial(ctx, "tcp", e.address())
	if err != nil {
		if jump != nil && !errors.As(err, new(*ssh.OpenChannelError)) && ctx.Err() == nil {
			l.via.giveUp(jump)
			return nil, l.jumpEnded(err)
		}
		return nil, l.dialError(ctx, err)
	}
	client, wire, err := l.handshake(ctx, nc, known, o)
	if err != nil {
		return nil, err
	}
	c := l.keep(client, wire, jump)
	if c == nil {
		return nil, &Error{Place: e.Place, Doing: "connect to " + e.login(), Kind: ErrClosed}
	}
	l.pool.opt.Log.Debug("connected", "place", e.Place, "to", e.login(), "server", printable(string(client.ServerVersion()), 100))
	return c, nil
}

// handshake makes a client of a connection, which it closes when that does not work. It does not wait beyond ctx: to close
// a connection through a silent jump host does not end what reads from it.
func (l *link) handshake(ctx context.Context, nc net.Conn, known *hostkeys.Host, o *offer) (*ssh.Client, *heard, error) {
	var (
		p      progress
		client *ssh.Client
		err    error
	)
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() { _ = nc.Close() })
	started := l.pool.background(func() {
		p.first.Conn = nc
		sc, chans, reqs, bad := ssh.NewClientConn(&p.first, l.at.address(), l.config(known, o, &p))
		if err = bad; bad == nil {
			client = ssh.NewClient(sc, chans, reqs)
		}
		select {
		case done <- struct{}{}:
		case <-ctx.Done():
			if client != nil {
				_ = client.Close()
			}
		}
	})
	if !started {
		stop()
		_ = nc.Close()
		return nil, nil, &Error{Place: l.at.Place, Doing: "connect to " + l.at.login(), Kind: ErrClosed}
	}
	select {
	case <-done:
	case <-ctx.Done():
		return nil, nil, l.late(ctx)
	}
	inTime := stop()
	switch {
	case err != nil:
		return nil, nil, l.handshakeError(ctx, err, o, &p)
	case !inTime:
		_ = client.Close()
		return nil, nil, l.late(ctx)
	}
	return client, &p.first, nil
}

func (l *link) config(known *hostkeys.Host, o *offer, p *progress) *ssh.ClientConfig {
	return &ssh.ClientConfig{
		User: l.at.User,
		Auth: []ssh.AuthMethod{ssh.PublicKeys(o.signers...)},
		AuthCallback: func(c *ssh.ClientAuthContext) (ssh.AuthMethod, error) {
			p.auth.Store(true)
			p.offered, p.partly = c.AllowedMethods, len(c.PartialSuccessMethods) > 0
			return nil, nil
		},
		HostKeyAlgorithms: known.Algorithms(),
		HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
			p.hostKey = l.verify(known, key)
			return p.hostKey
		},
		BannerCallback: func(m string) error {
			p.greeting = printable(m, 300)
			return nil
		},
	}
}

// late is the error of an attempt that took too long, or whose caller has no more time.
func (l *link) late(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return l.gone(ctx)
	}
	return &Error{
		Place: l.at.Place, Doing: "connect to " + l.at.login(), Kind: ErrTimeout, Cause: context.Cause(ctx), // nil: the network's own limit
		What:   fmt.Sprintf("there was no answer in time (an attempt may take %s)", l.at.Timeout),
		Remedy: isItUp + " ConnectTimeout in ~/.ssh/config gives it longer.",
	}
}

// jumpEnded is the error of a way that broke off at the jump host. It is worth another try.
func (l *link) jumpEnded(err error) error {
	return &Error{
		Place: l.at.Place, Doing: "connect to " + l.at.login(), Kind: ErrRefused, Cause: err,
		What:   "the connection to the jump host " + l.via.at.login() + " ended: " + printable(err.Error(), 200),
		Remedy: "Is the jump host up, and does its server keep connections open?",
	}
}

// dialError explains why no connection came to be.
func (l *link) dialError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return l.late(ctx)
	}
	e := &Error{Place: l.at.Place, Doing: "connect to " + l.at.login(), Kind: ErrUnreachable, Cause: err, What: printable(err.Error(), 300)}
	var (
		open    *ssh.OpenChannelError
		network net.Error
		name    *net.DNSError
	)
	refused := errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET)
	timeout := errors.As(err, &network) && network.Timeout()
	if errors.As(err, &open) {
		refused = strings.Contains(open.Message, "refused")
		timeout = strings.Contains(open.Message, "timed out")
		e.What = fmt.Sprintf("the jump host %s does not connect on: %s", l.via.at.login(), printable(open.Message, 200))
	}
	switch {
	case refused:
		e.Kind, e.Remedy = ErrRefused, "Does sshd run there, and is this its port?"
	case timeout && open == nil:
		return l.late(ctx)
	case timeout:
		e.Kind, e.Remedy = ErrTimeout, isItUp
	case open != nil && open.Reason == ssh.Prohibited:
		e.Remedy = "Its sshd_config must allow it: AllowTcpForwarding and PermitOpen."
	case errors.As(err, &name):
		e.Remedy = "Correct address in the host block, or HostName in ~/.ssh/config."
	default:
		e.Remedy = "Is there a route to it? Check the address, and jump if it is behind another host."
	}
	return e
}

// closedEarly reports whether an error means that the other side hung up.
func closedEarly(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// handshakeError explains why a connection did not become a login.
func (l *link) handshakeError(ctx context.Context, err error, o *offer, p *progress) error {
	var (
		no  *ssh.AlgorithmNegotiationError
		net net.Error
	)
	e := &Error{Place: l.at.Place, Doing: "connect to " + l.at.login(), Kind: ErrHandshake, Cause: err}
	switch {
	case p.hostKey != nil:
		return p.hostKey
	case ctx.Err() != nil:
		return l.late(ctx)
	case errors.As(err, &no):
		e.What, e.Remedy = printable(err.Error(), 400), "The server is set up for other algorithms than xdc takes, perhaps for broken ones only; update it."
	case errors.As(err, &net) && net.Timeout():
		return l.late(ctx)
	case p.auth.Load():
		return l.loginError(err, o, p)
	case !isBusy(p.first.otherWords()):
		e.What, e.Remedy = fmt.Sprintf("it is no SSH server that answers there: it says %q", p.first.otherWords()), "Correct port and address."
	case p.first.oldVersion() != "":
		e.What, e.Remedy = fmt.Sprintf("the server names its version as %q, and xdc speaks SSH 2 only", p.first.oldVersion()), "Is an SSH server at this port? Then update it."
	case closedEarly(err):
		e.Kind, e.busy = ErrRefused, true
		e.What = "the server closed the connection before the login"
		if words := p.first.otherWords(); words != "" {
			e.What += fmt.Sprintf(", and said %q", words)
		}
		e.Remedy = "Are too many connections made at once (MaxStartups in sshd_config), or is this machine locked out there (fail2ban, PerSourcePenalties)?"
	default:
		e.What, e.Remedy = printable(err.Error(), 300), "Is an SSH server at this port?"
	}
	return e
}

// loginError says what was tried.
func (l *link) loginError(err error, o *offer, p *progress) error {
	e := &Error{Place: l.at.Place, Doing: "log in as " + l.at.login(), Kind: ErrLoginRefused, Cause: err}
	tried := "no key was at hand"
	if len(o.names) > 0 {
		tried = "tried were " + strings.Join(o.names, "; ")
	}
	parts := []string{"the server refused the login", tried}
	if len(o.notes) > 0 {
		parts = append(parts, "not tried: "+strings.Join(o.notes, "; "))
	}
	if len(p.offered) > 0 {
		parts = append(parts, "the server takes "+printable(strings.Join(p.offered, ", "), 100))
	}
	switch {
	case closedEarly(err):
		parts[0] = "the server closed the connection during the login"
	case p.partly:
		parts[0] = "the server took a key and asks for more, which xdc cannot give"
	case strings.Contains(err.Error(), "disconnect"):
		parts[0] += " (" + printable(err.Error(), 150) + ")"
	}
	if p.greeting != "" {
		parts = append(parts, fmt.Sprintf("its greeting is %q", p.greeting))
	}
	e.What = strings.Join(parts, "; ")
	if strings.Contains(err.Error(), "Too many authentication failures") {
		e.Remedy = "The server ends the login after a few keys (MaxAuthTries): name the right one in identity_file, so that no other is offered."
		return e
	}
	e.Remedy = "Is it the right user, and is the public key in ~/.ssh/authorized_keys there? The server's log says why it refused (journalctl -u ssh)."
	return e
}
