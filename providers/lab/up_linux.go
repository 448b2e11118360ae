package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/standin"
	"github.com/xdc-project/xdc/providers/twin"
)

// Addresses that the lab gives where the plan states none. They are of the range for tests of network devices (RFC 2544),
// which no real network uses.
const (
	runnerAddress = "198.18.255.1"
	serviceNet    = "198.18.%d.1"
	hostNet       = "198.19.%d.%d"
)

// LogFile is where the machines' processes write their complaints, in the lab's folder.
const LogFile = "lab.log"

// Files of a lab's folder besides those of every stand-in.
const (
	identityFile = "id_ed25519"
	knownFile    = "known_hosts"
	truthFile    = "truth.jsonl"
)

// lab is a lab that is up.
type lab struct {
	dir    string
	cfg    twin.Config
	router *node
	runner *node
	hosts  map[string]map[string]*node // by target and host
	svc    map[string]*node
	all    []*node
	net    *network
	twin   *twin.Twin
	log    *os.File
	script []byte   // of passive sides; nil: none
	lines  []string // of known_hosts
	wg     sync.WaitGroup
}

// Possible says what keeps this machine from having labs; nil: nothing.
func Possible() error {
	if os.Geteuid() != 0 {
		return errors.New("a lab needs root: it makes network namespaces")
	}
	for tool, from := range map[string]string{"ip": "iproute2", "nsenter": "util-linux", "flock": "util-linux", "setsid": "util-linux"} {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf("a lab needs %s: install it (%s)", tool, from)
		}
	}
	_, err := findSSHD()
	return err
}

// Serve brings a lab up in dir and keeps it until ctx ends. ready is called when everything answers. Afterwards nothing of
// it is left but the truth and the log.
func Serve(ctx context.Context, cfg twin.Config, dir string, ready func(*standin.StandIn)) (err error) {
	if err := Possible(); err != nil {
		return err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the lab's folder: %w", err)
	}
	if _, err := os.Stat(filepath.Join(dir, standin.FileName)); err == nil {
		return fmt.Errorf("%s is the folder of a stand-in already: end it first with xdc lab down %s", dir, dir)
	}
	truth, err := os.OpenFile(filepath.Join(dir, truthFile), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write the truth: %w", err)
	}
	defer truth.Close()
	cfg.Truth = truth
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	l := &lab{dir: dir, cfg: cfg, hosts: map[string]map[string]*node{}, svc: map[string]*node{}, net: newNetwork(inner)}
	defer func() {
		cancel()
		err = errors.Join(err, l.down())
	}()
	if err := l.up(inner); err != nil {
		return err
	}
	s, err := l.twin.Describe(dir, l.describe)
	if err != nil {
		return err
	}
	ready(s)
	<-ctx.Done()
	return nil
}

// up makes everything.
func (l *lab) up(ctx context.Context) (err error) {
	if l.log, err = os.OpenFile(filepath.Join(l.dir, LogFile), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
		return err
	}
	if err := l.machines(ctx); err != nil {
		return err
	}
	if err := l.doors(); err != nil {
		return err
	}
	if err := l.storage(); err != nil {
		return err
	}
	l.cfg.Processes, l.cfg.Monitors = l, l
	l.cfg.CAFile = monitorCA
	if err := l.readScript(); err != nil {
		return err
	}
	if l.twin, err = twin.New(l.cfg, l.net); err != nil {
		return err
	}
	if err := l.services(ctx); err != nil {
		return err
	}
	for _, n := range l.all {
		l.watchRules(ctx, n)
	}
	return l.twin.Start()
}

// machines makes the router, the runner and the machines of every target, and connects them.
func (l *lab) machines(ctx context.Context) (err error) {
	if l.router, err = l.machine(ctx, "router", netip.Addr{}); err != nil {
		return err
	}
	if err := l.router.forward(); err != nil {
		return fmt.Errorf("have the router pass packets on: %w", err)
	}
	if l.runner, err = l.machine(ctx, "runner", netip.MustParseAddr(runnerAddress)); err != nil {
		return err
	}
	l.net.machines[twin.RunnerNode] = l.runner
	for i := range l.cfg.Targets {
		t := &l.cfg.Targets[i]
		t.Hosts = addressed(i, t.Hosts)
		l.hosts[t.Name] = map[string]*node{}
		for _, h := range twin.Hosts(i, *t) {
			a, err := netip.ParseAddr(h.Address)
			if err != nil {
				return err
			}
			n, err := l.machine(ctx, t.Name+"-"+h.Name, a.Unmap())
			if err != nil {
				return err
			}
			l.hosts[t.Name][h.Name] = n
			l.net.machines["host/"+t.Name+"/"+h.Name] = n
			if err := n.openGate(ctx); err != nil {
				return err
			}
		}
		a := netip.MustParseAddr(fmt.Sprintf(serviceNet, i+1))
		n, err := l.machine(ctx, t.Name+"-services", a)
		if err != nil {
			return err
		}
		if err := n.openGate(ctx); err != nil {
			return err
		}
		t.Service = net.IP(a.AsSlice())
		l.svc[t.Name], l.net.machines["svc/"+t.Name] = n, n
	}
	return nil
}

