package session

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"

	"github.com/xdc-project/xdc/engine/exec"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/lab"
	"github.com/xdc-project/xdc/providers/standin"
	"github.com/xdc-project/xdc/providers/twin/control"
)

// reached is how a run gets at what it acts on.
type reached struct {
	dial    func(ctx context.Context, network, address string) (net.Conn, error)
	proxy   func(*url.URL) (*url.URL, error) // nil: the environment's does not count
	secrets map[string]string                // by slot, beside the plan's own
	locks   exec.Locker                      // nil: locks are taken elsewhere
	// links, processes, volumes and domains are a twin's mechanisms for faults. They are nil where faults are made on machines: at the
	// plan's own targets and in a lab.
	links     func(providers.Place) (providers.Links, error)
	processes func(providers.Place) (providers.Processes, error)
	volumes   func(providers.Place) (providers.Volumes, error)
	domains   func(target string) (providers.Domain, error)
	// machines says that hosts are machines with SSH servers; lab, that they are those of a lab.
	machines bool
	lab      bool
}

// lend puts into a provider's environment what was reached.
func (r reached) lend(env providers.Env) providers.Env {
	env.Proxy = r.proxy
	env.Dial, env.Links, env.Processes, env.Volumes, env.Domain = r.dial, r.links, r.processes, r.volumes, r.domains
	return env
}

// reach finds a stand-in's secrets and locks, and the way in: a lab is reached from its runner's network and has real
// machines; a twin has a control endpoint for faults.
func reach(s *standin.StandIn, run string, targets []providers.Target) (reached, error) {
	r := reached{dial: realDial, secrets: map[string]string{}}
	for name, c := range s.Targets {
		b, err := os.ReadFile(s.Path(c.PasswordFile))
		if err != nil {
			return reached{}, fmt.Errorf("read the stand-in's password for %s: %w", name, err)
		}
		r.secrets[standInPrefix+name] = strings.TrimRight(string(b), "\r\n")
	}
	token, err := os.ReadFile(s.Path(s.TokenFile))
	if err != nil {
		return reached{}, fmt.Errorf("read the stand-in's token: %w", err)
	}
	c := control.New(realDial, s.Control, strings.TrimSpace(string(token)))
	r.locks = &locker{c: c, run: run}
	if s.Runner != nil {
		r.dial, r.machines, r.lab = lab.Dial(*s.Runner), true, true
		return r, nil
	}
	r.links, r.processes, r.volumes, r.domains = linksOf(c, targets), processesOf(c, targets), volumesOf(c, targets), domainsOf(c)
	return r, nil
}

// linksOf finds the mechanism at a place: the control endpoint, for the place's declared address.
func linksOf(c *control.Client, targets []providers.Target) func(providers.Place) (providers.Links, error) {
	return func(p providers.Place) (providers.Links, error) {
		address, err := addressOf(targets, p)
		if err != nil {
			return nil, err
		}
		return c.Links(address), nil
	}
}

// processesOf finds what runs at a place, through the control endpoint.
func processesOf(c *control.Client, targets []providers.Target) func(providers.Place) (providers.Processes, error) {
	return func(p providers.Place) (providers.Processes, error) {
		address, err := addressOf(targets, p)
		if err != nil {
			return nil, err
		}
		return c.Processes(address), nil
	}
}

// volumesOf finds the file systems at a place, through the control endpoint.
func volumesOf(c *control.Client, targets []providers.Target) func(providers.Place) (providers.Volumes, error) {
	return func(p providers.Place) (providers.Volumes, error) {
		address, err := addressOf(targets, p)
		if err != nil {
			return nil, err
		}
		return c.Volumes(address), nil
	}
}

// domainsOf finds the domain of a target, through the control endpoint.
func domainsOf(c *control.Client) func(string) (providers.Domain, error) {
	return func(target string) (providers.Domain, error) { return c.Domain(target), nil }
}

func addressOf(targets []providers.Target, p providers.Place) (string, error) {
	for _, t := range targets {
		if t.Name != p.Target {
			continue
		}
		for _, h := range t.Hosts {
			if h.Name == p.Host {
				return h.Address, nil
			}
		}
	}
	return "", fmt.Errorf("the stand-in has no host %s: %w", p, providers.ErrUnsupported)
}
