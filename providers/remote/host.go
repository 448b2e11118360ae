package remote

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/credential"
	"github.com/xdc-project/xdc/providers/remote/sshconfig"
)

// block is a plan's host block as its arguments arrive. The port 22 and the default known_hosts file cannot be told from
// nothing said: there, ~/.ssh/config may say something else.
type block struct {
	Port            int            `json:"port"`
	User            string         `json:"user"`
	IdentityFile    string         `json:"identity_file"`
	CertificateFile string         `json:"certificate_file"`
	Become          string         `json:"become"`
	Jump            *[]string      `json:"jump"`
	KnownHosts      string         `json:"known_hosts"`
	VerifyHostKey   *bool          `json:"verify_host_key"`
	Passphrase      providers.Text `json:"passphrase"`
	PassphraseFile  string         `json:"passphrase_file"`
	PassphraseCmd   []string       `json:"passphrase_command"`
}

const (
	defaultPort       = 22
	defaultKnownHosts = "~/.ssh/known_hosts"
	// connectTimeout bounds one attempt to connect and log in; ConnectTimeout of the configuration replaces it.
	connectTimeout = 15 * time.Second
	// aliveInterval and aliveMisses say when a silent peer counts as dead. The configuration can shorten this only.
	aliveInterval = 5 * time.Second
	aliveMisses   = 3
	// maxHops bounds a chain of jump hosts.
	maxHops = 8
)

// endpoint is one SSH server and how to log in there, with everything resolved.
type endpoint struct {
	Place string // of the plan's host that it is for
	Host  string // what is connected to
	Port  int
	User  string

	// Identity and Certificate are the plan's, read with Options.ReadFile.
	Identity, Certificate string
	Passphrase            credential.Source
	// Identities and Certificates are the configuration's, with whole paths. Defaults: Identities are the usual ones,
	// which need not be there.
	Identities, Certificates []string
	Defaults                 bool
	IdentitiesOnly           bool
	Agent                    string // socket; empty: none

	// PlanKnown is the plan's known_hosts file, KnownHosts the others.
	PlanKnown  string
	KnownHosts []string
	KeyName    string // HostKeyAlias
	Verify     bool

	Timeout  time.Duration
	Interval time.Duration
	Misses   int
}

func (e endpoint) address() string { return net.JoinHostPort(e.Host, strconv.Itoa(e.Port)) }

// login is "USER@HOST:PORT".
func (e endpoint) login() string { return e.User + "@" + e.address() }

// knownName is the name and port under which known_hosts files have the server.
func (e endpoint) knownName() (host, port string) {
	if e.KeyName != "" {
		return e.KeyName, strconv.Itoa(defaultPort)
	}
	return e.Host, strconv.Itoa(e.Port)
}

// key tells connections apart that must not be shared. Jump hosts are shared between places.
func (e endpoint) key() string {
	e.Place = ""
	b, err := json.Marshal(e)
	if err != nil {
		panic(err) // strings and numbers
	}
	return string(b)
}

// resolver makes endpoints for one host of the plan.
type resolver struct {
	pool  *Pool
	place string
	conf  *sshconfig.Config
	block block
}

func (r *resolver) bad(doing, what, remedy string) error {
	return &Error{Place: r.place, Doing: doing, What: what, Remedy: remedy, Kind: ErrSettings}
}

// route resolves a host block: the endpoints to go through, the host itself last.
func (p *Pool) route(place providers.Place, h providers.Host) (block, []endpoint, error) {
	r := &resolver{pool: p, place: place.String()}
	if len(h.Args) > 0 {
		if err := json.Unmarshal(h.Args, &r.block); err != nil {
			return r.block, nil, r.bad("read the host block", err.Error(), "Correct it in the plan.")
		}
	}
	switch r.block.Become {
	case "", "sudo", "doas":
	default:
		return r.block, nil, r.bad("read the host block", fmt.Sprintf("become is %q", r.block.Become), "It is sudo, doas or nothing.")
	}
	var err error
	if r.conf, err = p.conf(); err != nil {
		return r.block, nil, &Error{Place: r.place, Kind: ErrSettings, What: err.Error(), Remedy: "Correct it; or name another file."}
	}
	route, err := r.chain(hop{Host: h.Address, Port: stated(r.block.Port), User: r.block.User}, r.block.Jump, 0)
	if err != nil {
		return r.block, nil, err
	}
	last := &route[len(route)-1]
	if v := r.block.VerifyHostKey; v != nil {
		last.Verify = *v
	}
	return r.block, route, nil
}

