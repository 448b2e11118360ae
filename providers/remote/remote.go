// Package remote runs scripts on hosts over SSH.
//
// It keeps one connection for each host, makes it again when it broke, and never runs a script twice that may have run:
// then the error is shell.ErrCut. The command line on a host is always the same constant; the program travels on
// standard input. How hosts are reached (keys, agent, ~/.ssh/config, jump hosts, host keys) is told in docs/ssh.md.
package remote

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"

	"github.com/hashicorp/go-hclog"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/remote/sshconfig"
)

// Options are what a pool works with. Dial is needed; everything else has a default.
type Options struct {
	// Dial opens connections to hosts and to the first jump host.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Secret returns the value behind a slot such as "var.passphrase".
	Secret func(slot string) (string, error)
	// Conceal is told secrets that were found in files or printed by commands; may be nil.
	Conceal func(secret string)
	// ReadFile reads a file that the plan names: relative to the plan's folder, with ~ resolved. Default: from the
	// current folder.
	ReadFile func(name string) ([]byte, error)
	// Home is the user's home folder. Default: the user's.
	Home string
	// ConfigFile is the ssh configuration. Default: ~/.ssh/config, if there is one. "none": no configuration.
	ConfigFile string
	// AgentSocket is where the ssh agent listens. Default: $SSH_AUTH_SOCK. "none": no agent.
	AgentSocket string
	// Log is told about connections, retries and what was passed over; may be nil.
	Log hclog.Logger
	// KillPoint is called before ("before") and after ("after") every script on a host; may be nil.
	KillPoint func(place, script, when string)
}

// Pool holds the connections of a run. Its methods may be used concurrently.
type Pool struct {
	opt  Options
	conf func() (*sshconfig.Config, error) // read at the first use
	keys keyring

	life context.Context //nolint:containedctx // ends with Close
	end  context.CancelFunc

	mu       sync.Mutex
	closed   bool
	machines map[string]*machine
	links    map[string]*link
	work     sync.WaitGroup // everything that runs in the background
}

// NewPool makes an empty pool. Nothing is read or dialled before a machine is used.
func NewPool(o Options) *Pool {
	if o.Home == "" {
		o.Home, _ = os.UserHomeDir() // without one, nothing is found there
	}
	if o.ReadFile == nil {
		home := o.Home
		o.ReadFile = func(name string) ([]byte, error) { return os.ReadFile(inHome(name, home)) }
	}
	if o.AgentSocket == "" {
		o.AgentSocket = os.Getenv("SSH_AUTH_SOCK")
	}
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	p := &Pool{opt: o, machines: map[string]*machine{}, links: map[string]*link{}}
	p.conf = sync.OnceValues(p.readConfig)
	p.life, p.end = context.WithCancel(context.Background())
	return p
}

// Machine returns the machine of a host block. It touches neither the network nor keys: those errors come with its first
// use. The same host gives the same machine. Errors are about the host block and the ssh configuration.
func (p *Pool) Machine(place providers.Place, h providers.Host) (providers.Machine, error) {
	return p.machine(place, h)
}

func (p *Pool) machine(place providers.Place, h providers.Host) (*machine, error) {
	if p.opt.Dial == nil {
		return nil, errors.New("reach hosts: no way to dial was given")
	}
	b, route, err := p.route(place, h)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, &Error{Place: place.String(), Kind: ErrClosed}
	}
	key := fmt.Sprintf("%s\x00%s\x00%s", place, h.Address, h.Args)
	if m, ok := p.machines[key]; ok {
		return m, nil
	}
	m := &machine{pool: p, place: place.String(), become: b.Become, link: p.linkTo(route)}
	m.facts.free = make(chan struct{}, 1)
	p.machines[key] = m
	return m, nil
}

// linkTo returns the connection to the last of some endpoints through those before it. Routes that begin alike share
// their jump hosts.
func (p *Pool) linkTo(route []endpoint) *link {
	var l *link
	var through []string
	for _, e := range route {
		through = append(through, e.key())
		key := strings.Join(through, "\x00")
		next, ok := p.links[key]
		if !ok {
			next = newLink(p, e, l)
			p.links[key] = next
		}
		l = next
	}
	return l
}

// Close closes all connections and waits until nothing runs in the background any more. Scripts that were under way end
// with shell.ErrCut.
func (p *Pool) Close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.end() // attempts and connections end with it
	p.work.Wait()
	return nil
}

// background runs f unless the pool is closed; Close waits for it.
func (p *Pool) background(f func()) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.work.Go(f)
	return true
}
