package remote

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/providertest"
	"github.com/xdc-project/xdc/providers/shell"
)

// chain is three servers in a row: from here only the first gate can be reached, from it the second, from that the host.
type chain struct {
	*server          // the first gate, with the user's files
	second, host     *server
	toSecond, toHost string
}

func newChain(t *testing.T, options ...string) *chain {
	t.Helper()
	c := &chain{server: serve(t, nil, options...), toSecond: "10.9.1.2", toHost: "10.9.2.2"}
	same := func(s *server) { s.put("/run/k/authorized_keys", authorizedLine(c.client.PublicKey())+"\n", "644") }
	c.second, c.host = serve(t, same, "Port 2222"), serve(t, same)
	providertest.Join(t, c.Node, "e1", "10.9.1.1/24", c.second.Node, "e1", "10.9.1.2/24")
	providertest.Join(t, c.second.Node, "e2", "10.9.2.1/24", c.host.Node, "e2", "10.9.2.2/24")
	c.knowAll()
	return c
}

func (c *chain) knowAll() {
	c.write(".ssh/known_hosts", []byte(
		knownhosts.Line([]string{"192.0.2.1"}, c.key.PublicKey())+"\n"+
			knownhosts.Line([]string{"[10.9.1.2]:2222"}, c.second.key.PublicKey())+"\n"+
			knownhosts.Line([]string{"10.9.2.2"}, c.host.key.PublicKey())+"\n"))
}

// to is a machine behind the gates.
func (c *chain) to(p *Pool, address string, args string) providers.Machine {
	c.t.Helper()
	m, err := p.Machine(place, providers.Host{Name: "edge", Address: address, Args: []byte(args)})
	must(c.t, err)
	return m
}

var cameFrom = shell.Script{Name: "came", Text: `echo "${SSH_CONNECTION%% *}"`, Plain: true}

func TestThroughTwoRealGates(t *testing.T) {
	t.Parallel()
	c := newChain(t)
	through := `{"user":"root","jump":["root@192.0.2.1","root@10.9.1.2:2222"]}`
	p := c.pool(nil)
	m := c.to(p, c.toHost, through)
	look := func(what string, m providers.Machine) {
		t.Helper()
		if out, err := m.Run(t.Context(), cameFrom); err != nil || out.Stdout != "10.9.2.1\n" {
			t.Errorf("%s: got %+v, %v", what, out, err)
		}
	}
	look("jump", m)
	// The gates are shared with what else is behind them.
	if out, err := c.to(p, c.toSecond, `{"user":"root","port":2222,"jump":["root@192.0.2.1"]}`).Run(t.Context(), cameFrom); err != nil || out.Stdout != "10.9.1.1\n" {
		t.Errorf("the second gate: %+v, %v", out, err)
	}
	if n := c.dials.Load(); n != 1 {
		t.Errorf("%d connections to the first gate", n)
	}
	// A gate that goes away takes what is behind it along, and all is made anew.
	c.Must(t, "kill", "-KILL", c.serving(c.to(p, "192.0.2.1", `{"user":"root"}`)))
	look("after the gate was cut", m)
	c.second.Must(t, "kill", "-KILL", c.second.serving(c.to(p, c.toSecond, `{"user":"root","port":2222,"jump":["root@192.0.2.1"]}`)))
	look("after the second gate was cut", m)

	for what, conf := range map[string]string{
		"ProxyJump through two":             "Host 10.*\n User root\n ProxyJump root@192.0.2.1,root@10.9.1.2:2222\n",
		"each hop by its own configuration": "Host edge\n HostName 10.9.2.2\n User root\n ProxyJump second\nHost second\n HostName 10.9.1.2\n Port 2222\n User root\n ProxyJump gate-%h\nHost gate-*\n HostName 192.0.2.1\n User root\n",
	} {
		c.write(".ssh/config", []byte(conf))
		name := c.toHost
		if strings.Contains(conf, "Host edge") {
			name = "edge"
		}
		look(what, c.to(c.pool(nil), name, `{}`))
	}
	c.write(".ssh/config", []byte("Host *\n User root\n ProxyJump gate\n"))
	_, err := c.pool(nil).Machine(place, providers.Host{Name: "edge", Address: "x"})
	refused(t, "a loop", err, ErrSettings, "Does one name itself?")
}

