package remote

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/xdc-project/xdc/providers/remote/hostkeys"
	"github.com/xdc-project/xdc/providers/shell"
)

// known reads what is known of an endpoint's host key. The files are read for every connection, so that a correction
// counts at once. Only the plan's own file must be there.
func (p *Pool) known(e endpoint) (*hostkeys.Host, error) {
	var all []hostkeys.File
	if e.PlanKnown != "" {
		b, err := p.readFile(e.PlanKnown, true, maxKnownHosts)
		if err != nil && e.Verify {
			return nil, &Error{
				Place: e.Place, Doing: "read known_hosts", Kind: ErrKeyMissing, Cause: err, What: err.Error(),
				Remedy: "Correct known_hosts in the host block; ssh-keyscan makes the lines of such a file.",
			}
		}
		all = append(all, hostkeys.File{Name: e.PlanKnown, Content: b})
	}
	for _, n := range e.KnownHosts {
		b, err := p.readFile(n, false, maxKnownHosts)
		switch {
		case err == nil:
			all = append(all, hostkeys.File{Name: n, Content: b})
		case !errors.Is(err, fs.ErrNotExist):
			p.opt.Log.Warn("a known_hosts file cannot be read", "file", n, "error", err)
		}
	}
	host, port := e.knownName()
	h := hostkeys.Find(all, host, port)
	for _, n := range h.Notes {
		p.opt.Log.Warn("a line of known_hosts is passed over", "why", n)
	}
	return h, nil
}

// verify says whether a host may show this key.
func (l *link) verify(known *hostkeys.Host, key ssh.PublicKey) error {
	if !l.at.Verify {
		l.mu.Lock()
		first := !l.warned
		l.warned = true
		l.mu.Unlock()
		if first {
			l.pool.opt.Log.Warn("the host key is not verified (verify_host_key = false): anybody in between can read and change what is done",
				"place", l.at.Place, "to", l.at.login(), "key", ssh.FingerprintSHA256(key))
		}
		return nil
	}
	err := known.Check(key)
	if err == nil {
		return nil
	}
	return l.hostKeyError(err)
}

func (l *link) hostKeyError(err error) error {
	e := &Error{Place: l.at.Place, Doing: "verify the host key of " + l.at.address(), Cause: err, Kind: ErrHostCertificate, What: err.Error()}
	var (
		changed *hostkeys.ChangedError
		unknown *hostkeys.UnknownError
		revoked *hostkeys.RevokedError
	)
	switch {
	case errors.As(err, &changed):
		e.Kind = ErrHostKeyChanged
		lines := make([]string, len(changed.Want))
		for i, k := range changed.Want {
			lines[i] = k.At()
		}
		e.Remedy = fmt.Sprintf("Somebody may be in between. If the machine was really given a new key, remove %s and add the new one: %s",
			strings.Join(lines, ", "), l.learn(changed.Key))
	case errors.As(err, &unknown):
		e.Kind = ErrHostKeyUnknown
		e.Remedy = "Compare the fingerprint with the machine's own (ssh-keygen -lf on its /etc/ssh/ssh_host_*_key.pub); if it is the same: " + l.learn(unknown.Key)
	case errors.As(err, &revoked):
		e.Kind = ErrHostKeyRevoked
		e.Remedy = "Do not use this machine before it has a new key."
	default:
		e.Remedy = "Have the authority sign the host's key again, for the name by which it is reached and for the time now."
	}
	return e
}

// learn is the command line that makes a key known, or the line to add where ssh-keyscan does not get through.
func (l *link) learn(key ssh.PublicKey) string {
	file := l.at.PlanKnown
	if file == "" {
		file = defaultKnownHosts
		if len(l.at.KnownHosts) > 0 {
			file = l.at.KnownHosts[0]
		}
	}
	host, port := l.at.knownName()
	if l.via != nil || l.at.KeyName != "" {
		line := knownhosts.Line([]string{hostkeys.Name(host, port)}, key)
		return fmt.Sprintf("add to %s the line %s", file, line)
	}
	kind := map[string]string{ssh.KeyAlgoED25519: "ed25519", ssh.KeyAlgoRSA: "rsa"}[key.Type()]
	if strings.HasPrefix(key.Type(), "ecdsa-") {
		kind = "ecdsa"
	}
	args := []string{"ssh-keyscan"}
	if kind != "" {
		args = append(args, "-t", kind)
	}
	if l.at.Port != defaultPort {
		args = append(args, "-p", strconv.Itoa(l.at.Port))
	}
	home, rest := "", file
	if in, ok := strings.CutPrefix(file, "~/"); ok {
		home, rest = "~/", in // in quotes, a shell would leave it as it is
	}
	return shell.Show(append(args, "--", l.at.Host)) + " >>" + home + shell.Show([]string{rest})
}
