package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
)

// Client talks to one control endpoint.
type Client struct {
	url   string
	token string
	http  *http.Client
}

// New returns a client.
func New(dial func(ctx context.Context, network, address string) (net.Conn, error), root, token string) *Client {
	return &Client{url: strings.TrimSuffix(root, "/"), token: token, http: &http.Client{
		Timeout: 30 * time.Second, Transport: &http.Transport{DialContext: dial, MaxIdleConnsPerHost: 4},
	}}
}

// Close ends the kept connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

func (c *Client) call(ctx context.Context, method, path string, body, into any) error {
	var r io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		r = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.url+path, r)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	resp, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("reach the twin's control endpoint (is the twin still running?): %w", err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 8<<20))
	if err != nil {
		return fmt.Errorf("read the answer of the twin's control endpoint: %w", err)
	}
	if resp.StatusCode >= 300 {
		return refusal(resp.StatusCode, b)
	}
	if into == nil || len(b) == 0 {
		return nil
	}
	return json.Unmarshal(b, into)
}

// HeldError says who holds a lock.
type HeldError struct{ Lock Lock }

func (e *HeldError) Error() string {
	return fmt.Sprintf("run %s of %s has held %s since %s; it ends %s after that run's last sign of life",
		e.Lock.Run, e.Lock.Owner, e.Lock.Target, e.Lock.Since.UTC().Format(time.RFC3339), LockTTL)
}

func refusal(status int, b []byte) error {
	var f Failure
	if json.Unmarshal(b, &f) != nil || f.Error == "" {
		return fmt.Errorf("the twin's control endpoint answers %d", status)
	}
	switch {
	case f.Ended:
		return fmt.Errorf("%s: %w", f.Error, providers.ErrLeaseEnded)
	case f.Missing:
		return fmt.Errorf("%s: %w", f.Error, fs.ErrNotExist)
	case f.Lock != nil:
		return &HeldError{Lock: *f.Lock}
	}
	return errors.New(f.Error)
}

// Links is the mechanism at one host.
func (c *Client) Links(host string) providers.Links { return links{c, host} }

type links struct {
	c    *Client
	host string
}

func (l links) Apply(ctx context.Context, r providers.LinkRule) error {
	r.Host = l.host
	return l.c.call(ctx, http.MethodPut, "/rules", RuleRequest{Rule: r}, nil)
}

func (l links) Remove(ctx context.Context, name string) error {
	return l.c.call(ctx, http.MethodDelete, "/rules?"+l.query(name), nil, nil)
}

func (l links) query(name string) string {
	return url.Values{"host": {l.host}, "name": {name}}.Encode()
}

func (l links) Rules(ctx context.Context) ([]providers.LinkRule, error) {
	var out []providers.LinkRule
	err := l.c.call(ctx, http.MethodGet, "/rules?"+url.Values{"host": {l.host}}.Encode(), nil, &out)
	return out, err
}

func (l links) Arm(ctx context.Context, name string, lease providers.Lease) error {
	return l.c.call(ctx, http.MethodPut, "/leases", LeaseRequest{Host: l.host, Name: name, Lease: lease}, nil)
}

func (l links) Renew(ctx context.Context, name string, lease providers.Lease) error {
	return l.c.call(ctx, http.MethodPut, "/leases", LeaseRequest{Host: l.host, Name: name, Lease: lease, Renew: true}, nil)
}

func (l links) Disarm(ctx context.Context, name string) error {
	return l.c.call(ctx, http.MethodDelete, "/leases?"+l.query(name), nil, nil)
}

func (l links) Describe(r providers.LinkRule) []string {
	b, err := json.Marshal(r)
	if err != nil {
		return []string{"PUT CONTROL/rules"}
	}
	return []string{"PUT CONTROL/rules  " + string(b)}
}

// Lock takes the lock of a target, or says with a HeldError who holds it.
func (c *Client) Lock(ctx context.Context, target, run, owner string) error {
	return c.call(ctx, http.MethodPut, "/locks", Lock{Target: target, Run: run, Owner: owner, TTL: value.Duration(LockTTL)}, nil)
}

// Unlock releases the lock of a target if this run holds it.
func (c *Client) Unlock(ctx context.Context, target, run string) error {
	return c.call(ctx, http.MethodDelete, "/locks?"+url.Values{"target": {target}, "run": {run}}.Encode(), nil, nil)
}

// Locks lists the locks.
func (c *Client) Locks(ctx context.Context) ([]Lock, error) {
	var out []Lock
	err := c.call(ctx, http.MethodGet, "/locks", nil, &out)
	return out, err
}
