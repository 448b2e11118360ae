package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/hashicorp/go-hclog"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/host"
	"github.com/xdc-project/xdc/providers/lab"
	"github.com/xdc-project/xdc/providers/remote"
	"github.com/xdc-project/xdc/providers/standin"
)

// HostRequest names machines without a plan and without a run.
type HostRequest struct {
	// Hosts are [USER@]ADDRESS[:PORT], or TARGET.HOST of a lab.
	Hosts []string
	// IdentityFile, KnownHosts and Become are as in a host block; empty: from ~/.ssh/config and the defaults.
	IdentityFile, KnownHosts, Become string
	// Lab is the folder of the lab that the hosts are of; empty: real ones.
	Lab string
	Log hclog.Logger
}

// OnHost is what there is on one machine, or what kept it from being seen.
type OnHost struct {
	Host string    `json:"host"`
	Look host.Look `json:"look"`
	Err  error     `json:"-"`
	// Healed are the faults that were healed, by name; Failed why others were not.
	Healed []string         `json:"healed,omitempty"`
	Failed map[string]error `json:"-"`
}

// LookAtHosts says what of xdc is on machines. With heal it runs every undo that is installed there.
func LookAtHosts(ctx context.Context, q HostRequest, heal bool) ([]OnHost, error) {
	if q.Log == nil {
		q.Log = hclog.NewNullLogger()
	}
	machines, done, err := q.machines()
	if err != nil {
		return nil, err
	}
	defer done()
	return lookAt(ctx, q.Hosts, func(i int) (providers.Machine, error) { return machines[i], nil }, heal), nil
}

// LookAtRun says what of xdc is on the machines of a run. ErrNoMachines: it has none.
func LookAtRun(ctx context.Context, q RecoverRequest) ([]OnHost, error) {
	p, err := q.Folder.readFrozen()
	if err != nil {
		return nil, err
	}
	_, rec, err := q.Folder.debts()
	if err != nil {
		return nil, err
	}
	env, there, targets, err := q.surroundings(p, rec)
	if err != nil {
		return nil, err
	}
	if !there.machines {
		return nil, ErrNoMachines
	}
	pool := openHosts(there, env, nil)
	defer pool.Close() //nolint:errcheck // it never fails
	find := machinesOf(pool, targets, q.Commands)
	var names []string
	var places []providers.Place
	for _, t := range targets {
		for _, h := range t.Hosts {
			at := providers.Place{Target: t.Name, Host: h.Name}
			places, names = append(places, at), append(names, at.String())
		}
	}
	return lookAt(ctx, names, func(i int) (providers.Machine, error) { return find(places[i]) }, false), nil
}

// ErrNoMachines is returned for runs against a twin, which has no machines.
var ErrNoMachines = errors.New("the run was made against a twin: it has no machines")

func lookAt(ctx context.Context, names []string, machine func(int) (providers.Machine, error), heal bool) []OnHost {
	out := make([]OnHost, len(names))
	var wg sync.WaitGroup
	for i, name := range names {
		wg.Go(func() {
			out[i].Host = name
			m, err := machine(i)
			if err == nil {
				out[i].Look, err = host.LookAt(ctx, m)
			}
			if out[i].Err = err; err != nil || !heal {
				return
			}
			out[i].Failed = map[string]error{}
			// In reverse order of arming, as everything is undone.
			rest := slices.Clone(out[i].Look.Remains)
			slices.SortStableFunc(rest, func(a, b host.Remain) int { return b.Since.Compare(a.Since) })
			for _, r := range rest {
				if err := host.Restore(ctx, m, out[i].Look.Dir, r.Name); err != nil {
					out[i].Failed[r.Name] = err
					continue
				}
				out[i].Healed = append(out[i].Healed, r.Name)
				if l := out[i].Look.Lock; l != nil && l.Run == r.Run {
					_ = host.Unlock(ctx, m, providers.Place{Target: name}, r.Run) // else its own lease ends it
				}
			}
		})
	}
	wg.Wait()
	return out
}

// machines opens the way to the hosts.
func (q HostRequest) machines() ([]providers.Machine, func(), error) {
	o := remote.Options{Dial: realDial, Log: q.Log, ReadFile: readPlanFile(".")}
	find := q.real
	if q.Lab != "" {
		s, err := standin.Load(q.Lab)
		if err != nil {
			return nil, nil, err
		}
		if s.Runner == nil {
			return nil, nil, fmt.Errorf("%s: %w", q.Lab, ErrNoMachines)
		}
		o.Dial, o.ConfigFile, o.AgentSocket = lab.Dial(*s.Runner), "none", "none"
		o.ReadFile = standInFiles{stand: s, next: o.ReadFile}.read
		find = func(name string) (providers.Place, providers.Host, error) { return inLab(s, name) }
	}
	pool := remote.NewPool(o)
	done := func() { _ = pool.Close() } // it never fails
	var out []providers.Machine
	for _, name := range q.Hosts {
		place, h, err := find(name)
		if err != nil {
			done()
			return nil, nil, err
		}
		m, err := pool.Machine(place, h)
		if err != nil {
			done()
			return nil, nil, err
		}
		out = append(out, m)
	}
	return out, done, nil
}

// real reads [USER@]ADDRESS[:PORT].
func (q HostRequest) real(name string) (providers.Place, providers.Host, error) {
	args := map[string]any{}
	address := name
	if i := strings.LastIndexByte(address, '@'); i >= 0 {
		args["user"], address = address[:i], address[i+1:]
	}
	if h, port, err := net.SplitHostPort(address); err == nil {
		n, err := strconv.Atoi(port)
		if err != nil || n < 1 || n > 65535 {
			return providers.Place{}, providers.Host{}, fmt.Errorf("%q: the port is a number from 1 to 65535", name)
		}
		args["port"], address = n, h
	}
	address = strings.TrimSuffix(strings.TrimPrefix(address, "["), "]")
	if address == "" {
		return providers.Place{}, providers.Host{}, fmt.Errorf("%q names no host: write USER@ADDRESS:PORT, user and port optional", name)
	}
	for k, v := range map[string]string{"identity_file": q.IdentityFile, "known_hosts": q.KnownHosts, "become": q.Become} {
		if v != "" {
			args[k] = v
		}
	}
	b, err := json.Marshal(args)
	return providers.Place{Target: address}, providers.Host{Name: address, Address: address, Args: b}, err
}

// inLab finds TARGET.HOST of a lab.
func inLab(s *standin.StandIn, name string) (providers.Place, providers.Host, error) {
	target, h, _ := strings.Cut(name, ".")
	c := s.Targets[target]
	if _, ok := c.Hosts[h]; !ok {
		var all []string
		for t, c := range s.Targets {
			for h := range c.Hosts {
				all = append(all, t+"."+h)
			}
		}
		slices.Sort(all)
		return providers.Place{}, providers.Host{}, fmt.Errorf("the lab has no host %q; it has %s", name, strings.Join(all, ", "))
	}
	hosts, err := swapHosts([]providers.Host{{Name: h}}, c.Hosts)
	if err != nil {
		return providers.Place{}, providers.Host{}, err
	}
	return providers.Place{Target: target, Host: h}, hosts[0], nil
}
