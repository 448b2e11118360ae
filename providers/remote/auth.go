package remote

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"slices"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// offer is what is shown to a server to log in.
type offer struct {
	signers []ssh.Signer
	names   []string // of the signers, for people
	notes   []string // what was passed over, and why
	agent   net.Conn // answers for the agent's keys; may be nil
}

func (o *offer) close() {
	if o.agent != nil {
		_ = o.agent.Close()
	}
}

// until bounds how long the agent may take to sign, by the end of ctx.
func (o *offer) until(ctx context.Context) {
	if t, ok := ctx.Deadline(); ok && o.agent != nil {
		_ = o.agent.SetDeadline(t) // else it answers in its own time
	}
}

func (o *offer) note(name string, why error) {
	what := why.Error()
	if e, ok := errors.AsType[*Error](why); ok {
		what = e.Said()
	}
	o.notes = append(o.notes, name+" ("+what+")")
}

func (o *offer) has(pub ssh.PublicKey) bool {
	return slices.ContainsFunc(o.signers, func(s ssh.Signer) bool { return sameKey(s.PublicKey(), pub) })
}

// add puts a key at the end, behind its certificates.
func (o *offer) add(name string, s ssh.Signer, certs []namedCert) {
	for _, c := range certs {
		if !sameKey(c.cert.Key, s.PublicKey()) || o.has(c.cert) {
			continue
		}
		signer, err := ssh.NewCertSigner(c.cert, s)
		if err != nil {
			o.note(c.name, err)
			continue
		}
		label := fmt.Sprintf("%s with the certificate %s", name, c.name)
		if why := outOfTime(c.cert, time.Now()); why != "" {
			label += ": " + why
		}
		o.signers, o.names = append(o.signers, signer), append(o.names, label)
	}
	if !o.has(s.PublicKey()) {
		o.signers, o.names = append(o.signers, s), append(o.names, name+" ("+ssh.FingerprintSHA256(s.PublicKey())+")")
	}
}

type namedCert struct {
	name string
	cert *ssh.Certificate
}

// offers gathers the keys for an endpoint: the plan's or the configuration's files, then the agent's. What the plan names
// must be there; everything else is passed over with a note.
func (p *Pool) offers(ctx context.Context, e endpoint) (*offer, error) {
	o := &offer{}
	held := p.agentKeys(ctx, e, o)
	ids, certs, err := p.files(ctx, e, o)
	if err != nil {
		o.close()
		return nil, err
	}
	fromAgent := func() {
		for _, s := range held {
			if !e.IdentitiesOnly {
				o.add("the agent's key", s, certs)
			}
		}
	}
	if e.Defaults {
		fromAgent()
	}
	for i, id := range ids {
		at := slices.IndexFunc(held, func(s ssh.Signer) bool { return sameKey(s.PublicKey(), id.public) })
		switch {
		case id.signer != nil:
			o.add(id.name, id.signer, certs)
		case at >= 0:
			o.add(id.name+" from the agent", held[at], certs)
		case i == 0 && e.Identity != "":
			o.close()
			if id.err == nil {
				id.err = &Error{
					Place: e.Place, Doing: "use the key " + id.name, Kind: ErrKeyMissing, What: "it is a public key, and the agent does not hold the private one",
					Remedy: "Name the private key in identity_file, or add it to the agent (ssh-add).",
				}
			}
			return nil, id.err
		case e.Defaults && errors.Is(id.err, fs.ErrNotExist):
		case id.err != nil:
			o.note(id.name, id.err)
		default:
			o.note(id.name, errors.New("a public key whose private key the agent does not hold"))
		}
	}
	if !e.Defaults {
		fromAgent()
	}
	return o, nil
}

// files reads the identity and certificate files, the plan's first.
func (p *Pool) files(ctx context.Context, e endpoint, o *offer) ([]identity, []namedCert, error) {
	var (
		ids   []identity
		certs []namedCert
	)
	take := func(name string, plan, must bool) error {
		c, err := p.certificate(e, name, plan)
		switch {
		case err == nil:
			certs = append(certs, namedCert{name, c})
		case must:
			return err
		case !errors.Is(err, fs.ErrNotExist):
			o.note(name, err)
		}
		return nil
	}
	if e.Certificate != "" {
		if err := take(e.Certificate, true, true); err != nil {
			return nil, nil, err
		}
	}
	for _, n := range e.Certificates {
		if err := take(n, false, false); err != nil {
			return nil, nil, err
		}
	}
	read := func(name string, plan bool) error {
		ids = append(ids, p.identity(ctx, e, name, plan))
		return take(name+"-cert.pub", plan, false)
	}
	if e.Identity != "" {
		if err := read(e.Identity, true); err != nil {
			return nil, nil, err
		}
	}
	for _, n := range e.Identities {
		if err := read(n, false); err != nil {
			return nil, nil, err
		}
	}
	return ids, certs, nil
}

// agentKeys asks the agent for its keys. The connection stays open in o, because the agent signs through it.
func (p *Pool) agentKeys(ctx context.Context, e endpoint, o *offer) []ssh.Signer {
	if e.Agent == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, e.Timeout)
	defer cancel()
	// The agent is on this machine, so it is not behind the Dial of the options.
	c, err := (&net.Dialer{}).DialContext(ctx, "unix", e.Agent)
	if err != nil {
		o.note("the agent", err)
		return nil
	}
	if t, ok := ctx.Deadline(); ok {
		_ = c.SetDeadline(t)
	}
	defer context.AfterFunc(ctx, func() { _ = c.Close() })()
	held, err := agent.NewClient(c).Signers()
	if err != nil {
		_ = c.Close()
		o.note("the agent", err)
		return nil
	}
	o.agent = c
	return held
}
