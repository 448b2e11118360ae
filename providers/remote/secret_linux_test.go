package remote

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/xdc-project/xdc/providers"
)

// The passphrase comes from where the plan says, is asked for once, and is never in a message.
func TestWherePassphrasesComeFrom(t *testing.T) {
	t.Parallel()
	const word = "s3cret-sesame"
	closed, key := private(t, "ed25519", word)
	s := serve(t, func(s *server) { s.put("/run/k/authorized_keys", authorizedLine(key.PublicKey())+"\n", "644") })
	s.write("closed", closed)
	s.write("word", []byte(word+"\n"))
	s.write("empty", nil)
	asked, concealed := 0, []string{}
	with := func(o *Options) {
		o.Secret = func(slot string) (string, error) {
			asked++
			if slot != "var.passphrase" {
				return "", errors.New("the variable " + slot + " is not set")
			}
			return word, nil
		}
		o.Conceal = func(s string) { concealed = append(concealed, s) }
	}
	slot := map[string]any{"identity_file": "closed", "passphrase": map[string]string{"secret": "var.passphrase"}}
	p := s.pool(with)
	m := s.machine(p, slot)
	for range 2 {
		s.Must(t, "kill", "-KILL", s.serving(m)) // the second connection, in the middle of a fault, asks nobody
	}
	if _, err := m.Run(t.Context(), nothing); err != nil || asked != 1 {
		t.Errorf("asked %d times, %v", asked, err)
	}
	for name, args := range map[string]map[string]any{
		"a file":    {"identity_file": "closed", "passphrase_file": "word"},
		"a command": {"identity_file": "closed", "passphrase_command": []string{"echo", word}},
	} {
		concealed = nil
		if err := s.try(with, args); err != nil || !slices.Contains(concealed, word) {
			t.Errorf("%s: %v, concealed %v", name, err, concealed)
		}
	}
	for name, args := range map[string]map[string]any{
		"var.other":      {"identity_file": "closed", "passphrase": map[string]string{"secret": "var.other"}},
		"file gone":      {"identity_file": "closed", "passphrase_file": "gone"},
		"file empty":     {"identity_file": "closed", "passphrase_file": "empty"},
		"command false":  {"identity_file": "closed", "passphrase_command": []string{"false"}},
		"command absent": {"identity_file": "closed", "passphrase_command": []string{"/nowhere"}},
	} {
		err := s.try(with, args)
		refused(t, name, err, ErrKeyEncrypted, "passphrase_command", "ssh-add")
		if err != nil && strings.Contains(err.Error(), word) {
			t.Errorf("%s: the secret is said: %v", name, err)
		}
	}
	s.write("word", []byte("something else"))
	err := s.try(with, map[string]any{"identity_file": "closed", "passphrase_file": "word"})
	refused(t, "wrong", err, ErrPassphrase, "ssh-keygen -y")
	if strings.Contains(err.Error(), "something else") {
		t.Errorf("the secret is said: %v", err)
	}
	// Keys that only the user's configuration names are passed over, and that is said.
	s.write(".ssh/config", []byte("IdentityFile "+filepath.Join(s.home, "closed")+"\nIdentityFile "+filepath.Join(s.home, "none")+"\n"))
	refused(t, "encrypted and only in the configuration", s.try(nil, map[string]any{}), ErrLoginRefused, "not tried", "gives no passphrase", "no key was at hand")
	socket, stop := agentWith(t, s.home)
	defer stop()
	refused(t, "an empty agent", s.try(func(o *Options) { o.AgentSocket = socket }, map[string]any{}), ErrLoginRefused, "no key was at hand")
}