func stated(port int) int {
	if port == defaultPort {
		return 0
	}
	return port
}

// chain resolves a host and the hosts to go through. jump is what the plan says, else the configuration is asked.
func (r *resolver) chain(h hop, jump *[]string, depth int) ([]endpoint, error) {
	if depth > maxHops {
		return nil, r.bad("resolve "+h.Host, fmt.Sprintf("the jump hosts of ~/.ssh/config lead through more than %d others", maxHops), "Does one name itself?")
	}
	s := r.conf.Lookup(h.Host)
	jumps := s.Jumps()
	switch {
	case jump != nil:
		jumps = *jump
	case s.ProxyCommand != "" && !strings.EqualFold(s.ProxyCommand, "none"):
		return nil, &Error{
			Place: r.place, Doing: "resolve " + h.Host, Kind: ErrProxyCommand,
			What:   "~/.ssh/config asks for a ProxyCommand, and xdc runs none",
			Remedy: "Name the hosts to go through: jump = [\"GATE\"] in the host block, or ProxyJump in ~/.ssh/config; jump = [] connects directly.",
		}
	}
	e, tok, err := r.endpoint(h, s, depth == 0)
	if err != nil {
		return nil, r.bad("resolve "+h.Host, err.Error(), "Correct it in ~/.ssh/config.")
	}
	var route []endpoint
	for i, text := range jumps {
		if jump == nil {
			if text, err = tok.Hop(text); err != nil {
				return nil, r.bad("read the jump hosts of "+h.Host, err.Error(), "Correct ProxyJump in ~/.ssh/config.")
			}
		}
		j, err := parseHop(text)
		if err != nil {
			return nil, r.bad("read the jump hosts of "+h.Host, err.Error(), "Write USER@ADDRESS:PORT, user and port optional.")
		}
		var own *[]string
		if i > 0 { // as with ssh: only the first hop's own way is asked for
			own = &[]string{}
		}
		part, err := r.chain(j, own, depth+1)
		if err != nil {
			return nil, err
		}
		route = append(route, part...)
	}
	if len(route) > maxHops {
		return nil, r.bad("resolve "+h.Host, fmt.Sprintf("it is behind more than %d jump hosts", maxHops), "Does one name itself?")
	}
	return append(route, e), nil
}

// endpoint puts the plan's word before the configuration's before the default. own: it is the plan's host itself, and no
// jump host.
func (r *resolver) endpoint(h hop, s sshconfig.Settings, own bool) (endpoint, sshconfig.Tokens, error) {
	e := endpoint{Place: r.place, Host: h.Host, Port: defaultPort, User: h.User, Verify: true, KeyName: s.HostKeyAlias}
	if s.HostName != "" {
		name, err := sshconfig.HostName(s.HostName, h.Host)
		if err != nil {
			return e, sshconfig.Tokens{}, err
		}
		e.Host = name
	}
	switch {
	case h.Port != 0:
		e.Port = h.Port
	case s.Port != 0:
		e.Port = s.Port
	}
	local, uid := localUser()
	switch {
	case e.User != "":
	case s.User != "":
		e.User = s.User
	default:
		e.User = local
	}
	e.Timeout, e.Interval, e.Misses = connectTimeout, aliveInterval, aliveMisses
	if s.ConnectTimeout > 0 {
		e.Timeout = s.ConnectTimeout
	}
	if s.ServerAliveInterval > 0 {
		e.Interval = min(s.ServerAliveInterval, aliveInterval)
	}
	if s.ServerAliveCountMax > 0 {
		e.Misses = min(s.ServerAliveCountMax, aliveMisses)
	}
	host, _ := os.Hostname() // only %l needs it
	tok := sshconfig.Tokens{
		Home: r.pool.opt.Home, Host: e.Host, Name: h.Host, Port: e.Port, User: e.User, LocalUser: local, LocalUID: uid,
		LocalHost: host, Jump: s.ProxyJump, HostKeyAlias: s.HostKeyAlias, Getenv: os.LookupEnv,
	}
	if err := r.login(&e, s, tok, own); err != nil {
		return e, tok, err
	}
	err := r.hostKeys(&e, s, tok)
	return e, tok, err
}