func TestWhatIsInTheWayBehindAGate(t *testing.T) {
	t.Parallel()
	c := newChain(t)
	try := func(address, args string) error {
		_, err := c.to(c.pool(nil), address, args).Run(t.Context(), nothing)
		return err
	}
	gate := `{"user":"root","jump":["root@192.0.2.1"]`
	refused(t, "nobody listens", try(c.toSecond, gate+`,"port":9}`), ErrRefused, "the jump host root@192.0.2.1:22", "Does sshd run there")
	c.Must(t, "ip", "route", "add", "unreachable", "10.9.7.0/24")
	refused(t, "no route", try("10.9.7.1", gate+`}`), ErrUnreachable, "the jump host", "Is there a route to it?")
	refused(t, "no such user", try(c.toSecond, `{"user":"nosuch","port":2222,"jump":["root@192.0.2.1"]}`), ErrLoginRefused, "nosuch@10.9.1.2:2222", "authorized_keys")

	c.write(".ssh/known_hosts", []byte(knownhosts.Line([]string{"192.0.2.1", "[10.9.1.2]:2222"}, c.key.PublicKey())+"\n"))
	refused(t, "another key behind the gate", try(c.toSecond, gate+`,"port":2222}`), ErrHostKeyChanged, "add to "+c.home, "[10.9.1.2]:2222 ssh-ed25519")
	c.write(".ssh/known_hosts", nil)
	refused(t, "the gate's key", try(c.toSecond, gate+`,"verify_host_key":false}`), ErrHostKeyUnknown, "192.0.2.1") // only for the host itself
	c.knowAll()

	closed := serve(t, func(s *server) { s.put("/run/k/authorized_keys", authorizedLine(c.client.PublicKey())+"\n", "644") }, "AllowTcpForwarding no")
	c.know("192.0.2.1", closed.key.PublicKey())
	p := c.pool(func(o *Options) { o.Dial = closed.dial })
	_, err := c.to(p, c.toSecond, gate+`}`).Run(t.Context(), nothing)
	refused(t, "forwarding is not allowed", err, ErrUnreachable, "AllowTcpForwarding")
}

// A gate that falls silent in the middle holds nobody longer than an attempt may take.
func TestAGateFallsSilent(t *testing.T) {
	t.Parallel()
	c := newChain(t)
	c.write(".ssh/config", []byte("ConnectTimeout 1\n"))
	dead := make(chan struct{})
	p := c.pool(func(o *Options) {
		o.Dial = func(ctx context.Context, network, to string) (net.Conn, error) {
			nc, err := c.dial(ctx, network, to)
			if err != nil {
				return nil, err
			}
			return &silentConn{nc, dead}, nil
		}
	})
	if _, err := c.to(p, "192.0.2.1", `{"user":"root"}`).Run(t.Context(), nothing); err != nil {
		t.Fatal(err)
	}
	close(dead)
	start := time.Now()
	_, err := c.to(p, c.toSecond, `{"user":"root","port":2222,"jump":["root@192.0.2.1"]}`).Run(t.Context(), nothing)
	refused(t, "a silent gate", err, ErrTimeout, "ConnectTimeout")
	if took := time.Since(start); took > 4*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestAddressesThatDoNotAnswer(t *testing.T) {
	t.Parallel()
	s := serve(t, nil)
	other := providertest.NewNode(t, "other")
	providertest.Join(t, s.Node, "e1", "10.9.3.1/24", other, "e1", "10.9.3.2/24")
	s.Must(t, "ip", "neigh", "add", "10.9.3.3", "lladdr", "02:00:00:00:00:03", "dev", "e1", "nud", "permanent") // nobody's
	s.Must(t, "ip", "route", "add", "prohibit", "10.9.4.0/24")
	s.write(".ssh/config", []byte("ConnectTimeout 1\n"))
	p := s.pool(func(o *Options) { o.Dial = s.in })
	for to, want := range map[string]struct {
		kind  error
		words string
	}{
		"10.9.3.3": {ErrTimeout, "an attempt may take 1s"},
		"10.9.4.1": {ErrUnreachable, "Is there a route to it?"},
		"10.9.3.2": {ErrRefused, "Does sshd run there"},
	} {
		m, err := p.Machine(place, providers.Host{Name: "edge", Address: to, Args: []byte(`{"user":"root"}`)})
		must(t, err)
		_, err = m.Run(t.Context(), nothing)
		refused(t, to, err, want.kind, want.words)
	}
	// The caller's own time is shorter than an attempt's.
	s.write(".ssh/config", nil)
	m, err := s.pool(func(o *Options) { o.Dial = s.in }).Machine(place, providers.Host{Name: "edge", Address: "10.9.3.3", Args: []byte(`{"user":"root"}`)})
	must(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			_, err := m.Run(ctx, nothing)
			refused(t, "no time left", err, ErrTimeout, "firewall")
		})
	}
	wg.Wait()
}

