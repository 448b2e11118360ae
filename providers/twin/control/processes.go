package control

import (
	"context"
	"net/http"
	"net/url"

	"github.com/xdc-project/xdc/providers"
)

// Processes are what runs on one host, by its address.
func (c *Client) Processes(host string) providers.Processes { return processes{c, host} }

type processes struct {
	c    *Client
	host string
}

func (p processes) List(ctx context.Context) ([]providers.Process, error) {
	var out []providers.Process
	err := p.c.call(ctx, http.MethodGet, "/processes?"+url.Values{"host": {p.host}}.Encode(), nil, &out)
	return out, err
}

func (p processes) Signal(ctx context.Context, signal string, pids []int) error {
	return p.c.call(ctx, http.MethodPost, "/processes/signal", SignalRequest{Host: p.host, Signal: signal, PIDs: pids}, nil)
}

func (p processes) Repeat(ctx context.Context, name string, r providers.Repetition) error {
	return p.c.call(ctx, http.MethodPut, "/processes/repetitions", RepeatRequest{Host: p.host, Name: name, Repetition: r}, nil)
}

func (p processes) Arm(ctx context.Context, name string, pids []int, l providers.Lease) error {
	return p.c.call(ctx, http.MethodPut, "/processes/leases", ProcessLeaseRequest{Host: p.host, Name: name, PIDs: pids, Lease: l}, nil)
}

func (p processes) Renew(ctx context.Context, name string, l providers.Lease) error {
	return p.c.call(ctx, http.MethodPut, "/processes/leases", ProcessLeaseRequest{Host: p.host, Name: name, Lease: l, Renew: true}, nil)
}

func (p processes) Disarm(ctx context.Context, name string) error {
	return p.c.call(ctx, http.MethodDelete, "/processes/leases?"+url.Values{"host": {p.host}, "name": {name}}.Encode(), nil, nil)
}
