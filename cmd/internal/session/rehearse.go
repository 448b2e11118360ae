package session

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/xdc-project/xdc/engine/exec"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/standin"
	"github.com/xdc-project/xdc/providers/twin"
	"github.com/xdc-project/xdc/providers/twin/control"
	"github.com/xdc-project/xdc/providers/twin/wire"
)

// Rehearse runs a plan against a twin of its own targets: in virtual time, or over loopback in real time.
func Rehearse(ctx context.Context, q Request) (Result, error) {
	f, err := q.prepare()
	if err != nil {
		return Result{Folder: f}, err
	}
	truth, closeTruth, err := openTruth(q.Truth)
	if err != nil {
		return Result{Folder: f}, err
	}
	started := time.Now()
	var res Result
	if !q.RealTime {
		ctx = context.WithoutCancel(ctx) // waiting on it would stop the bubble's clock; stops are polled
	}
	body := func() { res, err = q.rehearse(ctx, f, truth, started) }
	if q.RealTime {
		body()
	} else {
		q.Bubble(body)
	}
	if terr := closeTruth(); terr != nil && res.ReportErr == nil {
		res.ReportErr = terr
	}
	return res, err
}

func openTruth(name string) (io.Writer, func() error, error) {
	if name == "" {
		return nil, func() error { return nil }, nil
	}
	f, err := os.Create(name)
	if err != nil {
		return nil, nil, fmt.Errorf("write the truth: %w", err)
	}
	w := bufio.NewWriter(f)
	return w, func() error { return errors.Join(w.Flush(), f.Close()) }, nil
}

// rehearse runs inside the bubble where there is one.
func (q *Request) rehearse(ctx context.Context, f Folder, truth io.Writer, started time.Time) (res Result, err error) {
	res.Folder = f
	cfg := Model(q.Plan, q.Seed, truth)
	cfg.API, cfg.Errors = q.API, q.Errors
	for i := range cfg.Targets {
		cfg.Targets[i].Clock += q.Clocks[cfg.Targets[i].Name]
	}
	n := wire.NewMemory(q.Seed)
	if q.RealTime {
		var d net.Dialer
		var lc net.ListenConfig
		n = wire.NewTCP(q.Seed, d.DialContext, func(network, address string) (net.Listener, error) { return lc.Listen(ctx, network, address) })
	}
	t, err := twin.New(cfg, n)
	if err != nil {
		return res, fmt.Errorf("make the twin: %w", err)
	}
	if err := t.Start(); err != nil {
		return res, errors.Join(fmt.Errorf("start the twin: %w", err), t.Close())
	}
	defer func() { res.ReportErr = errors.Join(res.ReportErr, t.Close()) }()
	s := &standin.StandIn{Targets: map[string]standin.Connection{}}
	own := map[string]string{}
	for _, target := range cfg.Targets {
		s.Targets[target.Name] = standin.Connection{URL: t.URL(target.Name), Instance: target.Instance, Username: target.Username, CAFile: "ca.pem", Inet: t.InetURL(target.Name)}
		own[standInPrefix+target.Name] = target.Password
	}
	for _, slot := range q.Plan.Secrets {
		if _, known := q.Plan.Program.Secrets.Get(slot); !known {
			own[slot] = random() // a rehearsal needs no secrets
		}
	}
	swapped, err := swap(q.Plan, s)
	if err != nil {
		return res, err
	}
	bundles, err := bundlesOf(q.Plan)
	if err != nil {
		return res, err
	}
	dial := t.Dial()
	if q.RealTime {
		dial = realDial // its services listen on loopback
	}
	c := control.New(dial, t.ControlURL(), cfg.Token)
	defer c.Close()
	return q.run(ctx, f, surroundings{
		plan: swapped, mode: "rehearse", virtual: !q.RealTime,
		reached:  reached{dial: dial, secrets: own, links: linksOf(c, swapped.Targets), processes: processesOf(c, swapped.Targets), volumes: volumesOf(c, swapped.Targets), domains: domainsOf(c)},
		readFile: standInFiles{files: map[string][]byte{"ca.pem": t.CA()}, bundles: bundles, next: q.ReadFile}.read,
	}, started)
}

// locker keeps the locks of targets at a stand-in's control endpoint.
type locker struct {
	c       *control.Client
	run     string
	targets []string
}

var _ exec.Locker = (*locker)(nil)

func (l *locker) Handle(target string) (providers.Handle, error) {
	return providers.NewHandle(providers.StepID{Run: l.run, Step: "lock." + target}, "control", "lock", []providers.Place{{Target: target}}, nil, target, nil)
}

func (l *locker) Lock(ctx context.Context, target string) error {
	if err := l.c.Lock(ctx, target, l.run, Who()); err != nil {
		return err
	}
	l.targets = append(l.targets, target)
	return nil
}

func (l *locker) Renew(ctx context.Context) error {
	var errs []error
	for _, t := range l.targets {
		errs = append(errs, l.c.Lock(ctx, t, l.run, Who()))
	}
	return errors.Join(errs...)
}

func (l *locker) Unlock(ctx context.Context, h providers.Handle) error {
	return l.c.Unlock(ctx, h.Places[0].Target, h.Run)
}
