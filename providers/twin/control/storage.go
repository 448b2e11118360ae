package control

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/xdc-project/xdc/providers"
)

// MostOfAFile is how much of a file is handed out, in bytes.
const MostOfAFile = 1 << 20

// VolumeRequest puts a rule about a file system in force.
type VolumeRequest struct {
	Rule providers.VolumeRule `json:"rule"`
}

// File is the beginning of a file.
type File struct {
	Content []byte `json:"content"`
}

// DatabaseRequest stops or starts the database in which a target keeps snapshots.
type DatabaseRequest struct {
	Target  string `json:"target"`
	Stopped bool   `json:"stopped"`
}

// Database stops or starts the database of a target.
func (c *Client) Database(ctx context.Context, target string, stopped bool) error {
	return c.call(ctx, http.MethodPost, "/database", DatabaseRequest{Target: target, Stopped: stopped}, nil)
}

// Volumes are the file systems of one host, by its address.
func (c *Client) Volumes(host string) providers.Volumes { return volumes{c, host} }

type volumes struct {
	c    *Client
	host string
}

func (v volumes) at(path string, more ...string) string {
	q := url.Values{"host": {v.host}}
	for i := 0; i+1 < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	return path + "?" + q.Encode()
}

func (v volumes) Look(ctx context.Context, folder string) (providers.Volume, error) {
	var out providers.Volume
	err := v.c.call(ctx, http.MethodGet, v.at("/volumes", "folder", folder), nil, &out)
	return out, err
}

func (v volumes) Apply(ctx context.Context, r providers.VolumeRule) error {
	r.Host = v.host
	return v.c.call(ctx, http.MethodPut, "/volumes", VolumeRequest{Rule: r}, nil)
}

func (v volumes) Remove(ctx context.Context, name string) error {
	return v.c.call(ctx, http.MethodDelete, v.at("/volumes", "name", name), nil, nil)
}

func (v volumes) Files(ctx context.Context, folder, suffix string) ([]providers.FileInfo, error) {
	var out []providers.FileInfo
	err := v.c.call(ctx, http.MethodGet, v.at("/files", "folder", folder, "suffix", suffix), nil, &out)
	return out, err
}

func (v volumes) Read(ctx context.Context, name string, limit int) ([]byte, error) {
	var out File
	err := v.c.call(ctx, http.MethodGet, v.at("/file", "name", name, "limit", strconv.Itoa(limit)), nil, &out)
	return out.Content[:min(len(out.Content), limit)], err
}

func (v volumes) Arm(ctx context.Context, name string, l providers.Lease) error {
	return v.c.call(ctx, http.MethodPut, "/volumes/leases", LeaseRequest{Host: v.host, Name: name, Lease: l}, nil)
}

func (v volumes) Renew(ctx context.Context, name string, l providers.Lease) error {
	return v.c.call(ctx, http.MethodPut, "/volumes/leases", LeaseRequest{Host: v.host, Name: name, Lease: l, Renew: true}, nil)
}

func (v volumes) Disarm(ctx context.Context, name string) error {
	return v.c.call(ctx, http.MethodDelete, v.at("/volumes/leases", "name", name), nil, nil)
}