func TestOlderFormsOfKeys(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	signer, err := ssh.NewSignerFromKey(key)
	must(t, err)
	s := serve(t, func(s *server) { s.put("/run/k/authorized_keys", authorizedLine(signer.PublicKey())+"\n", "644") })
	plain := x509.MarshalPKCS1PrivateKey(key)
	s.write("pem", pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: plain}))
	if err := s.try(nil, map[string]any{"identity_file": "pem"}); err != nil {
		t.Errorf("PEM: %v", err)
	}
	if keygen, err := exec.LookPath("ssh-keygen"); err == nil {
		s.write("old", pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: plain}))
		if out, err := exec.Command(keygen, "-p", "-m", "PEM", "-N", "sesame", "-P", "", "-f", filepath.Join(s.home, "old")).CombinedOutput(); err != nil {
			t.Fatalf("%v %s", err, out)
		}
		secret := func(word string) func(*Options) {
			return func(o *Options) { o.Secret = func(string) (string, error) { return word, nil } }
		}
		args := map[string]any{"identity_file": "old", "passphrase": map[string]string{"secret": "var.p"}}
		if err := s.try(secret("sesame"), args); err != nil {
			t.Errorf("encrypted PEM: %v", err)
		}
		refused(t, "encrypted PEM", s.try(secret("wrong"), args), ErrPassphrase)
	}
	// A form that only the agent can use is known by the public key beside it.
	s.write("hardware", []byte("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"))
	s.write("hardware.pub", ssh.MarshalAuthorizedKey(signer.PublicKey()))
	socket, stop := agentWith(t, s.home, "pem")
	defer stop()
	if err := s.try(func(o *Options) { o.AgentSocket = socket }, map[string]any{"identity_file": "hardware"}); err != nil {
		t.Errorf("a key that the agent has: %v", err)
	}
	s.write("hardware-cert.pub", []byte("rubbish"))
	refused(t, "a certificate that is none", s.try(nil, map[string]any{"identity_file": "pem", "certificate_file": "hardware-cert.pub"}), ErrKeyDamaged, "-cert.pub")
	refused(t, "a bare key as certificate", s.try(nil, map[string]any{"identity_file": "pem", "certificate_file": "hardware.pub"}), ErrKeyDamaged, "-cert.pub")
	refused(t, "no certificate", s.try(nil, map[string]any{"identity_file": "pem", "certificate_file": "gone"}), ErrKeyMissing, "certificate_file")
}

// A server with several keys does not look changed when only one of them is known.
func TestTheKnownOneOfSeveralHostKeysIsAskedFor(t *testing.T) {
	t.Parallel()
	kinds := map[string]ssh.PublicKey{}
	s := serve(t, func(s *server) {
		for _, kind := range []string{"rsa", "ecdsa"} {
			f, k := private(t, kind, "")
			s.put("/run/k/host_"+kind, string(f), "600")
			kinds[kind] = k.PublicKey()
		}
	}, "HostKey /run/k/host_rsa", "HostKey /run/k/host_ecdsa")
	for kind, key := range kinds {
		s.know(address, key)
		if err := s.try(nil, map[string]any{}); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
	// An alias stands for name and port.
	s.write(".ssh/config", []byte("Host "+address+"\n HostKeyAlias edge.example.com\n"))
	s.write(".ssh/known_hosts", []byte(knownhosts.Line([]string{"edge.example.com"}, kinds["rsa"])+"\n"))
	if err := s.try(nil, map[string]any{}); err != nil {
		t.Errorf("HostKeyAlias: %v", err)
	}
	s.write(".ssh/config", []byte("UserKnownHostsFile "+filepath.Join(s.home, "mine")+" "+filepath.Join(s.home, "more")+"\n"))
	refused(t, "in another file", s.try(nil, map[string]any{}), ErrHostKeyUnknown, ">>"+filepath.Join(s.home, "mine"))
	s.write("more", []byte(knownhosts.Line([]string{address}, kinds["ecdsa"])+"\n"))
	if err := s.try(nil, map[string]any{}); err != nil {
		t.Errorf("UserKnownHostsFile: %v", err)
	}
	// The command in the message can be pasted: the shell finds the home folder.
	home := func(o *Options) {
		o.ReadFile = func(name string) ([]byte, error) { return os.ReadFile(inHome(name, s.home)) }
	}
	s.write("own", nil)
	refused(t, "the plan's file in the home folder", s.try(home, map[string]any{"known_hosts": "~/own"}), ErrHostKeyUnknown, "ssh-keyscan -t ", " -- "+address+" >>~/own")
}

// A machine is looked at once, and the same block gives the same machine.
func TestTheSameBlockIsTheSameMachine(t *testing.T) {
	t.Parallel()
	p := NewPool(Options{Home: t.TempDir(), AgentSocket: "none", Dial: nil})
	if _, err := p.Machine(place, providers.Host{}); err == nil {
		t.Error("a pool without a way to dial makes machines")
	}
	s := &server{t: t, home: t.TempDir()}
	q := s.pool(nil)
	if a, b := s.machine(q, map[string]any{}), s.machine(q, map[string]any{}); a != b {
		t.Error("two machines")
	}
	if a, b := s.machine(q, map[string]any{}), s.machine(q, map[string]any{"become": "sudo"}); a == b || a.(*machine).link != b.(*machine).link {
		t.Error("the connection is not shared, or the machine is")
	}
	must(t, q.Close())
	if _, err := q.Machine(place, providers.Host{Address: "x"}); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v", err)
	}
}
