package control

import (
	"context"
	"net/http"
	"net/url"

	"github.com/xdc-project/xdc/providers"
)

// DomainState is whether the domain of a target runs: as it is, or as it is to be.
type DomainState struct {
	Target  string `json:"target"`
	Running bool   `json:"running"`
}

// Domain is the domain of a target.
func (c *Client) Domain(target string) providers.Domain { return domain{c, target} }

type domain struct {
	c      *Client
	target string
}

func (d domain) Set(ctx context.Context, running bool) error {
	return d.c.call(ctx, http.MethodPut, "/domain", DomainState{Target: d.target, Running: running}, nil)
}

func (d domain) Running(ctx context.Context) (bool, error) {
	var out DomainState
	err := d.c.call(ctx, http.MethodGet, "/domain?"+url.Values{"target": {d.target}}.Encode(), nil, &out)
	return out.Running, err
}
