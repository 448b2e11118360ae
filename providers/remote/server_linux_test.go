package remote

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/lab"
	"github.com/xdc-project/xdc/providers/providertest"
	"github.com/xdc-project/xdc/providers/standin"
)

// server is OpenSSH's real server on a machine of its own.
type server struct {
	*providertest.Node
	t      testing.TB
	key    ssh.Signer // of the host
	dials  atomic.Int32
	home   string // of the user here
	client ssh.Signer
	sshd   *exec.Cmd
}

// address is that of every server; which one is meant is up to the way that is dialled.
const address = "192.0.2.10"

var place = providers.Place{Target: "dc1", Host: "edge"}

func private(t testing.TB, kind, passphrase string) (file []byte, signer ssh.Signer) {
	t.Helper()
	var key any
	var err error
	switch kind {
	case "rsa":
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	case "ecdsa":
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	default:
		_, key, err = ed25519.GenerateKey(rand.Reader)
	}
	must(t, err)
	var block *pem.Block
	if passphrase == "" {
		block, err = ssh.MarshalPrivateKey(key, "test")
	} else {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(key, "test", []byte(passphrase))
	}
	must(t, err)
	signer, err = ssh.NewSignerFromKey(key)
	must(t, err)
	return pem.EncodeToMemory(block), signer
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// put writes a file in the machine.
func (s *server) put(name, content, mode string) {
	s.t.Helper()
	c := s.Command(s.t.Context(), "sh", "-c", "mkdir -p \"$(dirname \"$1\")\" && cat >\"$1\" && chmod \"$2\" \"$1\"", "sh", name, mode)
	c.Stdin = strings.NewReader(content)
	if out, err := c.CombinedOutput(); err != nil {
		s.t.Fatalf("%s: %v %s", name, err, out)
	}
}

// serve starts a server. options are lines of its configuration; prepare, if not nil, changes the machine before.
func serve(t testing.TB, prepare func(s *server), options ...string) *server {
	t.Helper()
	if _, err := os.Stat("/usr/sbin/sshd"); err != nil {
		providertest.Lack(t, "needs OpenSSH's server: run make setup")
	}
	s := &server{Node: providertest.NewNode(t, "edge"), t: t, home: t.TempDir()}
	file, key := private(t, "ed25519", "")
	s.key = key
	s.Must(t, "sh", "-c", "chmod 755 /run; mkdir -p /run/sshd")
	s.put("/run/k/host_key", string(file), "600")
	own, signer := private(t, "ed25519", "")
	s.client = signer
	s.put("/run/k/authorized_keys", string(ssh.MarshalAuthorizedKey(signer.PublicKey())), "644")
	must(t, os.MkdirAll(filepath.Join(s.home, ".ssh"), 0o700))
	s.write(".ssh/id_ed25519", own)
	s.know(address, key.PublicKey())
	if prepare != nil {
		prepare(s)
	}
	// Of several statements sshd takes the first.
	config := strings.Join(options, "\n") + "\nPort 22\nHostKey /run/k/host_key\nAuthorizedKeysFile /run/k/authorized_keys\nPidFile /run/k/pid\nUsePAM no\nPermitRootLogin prohibit-password\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nSetEnv SHLVL=1\nLogLevel ERROR\n"
	s.put("/run/k/config", config, "600")
	s.start()
	return s
}

// start starts the server and waits until it answers.
func (s *server) start() {
	s.t.Helper()
	s.sshd = s.Command(context.Background(), "/usr/sbin/sshd", "-D", "-e", "-f", "/run/k/config")
	said, err := os.Create(filepath.Join(s.t.TempDir(), "said")) // a file: no pipe that its children would hold open
	must(s.t, err)
	defer said.Close()
	s.sshd.Stderr = said
	must(s.t, s.sshd.Start())
	s.t.Cleanup(func() {
		_ = s.sshd.Process.Kill() // the machine ends with the test too
		_ = s.sshd.Wait()
	})
	for end := time.Now().Add(10 * time.Second); ; <-time.After(20 * time.Millisecond) {
		c, err := s.in(s.t.Context(), "tcp", "127.0.0.1:22")
		if err == nil {
			_ = c.Close()
			return
		}
		if time.Now().After(end) {
			b, _ := os.ReadFile(said.Name())
			s.t.Fatalf("sshd does not answer: %v %s", err, b)
		}
	}
}

// restart ends the server, by the number that it gave itself on its machine, and starts another.
func (s *server) restart() {
	s.t.Helper()
	s.Must(s.t, "sh", "-c", `kill -KILL "$(cat /run/k/pid)"; rm /run/k/pid`)
	_ = s.sshd.Wait() // killed, as meant
	s.start()
}

func (s *server) in(ctx context.Context, network, to string) (net.Conn, error) {
	return lab.Dial(standin.Process{PID: s.PID()})(ctx, network, to)
}

// dial reaches the machine, whatever its address is called.
func (s *server) dial(ctx context.Context, network, to string) (net.Conn, error) {
	s.dials.Add(1)
	_, port, err := net.SplitHostPort(to)
	if err != nil {
		return nil, err
	}
	return s.in(ctx, network, "127.0.0.1:"+port)
}

// write writes a file of the user here.
func (s *server) write(name string, content []byte) {
	s.t.Helper()
	must(s.t, os.WriteFile(filepath.Join(s.home, name), content, 0o600))
}

// know has the user know a host key.
func (s *server) know(name string, key ssh.PublicKey) {
	s.write(".ssh/known_hosts", []byte(knownhosts.Line([]string{name}, key)+"\n"))
}

// pool makes a pool for a user; change may be nil.
func (s *server) pool(change func(*Options)) *Pool {
	o := Options{Dial: s.dial, Home: s.home, AgentSocket: "none", ReadFile: func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(s.home, name)) }}
	if change != nil {
		change(&o)
	}
	p := NewPool(o)
	s.t.Cleanup(func() { _ = p.Close() })
	return p
}

