package remote

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/xdc-project/xdc/providers"
)

// maxKeyFile bounds identity and certificate files, in bytes; maxKnownHosts bounds known_hosts files.
const (
	maxKeyFile    = 1 << 20
	maxKnownHosts = 32 << 20
)

// keyring keeps private keys that were decrypted, so that a connection can be made again without asking for the
// passphrase in the middle of a fault. Keys are known by the file's content: a file that changes is read anew.
type keyring struct {
	mu     sync.Mutex
	opened map[string]ssh.Signer
}

func (k *keyring) get(id string) (ssh.Signer, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	s, ok := k.opened[id]
	return s, ok
}

func (k *keyring) put(id string, s ssh.Signer) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.opened == nil {
		k.opened = map[string]ssh.Signer{}
	}
	k.opened[id] = s
}

// identity is what an identity file holds.
type identity struct {
	name   string
	signer ssh.Signer    // nil: the private key is elsewhere, or closed
	public ssh.PublicKey // may be nil when signer is
	err    error         // why signer is nil; nil for a file that holds a public key
}

// readFile reads a file of the plan, or one with a whole path.
func (p *Pool) readFile(name string, plan bool, limit int) ([]byte, error) {
	read := os.ReadFile
	if plan {
		read = p.opt.ReadFile
	}
	b, err := read(name)
	if err == nil && len(b) > limit {
		return nil, fmt.Errorf("%s is larger than %d KiB", name, limit>>10)
	}
	return b, err
}

// identity reads an identity file of an endpoint.
func (p *Pool) identity(ctx context.Context, e endpoint, name string, plan bool) identity {
	id := identity{name: name}
	b, err := p.readFile(name, plan, maxKeyFile)
	if err != nil {
		id.public = p.publicBeside(name, plan)
		id.err = &Error{
			Place: e.Place, Doing: "read the private key " + name, Kind: ErrKeyMissing, Cause: err,
			What: err.Error(), Remedy: "Correct identity_file, or make a key with ssh-keygen.",
		}
		return id
	}
	var closed *ssh.PassphraseMissingError
	signer, err := ssh.ParsePrivateKey(b)
	switch {
	case err == nil:
		id.signer, id.public = signer, signer.PublicKey()
		warnWideOpen(p, name, plan)
	case errors.As(err, &closed):
		if id.public = closed.PublicKey; id.public == nil {
			id.public = p.publicBeside(name, plan)
		}
		id.signer, id.err = p.decrypt(ctx, e, name, b)
		if id.signer != nil {
			id.public = id.signer.PublicKey()
		}
	default:
		pub, _, _, _, bad := ssh.ParseAuthorizedKey(b)
		if bad == nil {
			id.public = pub
			return id
		}
		id.public = p.publicBeside(name, plan) // the agent may know more: of a key in hardware, say
		id.err = &Error{
			Place: e.Place, Doing: "read the private key " + name, Kind: ErrKeyDamaged, Cause: err,
			What: "it is no private key: " + err.Error(), Remedy: "Name a private key in OpenSSH's or PEM form; ssh-keygen makes one.",
		}
	}
	return id
}

// decrypt opens an encrypted private key with the plan's passphrase.
func (p *Pool) decrypt(ctx context.Context, e endpoint, name string, b []byte) (ssh.Signer, error) {
	bad := &Error{Place: e.Place, Doing: "open the private key " + name}
	if e.Passphrase.IsZero() {
		bad.Kind, bad.What = ErrKeyEncrypted, "it is encrypted, and the host block gives no passphrase"
		bad.Remedy = "Set passphrase, passphrase_file or passphrase_command, or add the key to the ssh agent (ssh-add)."
		return nil, bad
	}
	source, err := json.Marshal(e.Passphrase)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(b)
	key := string(sum[:]) + string(source)
	if s, ok := p.keys.get(key); ok {
		return s, nil
	}
	pass, err := e.Passphrase.Reveal(ctx, providers.Env{Secret: p.opt.Secret, Conceal: p.opt.Conceal, ReadFile: p.opt.ReadFile})
	if err != nil {
		bad.Kind, bad.Cause, bad.Remedy = ErrKeyEncrypted, err, "Correct passphrase, passphrase_file or passphrase_command, or add the key to the ssh agent (ssh-add)."
		return nil, bad
	}
	s, err := ssh.ParsePrivateKeyWithPassphrase(b, []byte(pass))
	if err != nil {
		bad.Kind, bad.Cause, bad.What = ErrPassphrase, err, "the passphrase does not fit it"
		bad.Remedy = "Try it by hand: ssh-keygen -y -f FILE asks for it."
		if !errors.Is(err, x509.IncorrectPasswordError) {
			bad.Kind, bad.What, bad.Remedy = ErrKeyDamaged, "it cannot be decrypted: "+err.Error(), "Make it anew with ssh-keygen."
		}
		return nil, bad
	}
	p.keys.put(key, s)
	return s, nil
}

// publicBeside reads FILE.pub, from which an agent's key is known.
func (p *Pool) publicBeside(name string, plan bool) ssh.PublicKey {
	b, err := p.readFile(name+".pub", plan, maxKeyFile)
	if err != nil {
		return nil
	}
	pub, _, _, _, err := ssh.ParseAuthorizedKey(b)
	if err != nil {
		return nil
	}
	return pub
}

// certificate reads a user certificate. Without a file it returns nil and an error that is fs.ErrNotExist.
func (p *Pool) certificate(e endpoint, name string, plan bool) (*ssh.Certificate, error) {
	bad := &Error{Place: e.Place, Doing: "read the certificate " + name, Kind: ErrKeyDamaged}
	b, err := p.readFile(name, plan, maxKeyFile)
	if err != nil {
		bad.Kind, bad.Cause, bad.What, bad.Remedy = ErrKeyMissing, err, err.Error(), "Correct certificate_file."
		return nil, bad
	}
	pub, _, _, _, err := ssh.ParseAuthorizedKey(b)
	if err != nil {
		bad.Cause, bad.Remedy = err, "Name the file that ends with -cert.pub."
		return nil, bad
	}
	cert, ok := pub.(*ssh.Certificate)
	if !ok || cert.CertType != ssh.UserCert {
		bad.What, bad.Remedy = "it is no user certificate", "Name the file that ends with -cert.pub."
		return nil, bad
	}
	return cert, nil
}

// outOfTime says why a certificate does not hold now; empty: it does.
func outOfTime(c *ssh.Certificate, now time.Time) string {
	at := uint64(now.Unix())
	switch {
	case at < c.ValidAfter:
		return "the certificate is valid only from " + time.Unix(int64(c.ValidAfter), 0).UTC().Format(time.RFC3339)
	case c.ValidBefore != ssh.CertTimeInfinity && at >= c.ValidBefore:
		return "the certificate ended at " + time.Unix(int64(c.ValidBefore), 0).UTC().Format(time.RFC3339)
	}
	return ""
}

func sameKey(a, b ssh.PublicKey) bool {
	return a != nil && b != nil && bytes.Equal(a.Marshal(), b.Marshal())
}

// warnWideOpen tells of a private key that others may read; ssh would not use it.
func warnWideOpen(p *Pool, name string, plan bool) {
	if plan {
		return // its place is not known here
	}
	if st, err := os.Stat(name); err == nil && st.Mode().Perm()&0o077 != 0 && st.Mode().Type() == fs.FileMode(0) && os.PathSeparator == '/' {
		p.opt.Log.Warn("the private key can be read by others: chmod 600 would stop that", "file", name)
	}
}
