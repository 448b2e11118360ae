package rest

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
)

// Resource is a machine of a domain. Older servers call it a host.
type Resource struct {
	ID          ID     `json:"id"`
	RestID      ID     `json:"restid"`
	Self        string `json:"self"`
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
	IPAddress   string `json:"ipAddress"`
	Status      string `json:"status"`
}

// Is reports whether a resource is known by a name, an id or an address.
func (r Resource) Is(name string) bool {
	return name != "" && slices.ContainsFunc([]string{string(r.ID), string(r.RestID), r.Name, r.DisplayName, r.IPAddress}, func(s string) bool {
		return strings.EqualFold(s, name)
	})
}

// Resources lists the resources: those of the configured domain, else those that the root lists, else those of the
// only domain.
func (c *Client) Resources(ctx context.Context) ([]Resource, error) {
	link, err := c.resources(ctx)
	if err != nil {
		return nil, err
	}
	all, err := pages[Resource](ctx, c, "list the resources", link, "resources")
	for n := range all {
		if all[n].Self == "" {
			all[n].Self = Join(link, "/"+url.PathEscape(string(all[n].ID)))
		}
	}
	return all, err
}

// resources is the link of the collection of resources.
func (c *Client) resources(ctx context.Context) (string, error) {
	if _, err := c.Link(ctx, ""); err != nil {
		return "", err
	}
	c.mu.Lock()
	own := c.links["resources"]
	c.mu.Unlock()
	if own != "" && c.cfg.Domain == "" {
		return own, nil
	}
	all, err := c.Domains(ctx)
	if err != nil {
		return "", err
	}
	for _, d := range all {
		if string(d.ID) != c.cfg.Domain && (c.cfg.Domain != "" || len(all) > 1) {
			continue
		}
		if d.Resources != "" {
			return d.Resources, nil
		}
		return Join(d.Self, "/resources"), nil
	}
	return "", errors.New("list the resources at " + c.cfg.Target + ": it is not clear which domain's are meant; give `domain` in the streams block of target " + c.cfg.Target)
}
