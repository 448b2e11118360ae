package session

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/xdc-project/xdc/engine/exec"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/standin"
	"github.com/xdc-project/xdc/providers/twin/control"
)

// realDial opens real connections.
func realDial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{Timeout: 10 * time.Second}
	return d.DialContext(ctx, network, address)
}

// Apply runs a plan for real: against its own targets, or against the stand-in of the request.
func Apply(ctx context.Context, q Request) (Result, error) {
	f, err := q.prepare()
	if err != nil {
		return Result{Folder: f}, err
	}
	sur := surroundings{plan: q.Plan, dial: realDial, readFile: q.ReadFile, mode: "apply"}
	if q.StandIn != nil {
		if sur, err = q.onStandIn(f, sur); err != nil {
			return Result{Folder: f}, err
		}
	}
	return q.run(ctx, f, sur, time.Now())
}

// onStandIn swaps the connections to a stand-in.
func (q *Request) onStandIn(f Folder, sur surroundings) (surroundings, error) {
	swapped, err := swap(q.Plan, q.StandIn)
	if err != nil {
		return sur, err
	}
	own, links, locks, err := reach(q.StandIn, f.ID, swapped.Targets)
	if err != nil {
		return sur, err
	}
	for _, slot := range q.Plan.Secrets {
		if _, known := q.Plan.Program.Secrets.Get(slot); !known {
			own[slot] = random() // the stand-in has secrets of its own
		}
	}
	bundles, err := bundlesOf(q.Plan)
	if err != nil {
		return sur, err
	}
	sur.plan, sur.secrets, sur.links, sur.locks, sur.standIn = swapped, own, links, locks, q.StandIn.Dir
	sur.readFile = standInFiles{stand: q.StandIn, bundles: bundles, next: q.ReadFile}.read
	return sur, nil
}

// reach finds a stand-in's secrets, its links and its locks.
func reach(s *standin.StandIn, run string, targets []providers.Target) (map[string]string, func(providers.Place) (providers.Links, error), exec.Locker, error) {
	own := map[string]string{}
	for name, c := range s.Targets {
		b, err := os.ReadFile(s.Path(c.PasswordFile))
		if err != nil {
			return nil, nil, nil, fmt.Errorf("read the stand-in's password for %s: %w", name, err)
		}
		own[standInPrefix+name] = strings.TrimRight(string(b), "\r\n")
	}
	token, err := os.ReadFile(s.Path(s.TokenFile))
	if err != nil {
		return nil, nil, nil, fmt.Errorf("read the stand-in's token: %w", err)
	}
	c := control.New(realDial, s.Control, strings.TrimSpace(string(token)))
	return own, linksOf(c, targets), &locker{c: c, run: run}, nil
}
