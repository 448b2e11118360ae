package remote

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/shell"
)

var nothing = shell.Script{Name: "x", Text: ":"}

// try runs nothing and returns why that did not work.
func (s *server) try(change func(*Options), args map[string]any) error {
	s.t.Helper()
	_, err := s.machine(s.pool(change), args).Run(s.t.Context(), nothing)
	return err
}

func TestHostKeys(t *testing.T) {
	t.Parallel()
	_, authority := private(t, "ed25519", "")
	_, other := private(t, "ed25519", "")
	var signed *ssh.Certificate
	s := serve(t, func(s *server) {
		signed = certificate(t, authority, s.key.PublicKey(), ssh.HostCert, time.Now().Add(time.Hour), address)
		s.put("/run/k/host_key-cert.pub", string(ssh.MarshalAuthorizedKey(signed)), "644")
		s.put("/run/k/expired.pub", string(ssh.MarshalAuthorizedKey(certificate(t, authority, s.key.PublicKey(), ssh.HostCert, time.Now().Add(-time.Minute), address))), "644")
		s.put("/run/k/elsewhere.pub", string(ssh.MarshalAuthorizedKey(certificate(t, authority, s.key.PublicKey(), ssh.HostCert, time.Now().Add(time.Hour), "elsewhere"))), "644")
	}, "HostCertificate /run/k/host_key-cert.pub", "Port 2222")
	key, ca := authorizedLine(s.key.PublicKey()), authorizedLine(authority.PublicKey())
	port := map[string]any{"port": 2222}
	for _, tc := range []struct {
		name, known string
		args        map[string]any
		kind        error
		words       []string
	}{
		{"plain", address + " " + key, nil, nil, nil},
		{"hashed", knownhosts.HashHostname(address) + " " + key, nil, nil, nil},
		{"among others", "x,*.example.com," + address + " " + key, nil, nil, nil},
		{"another port", "[" + address + "]:2222 " + key, port, nil, nil},
		{"hashed with a port", knownhosts.HashHostname("["+address+"]:2222") + " " + key, port, nil, nil},
		{"authority", "@cert-authority * " + ca, nil, nil, nil},
		{"unknown", "elsewhere " + key, nil, ErrHostKeyUnknown, []string{"SHA256:", "ssh-keyscan", "Compare the fingerprint"}},
		{"nothing known", "", nil, ErrHostKeyUnknown, []string{"ssh-keyscan"}},
		{"the key of another port", "[" + address + "]:2222 " + key, nil, ErrHostKeyUnknown, nil},
		{"changed", address + " " + authorizedLine(other.PublicKey()), nil, ErrHostKeyChanged, []string{"Somebody may be in between", "known_hosts:1"}},
		{"revoked", "@revoked * " + key + "\n" + address + " " + key, nil, ErrHostKeyRevoked, []string{"Do not use this machine"}},
		{"revoked authority", "@revoked * " + ca + "\n@cert-authority * " + ca, nil, ErrHostKeyRevoked, nil},
		{"negated", "!" + address + ",* " + key, nil, ErrHostKeyUnknown, nil},
	} {
		s.write(".ssh/known_hosts", []byte(tc.known+"\n"))
		if tc.args == nil {
			tc.args = map[string]any{}
		}
		err := s.try(nil, tc.args)
		if tc.kind == nil {
			if err != nil {
				t.Errorf("%s: %v", tc.name, err)
			}
			continue
		}
		refused(t, tc.name, err, tc.kind, tc.words...)
	}
	// The plan's own file is used in place of the user's, and must be there.
	s.write("known", []byte(address+" "+key+"\n"))
	if err := s.try(nil, map[string]any{"known_hosts": "known"}); err != nil {
		t.Errorf("the plan's file: %v", err)
	}
	refused(t, "the plan's file is missing", s.try(nil, map[string]any{"known_hosts": "none-there"}), ErrKeyMissing, "ssh-keyscan")
	if err := s.try(nil, map[string]any{"verify_host_key": false}); err != nil {
		t.Errorf("not verified: %v", err)
	}
	// Certificates that are over, or for somebody else.
	s.write(".ssh/known_hosts", []byte("@cert-authority * "+ca+"\n"))
	for file, word := range map[string]string{"expired": "expired", "elsewhere": "principal"} {
		s.Must(t, "sh", "-c", "cp /run/k/"+file+".pub /run/k/host_key-cert.pub")
		s.restart()
		refused(t, file, s.try(nil, map[string]any{}), ErrHostCertificate, word, "sign the host's key again")
	}
}

