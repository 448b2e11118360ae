package twin

import (
	"net/http"
	"slices"
	"sync"

	"github.com/xdc-project/xdc/providers/twin/api"
)

// object is a JSON object.
type object = map[string]any

// reply writes a JSON answer.
func reply(w http.ResponseWriter, status int, v any) { api.Reply(w, status, v) }

// product is what the model says that it is.
const product = "7.2.0.0"

// serveREST makes the management API of the domain, for who has logged in. Assumption twin.paths.
func (d *dc) serveREST() http.Handler {
	h := d.authenticated(api.Handler(d.mounts()...))
	if d.twin.cfg.API == 5 {
		return d.inCluster(h)
	}
	return h
}

// mounts are where the API is served: that of 7.2, and that of 5.x beside it where it is asked for.
func (d *dc) mounts() []api.Mount {
	routes := d.routes()
	out := []api.Mount{d.described(api.Mount{Prefix: "/streams", Routes: routes, Shape: d.twin.cfg.Errors, Check: d.known})}
	if d.twin.cfg.API != 5 {
		return out
	}
	older := api.Mount{Routes: append(routes, d.olderRoutes()...), Five: true, Shape: api.Listed, Check: d.known}
	for _, prefix := range []string{olderPrefix, clusterPrefix, innerPrefix} {
		older.Prefix = prefix
		if prefix == innerPrefix {
			older.Routes = append(older.Routes, api.Whole("/roots", "getRoots", "Lists the collections that discovery begins with.", nil, d.root))
		}
		out = append(out, d.described(older))
	}
	// In a cluster the root has a prefix of its own; clients find it by that of the instance's URL.
	roots := []api.Route{
		api.Whole("/resources", "getRoot", "Lists the collections that discovery begins with.", nil, d.root),
		api.Whole("/instances/{instance}", "getRootOfInstance", "Lists the collections that discovery begins with.", nil, d.root),
	}
	return append(out, api.Mount{Prefix: clusterRoots, Root: clusterPrefix, Routes: roots, Five: true, Shape: api.Listed, Check: d.known})
}

// described adds the description of a mount to its routes.
func (d *dc) described(m api.Mount) api.Mount {
	var whole api.Mount
	document := sync.OnceValue(func() object {
		return api.Describe("Streams REST management API, as the twin of xdc serves it", product, whole)
	})
	m.Routes = append(slices.Clone(m.Routes), api.Whole("/openapi.json", "getOpenAPI", "Describes this API.", nil, func(*api.Call) (object, error) { return document(), nil }))
	whole = m
	return m
}

// routes are the calls that the API has in all releases.
func (d *dc) routes() []api.Route {
	return slices.Concat(
		d.domainRoutes(), d.machineRoutes(), d.instanceRoutes(), d.storeRoutes(), d.jobRoutes(), d.submitRoutes(), d.peRoutes(), d.connectionRoutes(),
		d.operatorRoutes(), d.portRoutes(), d.viewRoutes(), d.snapshotRoutes(),
	)
}

// known refuses what lies below another instance or another domain.
func (d *dc) known(c *api.Call) error {
	if id := c.PathValue("instance"); id != "" && id != d.cfg.Instance {
		return api.Missing("instance", id)
	}
	if id := c.PathValue("domain"); id != "" && id != d.cfg.Name {
		return api.Missing("domain", id)
	}
	return nil
}

// at is the instance's link.
func (d *dc) at(c *api.Call) api.Link { return c.Link("instances", d.cfg.Instance) }

// domainAt is the domain's link.
func (d *dc) domainAt(c *api.Call) api.Link { return c.Link("domains", d.cfg.Name) }

// before5 is a link that API 5 does not have.
func before5(c *api.Call, l api.Link) *api.Link {
	if c.Five {
		return nil
	}
	return &l
}

// only5 is a link that only API 5 has.
func only5(c *api.Call, l api.Link) *api.Link {
	if !c.Five {
		return nil
	}
	return &l
}

func element(kind, restid string, self api.Link) api.Element {
	return api.Element{ResourceType: kind, RestID: restid, Self: self}
}