// login says which keys to offer. A jump host gets the plan's key only when the configuration has none for it.
func (r *resolver) login(e *endpoint, s sshconfig.Settings, tok sshconfig.Tokens, own bool) error {
	e.Passphrase = credential.Source{Value: r.block.Passphrase, File: r.block.PassphraseFile, Command: r.block.PassphraseCmd}
	var err error
	if e.Identities, err = files(tok, s.IdentityFiles); err != nil {
		return err
	}
	if e.Certificates, err = files(tok, s.CertificateFiles); err != nil {
		return err
	}
	e.IdentitiesOnly = s.IdentitiesOnly
	e.Agent = r.pool.opt.AgentSocket
	switch a := s.IdentityAgent; {
	case a == "" || a == "SSH_AUTH_SOCK":
	case strings.HasPrefix(a, "$") && !strings.HasPrefix(a, "${"):
		e.Agent = os.Getenv(a[1:])
	default:
		if e.Agent, err = tok.File(a); err != nil {
			return err
		}
	}
	if e.Agent == "none" {
		e.Agent = ""
	}
	if own && r.block.CertificateFile != "" {
		e.Certificate, e.Certificates = r.block.CertificateFile, nil
	}
	if r.block.IdentityFile != "" && (own || len(s.IdentityFiles) == 0) {
		e.Identity = r.block.IdentityFile
		if own { // the plan names the key: no other is offered
			e.Identities, e.IdentitiesOnly = nil, true
		}
		return nil
	}
	if len(s.IdentityFiles) == 0 {
		e.Defaults = true
		for _, n := range []string{"id_ed25519", "id_ecdsa", "id_rsa"} {
			e.Identities = append(e.Identities, filepath.Join(r.pool.opt.Home, ".ssh", n))
		}
	}
	return nil
}

// hostKeys says where the host's key may be stated. The plan's file replaces the user's, not the machine's.
func (r *resolver) hostKeys(e *endpoint, s sshconfig.Settings, tok sshconfig.Tokens) error {
	user := s.UserKnownHosts
	switch {
	case r.block.KnownHosts != "" && r.block.KnownHosts != defaultKnownHosts:
		e.PlanKnown, user = r.block.KnownHosts, nil
	case len(user) == 0:
		user = []string{defaultKnownHosts, "~/.ssh/known_hosts2"}
	}
	global := s.GlobalKnownHosts
	if len(global) == 0 {
		global = []string{"/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"}
	}
	var err error
	e.KnownHosts, err = files(tok, append(append([]string(nil), user...), global...))
	return err
}

// files resolves names of the configuration; "none" is no file.
func files(tok sshconfig.Tokens, names []string) ([]string, error) {
	var out []string
	for _, n := range names {
		if strings.EqualFold(n, "none") {
			continue
		}
		f, err := tok.File(n)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

func localUser() (name string, uid int) {
	u, err := user.Current()
	if err != nil {
		return os.Getenv("USER"), os.Getuid()
	}
	n := u.Username
	if i := strings.LastIndexByte(n, '\\'); i >= 0 { // DOMAIN\user
		n = n[i+1:]
	}
	return n, os.Getuid()
}

func inHome(name, home string) string {
	if rest, ok := strings.CutPrefix(name, "~/"); ok {
		return filepath.Join(home, rest)
	}
	return name
}
