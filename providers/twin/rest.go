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

// serveREST makes the management API of the domain, for who has logged in.
func (d *dc) serveREST() http.Handler { return d.authenticated(api.Handler(d.routes(), d.mounts())) }

// mounts are where the API is served.
func (d *dc) mounts() []api.Mount {
	return []api.Mount{{Prefix: "/streams", Shape: d.twin.cfg.Errors, Check: d.known}}
}

// routes are all calls of the API.
func (d *dc) routes() []api.Route {
	var document func() object
	routes := slices.Concat(
		d.domainRoutes(), d.machineRoutes(), d.instanceRoutes(), d.storeRoutes(), d.jobRoutes(), d.submitRoutes(), d.peRoutes(), d.connectionRoutes(),
		d.operatorRoutes(), d.portRoutes(), d.viewRoutes(), d.snapshotRoutes(),
		[]api.Route{api.Whole("/openapi.json", "getOpenAPI", "The description of this API.", nil, func(*api.Call) (object, error) { return document(), nil })},
	)
	document = sync.OnceValue(func() object {
		return api.Describe("Streams REST management API, as the twin of xdc serves it", product, routes, d.mounts()[0])
	})
	return routes
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
