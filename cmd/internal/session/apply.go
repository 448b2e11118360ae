package session

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"time"
)

// realDial opens real connections.
func realDial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{Timeout: 10 * time.Second}
	return d.DialContext(ctx, network, address)
}

// proxyOf is the proxy that the environment names for a URL.
func proxyOf(u *url.URL) (*url.URL, error) { return http.ProxyFromEnvironment(&http.Request{URL: u}) }

// Apply runs a plan for real: against its own targets, or against the stand-in of the request.
func Apply(ctx context.Context, q Request) (Result, error) {
	f, err := q.prepare()
	if err != nil {
		return Result{Folder: f}, err
	}
	sur := surroundings{plan: q.Plan, reached: reached{dial: realDial, proxy: proxyOf, machines: true}, readFile: q.ReadFile, openFile: q.openFile, mode: "apply"}
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
	there, err := reach(q.StandIn, f.ID, swapped.Targets)
	if err != nil {
		return sur, err
	}
	for _, slot := range q.Plan.Secrets {
		if _, known := q.Plan.Program.Secrets.Get(slot); !known {
			there.secrets[slot] = random() // the stand-in has secrets of its own
		}
	}
	bundles, err := bundlesOf(q.Plan)
	if err != nil {
		return sur, err
	}
	sur.plan, sur.reached, sur.standIn = swapped, there, q.StandIn.Dir
	sur.openFile = nil // a stand-in's bundles are its own
	sur.readFile = standInFiles{stand: q.StandIn, bundles: bundles, next: q.ReadFile}.read
	return sur, nil
}