// Servers end a login after a few keys: then it matters which ones are offered.
func TestWhichKeysAreOffered(t *testing.T) {
	t.Parallel()
	s := serve(t, nil, "MaxAuthTries 2")
	var strangers strings.Builder
	for i := range 4 {
		f, _ := private(t, "ed25519", "")
		s.write(fmt.Sprintf("stranger%d", i), f)
		strangers.WriteString("IdentityFile " + filepath.Join(s.home, fmt.Sprintf("stranger%d", i)) + "\n")
	}
	s.write(".ssh/config", []byte(strangers.String()))
	refused(t, "too many keys", s.try(nil, map[string]any{}), ErrLoginRefused, "MaxAuthTries", "identity_file")
	s.write("right", must1(os.ReadFile(filepath.Join(s.home, ".ssh/id_ed25519"))))
	if err := s.try(nil, map[string]any{"identity_file": "right"}); err != nil {
		t.Errorf("the plan's key: %v", err)
	}

	keys, stop := agentWith(t, s.home, "stranger0", "stranger1", "stranger2", "right")
	defer stop()
	withAgent := func(o *Options) { o.AgentSocket = keys }
	s.write(".ssh/config", nil)
	refused(t, "the agent has too many", s.try(withAgent, map[string]any{}), ErrLoginRefused, "identity_file")
	right := must1(ssh.ParsePrivateKey(must1(os.ReadFile(filepath.Join(s.home, "right")))))
	s.write("chosen.pub", ssh.MarshalAuthorizedKey(right.PublicKey()))
	s.write(".ssh/config", []byte("IdentitiesOnly yes\nIdentityFile "+filepath.Join(s.home, "chosen.pub")+"\n"))
	if err := s.try(withAgent, map[string]any{}); err != nil {
		t.Errorf("IdentitiesOnly: %v", err)
	}
	s.write(".ssh/config", []byte("IdentitiesOnly yes\nIdentityAgent "+keys+"\nIdentityFile "+filepath.Join(s.home, "chosen")+"\n"))
	if err := s.try(nil, map[string]any{}); err != nil { // chosen is not there, but chosen.pub is beside it
		t.Errorf("IdentityAgent: %v", err)
	}
	// Dead agents are said, and do not hold up a login that has another key.
	s.write(".ssh/config", nil)
	if err := s.try(func(o *Options) { o.AgentSocket = filepath.Join(s.home, "gone") }, map[string]any{}); err != nil {
		t.Errorf("a dead agent: %v", err)
	}
	silent := filepath.Join(t.TempDir(), "silent")
	l := must1(net.Listen("unix", silent))
	defer l.Close()
	s.write(".ssh/config", []byte("ConnectTimeout 1\n"))
	if err := s.try(func(o *Options) { o.AgentSocket = silent }, map[string]any{}); err != nil {
		t.Errorf("a silent agent: %v", err)
	}
}