// addressed gives an address to hosts that the plan knows by a name only.
func addressed(i int, hosts []providers.Host) []providers.Host {
	out := slices.Clone(hosts)
	for k := range out {
		if _, err := netip.ParseAddr(out[k].Address); err != nil {
			out[k].Address = fmt.Sprintf(hostNet, i+1, k+1)
		}
	}
	return out
}

func (l *lab) machine(ctx context.Context, name string, addr netip.Addr) (*node, error) {
	n, err := newNode(name, addr, l.log)
	if err != nil {
		return nil, err
	}
	l.all = append(l.all, n)
	if err := n.plain(); err != nil {
		return n, fmt.Errorf("set up the network of %s: %w", name, err)
	}
	if !addr.IsValid() {
		return n, n.ip(ctx, "link set lo up")
	}
	return n, n.connect(ctx, l.router, "c"+strconv.Itoa(len(l.all)))
}

// doors starts the SSH servers.
func (l *lab) doors() error {
	program, err := findSSHD()
	if err != nil {
		return err
	}
	private, public, err := keyPair("xdc lab")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(l.dir, identityFile), private, 0o600); err != nil {
		return err
	}
	for _, t := range l.cfg.Targets {
		for _, n := range l.hosts[t.Name] {
			line, err := n.sshd(program, public)
			if err != nil {
				return err
			}
			l.lines = append(l.lines, line)
		}
	}
	slices.Sort(l.lines)
	return os.WriteFile(filepath.Join(l.dir, knownFile), []byte(strings.Join(l.lines, "\n")+"\n"), 0o600)
}

// services starts the processes behind the platforms' services.
func (l *lab) services(ctx context.Context) error {
	for _, t := range l.cfg.Targets {
		s, err := newService(ctx, l.svc[t.Name], []string{"/opt/streams/bin/services", "--instance", t.Instance})
		if err != nil {
			return err
		}
		l.net.mu.Lock()
		l.net.services["svc/"+t.Name] = s
		l.net.mu.Unlock()
		l.wg.Go(s.keep)
	}
	return nil
}

// Start implements twin.Processes.
func (l *lab) Start(target, host string, args []string) (twin.Proc, error) {
	n := l.hosts[target][host]
	if n == nil {
		return nil, fmt.Errorf("the lab has no machine %s.%s", target, host)
	}
	return n.startProc(l.net.ctx, append([]string{"/opt/streams/bin/pe"}, args...))
}

// describe adds the lab's own to the stand-in's description.
func (l *lab) describe(s *standin.StandIn) {
	s.Runner, s.Router = &l.runner.proc, &l.router.proc
	for _, t := range l.cfg.Targets {
		c := s.Targets[t.Name]
		c.Hosts = map[string]standin.Host{}
		for name, n := range l.hosts[t.Name] {
			c.Hosts[name] = standin.Host{
				Address: n.addr.String(), Port: sshPort, User: "root", IdentityFile: identityFile, KnownHosts: knownFile, Process: n.proc,
			}
		}
		s.Targets[t.Name] = c
	}
}

// down takes everything away again that up has made.
func (l *lab) down() error {
	var errs []error
	if l.twin != nil {
		errs = append(errs, l.twin.Close())
	} else {
		l.net.Close()
	}
	for _, n := range slices.Backward(l.all) {
		n.close()
	}
	l.wg.Wait()
	if l.log != nil {
		errs = append(errs, l.log.Close())
	}
	for _, t := range l.cfg.Targets {
		errs = append(errs, remove(filepath.Join(l.dir, "password-"+t.Name)))
	}
	for _, f := range []string{identityFile, knownFile, "ca.pem", "token", standin.FileName} {
		errs = append(errs, remove(filepath.Join(l.dir, f)))
	}
	return errors.Join(errs...)
}

func remove(name string) error {
	if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