// machine is the host by its block's arguments.
func (s *server) machine(p *Pool, args map[string]any) providers.Machine {
	s.t.Helper()
	if _, ok := args["user"]; !ok {
		args["user"] = "root"
	}
	raw, err := json.Marshal(args)
	must(s.t, err)
	m, err := p.Machine(place, providers.Host{Name: "edge", Address: address, Args: raw})
	must(s.t, err)
	return m
}

// refused looks whether an error is of a kind and says what to do.
func refused(t testing.TB, what string, err, kind error, words ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: it works", what)
		return
	}
	e, ok := err.(*Error) //nolint:errorlint // it is the outermost
	if !ok || !errors.Is(e.Kind, kind) {
		t.Errorf("%s: %v, and not %q", what, err, kind)
		return
	}
	for _, w := range append(words, place.String()) {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%s: there is no %q in: %v", what, w, err)
		}
	}
	if e.Remedy == "" {
		t.Errorf("%s: nobody says what to do: %v", what, err)
	}
	if strings.ContainsAny(err.Error(), "\n\x1b") {
		t.Errorf("%s: %q", what, err.Error())
	}
}

// certificate signs a key.
func certificate(t testing.TB, by ssh.Signer, key ssh.PublicKey, kind uint32, until time.Time, names ...string) *ssh.Certificate {
	t.Helper()
	c := &ssh.Certificate{Key: key, CertType: kind, KeyId: "test", ValidPrincipals: names, ValidAfter: uint64(time.Now().Add(-time.Hour).Unix()), ValidBefore: uint64(until.Unix())}
	if kind == ssh.UserCert {
		c.Extensions = map[string]string{"permit-pty": ""}
	}
	must(t, c.SignCert(rand.Reader, by))
	return c
}

func authorizedLine(key ssh.PublicKey) string {
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
}

func must1[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// agentWith starts an agent that holds some of the user's key files, and says where it listens.
func agentWith(t testing.TB, home string, files ...string) (socket string, stop func()) {
	t.Helper()
	ring := agent.NewKeyring()
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(home, f))
		must(t, err)
		raw, err := ssh.ParseRawPrivateKey(b)
		must(t, err)
		must(t, ring.Add(agent.AddedKey{PrivateKey: raw}))
	}
	socket = filepath.Join(t.TempDir(), "agent")
	l, err := net.Listen("unix", socket)
	must(t, err)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _ = agent.ServeAgent(ring, c); _ = c.Close() }()
		}
	}()
	return socket, func() { _ = l.Close() }
}
