package twin

import (
	"strings"

	"github.com/xdc-project/xdc/providers/twin/api"
)

// domainRoutes are the root and what is about the domain as a whole.
func (d *dc) domainRoutes() []api.Route {
	return []api.Route{
		api.Whole("/resources", "getRoot", "Lists the collections that discovery begins with.", nil, d.root),
		api.Before5(api.List("/domains", "listDomains", "Lists the domains.", "domains", "domain", func(c *api.Call) ([]api.Domain, error) {
			return []api.Domain{d.domain(c)}, nil
		})),
		api.Before5(api.Get("/domains/{domain}", "getDomain", "Reads a domain.", func(c *api.Call) (api.Domain, error) { return d.domain(c), nil })),
		api.Before5(api.Text("/domains/{domain}/productlog", "getDomainProductLog", "Reads the product log of a domain.", d.productLog)),
		api.Before5(api.Get("/domains/{domain}/zookeeperensemble", "getDomainEnsemble", "Reads what coordinates a domain.", d.ensemble)),
	}
}

func (d *dc) root(c *api.Call) (api.Root, error) {
	names := []string{"domains", "instances"}
	if c.Five {
		names = []string{"instances", "accessTokens"}
	}
	var out api.Root
	for _, n := range names {
		out.Resources = append(out.Resources, api.Entry{Name: n, Resource: c.Link(strings.ToLower(n))})
	}
	out.Resources = append(out.Resources, api.Entry{Name: "openapi", Resource: c.Link("openapi.json")})
	return out, nil
}

func version() api.Version {
	return api.Version{
		Architecture: "x86_64", BuildVersion: "twin", EditionName: "Teracloud Streams", FullProductVersion: product + " (xdc twin)", HotFix: "none",
		MinimumOSVersion: "8", MinimumOSBaseVersion: "8", MinimumOSPatchVersion: "0", ProductName: "Teracloud Streams", ProductVersion: product,
	}
}

// zooKeeper is what coordinates the domain.
func (d *dc) zooKeeper() string { return serviceHost(d.cfg.Name) + ":2181" }

func (d *dc) domain(c *api.Call) api.Domain {
	self, started := d.domainAt(c), d.stamp(d.twin.start)
	return api.Domain{
		Element: element("domain", d.cfg.Name, self), ID: d.cfg.Name, Status: "running", StartTime: started, CreationTime: started, CreationUser: d.cfg.Username,
		ZooKeeperConnectionString: d.zooKeeper(), Instances: c.Link("instances"), Hosts: self.To("hosts"), Resources: self.To("resources"), ResourceTags: tags(),
		ActiveServices: self.To("activeservices"), ResourceAllocations: self.To("resourceallocations"), ProductLog: self.To("productlog"),
		ZooKeeperEnsemble: self.To("zookeeperensemble"), ActiveVersion: version(),
	}
}

// tags are those that every domain has.
func tags() []api.ResourceTag {
	out := []api.ResourceTag{}
	for _, t := range [][2]string{
		{"application", "The resource runs processing elements."}, {"authentication", "The resource runs services that authenticate."}, {"management", "The resource runs services of the instance."},
	} {
		out = append(out, api.ResourceTag{Name: t[0], Description: t[1], Reserved: true, PropertiesDefinition: map[string]string{}})
	}
	return out
}

func (d *dc) ensemble(*api.Call) (api.Ensemble, error) {
	return api.Ensemble{ResourceType: "zooKeeperEnsemble", ConnectionString: d.zooKeeper()}, nil
}

// productLog is what the platform has to say of itself.
func (d *dc) productLog(*api.Call) (string, error) { return d.productLogOf(""), nil }

// productLogOf is what it has to say of a job; of "" all. Assumption twin.product_log.
func (d *dc) productLogOf(job string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var b strings.Builder
	for _, n := range d.said {
		if job == "" || n.job == job {
			b.WriteString(n.line + "\n")
		}
	}
	return b.String()
}