func TestKeysOfAllKinds(t *testing.T) {
	t.Parallel()
	type made struct {
		file   []byte
		signer ssh.Signer
	}
	keys := map[string]made{}
	_, authority := private(t, "ed25519", "")
	s := serve(t, func(s *server) {
		var all strings.Builder
		for _, kind := range []string{"rsa", "ecdsa", "ed25519", "closed"} {
			pass := ""
			if kind == "closed" {
				pass = "open sesame"
			}
			f, k := private(t, kind, pass)
			keys[kind] = made{f, k}
			all.WriteString(authorizedLine(k.PublicKey()) + "\n")
			s.write(kind, f)
		}
		s.put("/run/k/authorized_keys", all.String(), "644")
		s.put("/run/k/ca.pub", string(ssh.MarshalAuthorizedKey(authority.PublicKey())), "644")
		s.put("/run/k/principals", "root\n", "644")
	}, "TrustedUserCAKeys /run/k/ca.pub", "MaxAuthTries 3")
	must(t, os.Remove(filepath.Join(s.home, ".ssh/id_ed25519")))
	for _, kind := range []string{"rsa", "ecdsa", "ed25519"} {
		if err := s.try(nil, map[string]any{"identity_file": kind}); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
	secret := func(o *Options) { o.Secret = func(string) (string, error) { return "open sesame", nil } }
	wrong := func(o *Options) { o.Secret = func(string) (string, error) { return "no", nil } }
	slot := map[string]any{"identity_file": "closed", "passphrase": map[string]string{"secret": "var.passphrase"}}
	if err := s.try(secret, slot); err != nil {
		t.Errorf("encrypted: %v", err)
	}
	refused(t, "a wrong passphrase", s.try(wrong, slot), ErrPassphrase, "ssh-keygen -y")
	refused(t, "no passphrase", s.try(nil, map[string]any{"identity_file": "closed"}), ErrKeyEncrypted, "passphrase_file")
	refused(t, "no such file", s.try(nil, map[string]any{"identity_file": "gone"}), ErrKeyMissing, "identity_file")
	s.write("rubbish", []byte("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"))
	refused(t, "rubbish", s.try(nil, map[string]any{"identity_file": "rubbish"}), ErrKeyDamaged)
	f, stranger := private(t, "ed25519", "")
	s.write("stranger", f)
	refused(t, "another's key", s.try(nil, map[string]any{"identity_file": "stranger"}), ErrLoginRefused, ssh.FingerprintSHA256(stranger.PublicKey()), "authorized_keys")
	refused(t, "no key at all", s.try(nil, map[string]any{}), ErrLoginRefused, "no key was at hand")

	// A certificate beside the key, and one that is over.
	s.write("stranger-cert.pub", ssh.MarshalAuthorizedKey(certificate(t, authority, stranger.PublicKey(), ssh.UserCert, time.Now().Add(time.Hour), "root")))
	if err := s.try(nil, map[string]any{"identity_file": "stranger"}); err != nil {
		t.Errorf("certificate: %v", err)
	}
	s.write("old.pub", ssh.MarshalAuthorizedKey(certificate(t, authority, stranger.PublicKey(), ssh.UserCert, time.Now().Add(-time.Minute), "root")))
	must(t, os.Remove(filepath.Join(s.home, "stranger-cert.pub")))
	refused(t, "an old certificate", s.try(nil, map[string]any{"identity_file": "stranger", "certificate_file": "old.pub"}), ErrLoginRefused, "the certificate ended at")

	// The agent's keys, and a public key that names one of them.
	socket, stop := agentWith(t, s.home, "ed25519")
	defer stop()
	withAgent := func(o *Options) { o.AgentSocket = socket }
	if err := s.try(withAgent, map[string]any{}); err != nil {
		t.Errorf("the agent's key: %v", err)
	}
	s.write("only.pub", ssh.MarshalAuthorizedKey(keys["ed25519"].signer.PublicKey()))
	if err := s.try(withAgent, map[string]any{"identity_file": "only.pub"}); err != nil {
		t.Errorf("a public key whose private one the agent has: %v", err)
	}
	refused(t, "a public key that the agent does not have", s.try(nil, map[string]any{"identity_file": "only.pub"}), ErrKeyMissing, "ssh-add")
}

func TestJumpHostsAndTheUsersConfiguration(t *testing.T) {
	t.Parallel()
	s := serve(t, nil, "AllowTcpForwarding yes")
	// The gate forwards to itself: two handshakes, one behind the other.
	gate := knownhosts.Line([]string{"192.0.2.1", "127.0.0.1", address}, s.key.PublicKey()) + "\n"
	s.write(".ssh/known_hosts", []byte(gate))
	through := func(args map[string]any) providers.Machine {
		args["user"] = "root"
		return s.machine(s.pool(nil), args)
	}
	s.write(".ssh/config", []byte("Host "+address+"\n  HostName 127.0.0.1\n  User nobody\n"))
	if out, err := through(map[string]any{"jump": []string{"root@192.0.2.1"}}).Run(t.Context(), shell.Script{Name: "x", Text: `echo "$SSH_CONNECTION"`, Plain: true}); err != nil || !strings.HasPrefix(out.Stdout, "127.0.0.1 ") {
		t.Errorf("jump: %+v, %v", out, err)
	}
	s.write(".ssh/config", []byte("Host "+address+"\n  HostName 127.0.0.1\n  User root\n  ProxyJump root@192.0.2.1\n  IdentityFile ~/.ssh/id_ed25519\n"))
	if _, err := s.machine(s.pool(nil), map[string]any{}).Run(t.Context(), nothing); err != nil {
		t.Errorf("ProxyJump: %v", err)
	}
	s.write(".ssh/config", []byte("Host "+address+"\n  ProxyCommand nc %h %p\n"))
	if _, err := s.pool(nil).Machine(place, providers.Host{Name: "edge", Address: address}); err == nil {
		t.Error("ProxyCommand is passed over")
	} else {
		refused(t, "ProxyCommand", err, ErrProxyCommand, "ProxyJump")
	}
	if err := s.try(nil, map[string]any{"jump": []string{}}); err != nil {
		t.Errorf("connected directly all the same: %v", err)
	}
	s.write(".ssh/config", []byte("Host "+address+"\n  HostKeyAlias edge.example.com\n"))
	refused(t, "an alias without a key", s.try(nil, map[string]any{}), ErrHostKeyUnknown, "edge.example.com")
	s.write(".ssh/config", []byte("Port x\n"))
	if _, err := s.pool(nil).Machine(place, providers.Host{Name: "edge", Address: address}); err == nil || !strings.Contains(err.Error(), "config:1") {
		t.Errorf("a broken configuration: %v", err)
	}
}

func TestWhatIsInTheWayOfAHost(t *testing.T) {
	t.Parallel()
	s := serve(t, nil)
	refused(t, "nobody listens", s.try(nil, map[string]any{"port": 23}), ErrRefused, "Does sshd run there")
	s.write(".ssh/config", []byte("ConnectTimeout 1\n"))
	deaf := func(o *Options) {
		o.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() }
	}
	refused(t, "nobody answers", s.try(deaf, map[string]any{}), ErrTimeout)
	mute := func(o *Options) {
		o.Dial = func(context.Context, string, string) (net.Conn, error) { c, _ := net.Pipe(); return c, nil }
	}
	refused(t, "it says nothing", s.try(mute, map[string]any{}), ErrTimeout)
	saying := func(words string) func(o *Options) {
		return func(o *Options) {
			o.Dial = func(context.Context, string, string) (net.Conn, error) {
				near, far := net.Pipe()
				go func() { _, _ = io.Copy(io.Discard, far) }()
				go func() {
					_, _ = far.Write([]byte(words))
					_ = far.Close()
				}()
				return near, nil
			}
		}
	}
	refused(t, "a web server", s.try(saying("HTTP/1.1 400 Bad Request\r\n\r\n"), map[string]any{}), ErrHandshake, "HTTP/1.1 400", "Correct port")
	refused(t, "an old protocol", s.try(saying("SSH-1.5-old\r\n"), map[string]any{}), ErrHandshake, "Is an SSH server at this port?")
	for _, words := range []string{"", "Exceeded MaxStartups\r\n", "Not allowed at this time\r\n"} {
		ctx, cancel := context.WithTimeout(t.Context(), 700*time.Millisecond)
		_, err := s.machine(s.pool(saying(words)), map[string]any{}).Run(ctx, nothing)
		refused(t, words, err, ErrRefused, strings.TrimSpace(words), "MaxStartups")
		cancel()
	}
}
