package twin

import (
	"cmp"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/xdc-project/xdc/providers/twin/api"
)

// machineRoutes are resources, hosts, allocations and services. Reference: section 2.9.
func (d *dc) machineRoutes() []api.Route {
	var out []api.Route
	for _, owner := range []struct{ path, name string }{{"/domains/{domain}", "Domain"}, {"/instances/{instance}", "Instance"}} {
		own := []api.Route{
			api.List(owner.path+"/resources", "list"+owner.name+"Resources", "Lists resources.", "resources", "resource", all(d, d.resource)),
			api.Get(owner.path+"/resources/{resource}", "get"+owner.name+"Resource", "Reads a resource.", one(d, "resource", d.resource)),
			api.List(owner.path+"/resources/{resource}/metrics", "list"+owner.name+"ResourceMetrics", "Lists the metrics of a resource.", "metrics", "metric", d.machineMetrics("resource")),
			api.List(owner.path+"/resources/{resource}/installations", "list"+owner.name+"ResourceInstallations", "Lists what is installed on a resource.", "installations", "installation", d.installations),
			api.Actions(owner.path+"/resources/{resource}/actions", "act"+owner.name+"Resource", "Quiesces or resumes a resource.", "resource", d.verb("quiesce"), d.verb("resume")),
			api.List(owner.path+"/hosts", "list"+owner.name+"Hosts", "Lists hosts.", "hosts", "host", all(d, d.host)),
			api.Get(owner.path+"/hosts/{host}", "get"+owner.name+"Host", "Reads a host.", one(d, "host", d.host)),
			api.List(owner.path+"/hosts/{host}/metrics", "list"+owner.name+"HostMetrics", "Lists the metrics of a host.", "metrics", "metric", d.machineMetrics("host")),
			api.List(owner.path+"/resourceallocations", "list"+owner.name+"ResourceAllocations", "Lists the resources that instances have.", "resourceAllocations", "resourceAllocation", all(d, d.allocation)),
			api.Get(owner.path+"/resourceallocations/{resource}", "get"+owner.name+"ResourceAllocation", "Reads a resource that an instance has.", one(d, "resource", d.allocation)),
			api.List(owner.path+"/activeservices", "list"+owner.name+"ActiveServices", "Lists services.", "activeServices", "activeService", d.servicesOf(owner.name == "Domain")),
			api.Get(owner.path+"/activeservices/{service}", "get"+owner.name+"ActiveService", "Reads a service.", d.serviceOf(owner.name == "Domain")),
		}
		if owner.name == "Domain" {
			for i := range own {
				own[i] = api.Before5(own[i])
			}
		}
		out = append(out, own...)
	}
	return append(out,
		api.List("/instances/{instance}/resourceallocations/{resource}/activeservices", "listAllocationServices", "Lists the services of an instance on a resource.", "activeServices", "activeService", d.servicesOf(false)),
		api.Get("/instances/{instance}/resourceallocations/{resource}/activeservices/{service}", "getAllocationService", "Reads a service of an instance on a resource.", d.serviceOf(false)),
	)
}

// all makes a collection of what each host is shown as.
func all[T any](d *dc, show func(*api.Call, int) T) func(*api.Call) ([]T, error) {
	return func(c *api.Call) ([]T, error) {
		var out []T
		for i := range d.hosts {
			out = append(out, show(c, i))
		}
		return out, nil
	}
}

// one finds the host that the path is about: as a resource by its id, as a host by its address.
func one[T any](d *dc, kind string, show func(*api.Call, int) T) func(*api.Call) (T, error) {
	return func(c *api.Call) (T, error) {
		i, err := d.machineAt(c, kind)
		if err != nil {
			var none T
			return none, err
		}
		return show(c, i), nil
	}
}

func (d *dc) machineAt(c *api.Call, kind string) (int, error) {
	restid := c.PathValue(kind)
	for i, h := range d.hosts {
		if kind == "host" && h.Address == restid || kind != "host" && h.Name == restid {
			return i, nil
		}
	}
	return 0, api.Missing(kind, restid)
}

// machine is what the platform says of a host.
func (d *dc) machine(i int) machine {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.machines[i]
}

// ownerAt is the domain, or in API 5 the instance, which then has the resources.
func (d *dc) ownerAt(c *api.Call) api.Link {
	if c.Five {
		return d.at(c)
	}
	return d.domainAt(c)
}

func (d *dc) resource(c *api.Call, i int) api.Resource {
	h, m := d.hosts[i], d.machine(i)
	self := d.ownerAt(c).To("resources", h.Name)
	return api.Resource{
		Element: element("resource", h.Name, self), ID: h.Name, DisplayName: cmp.Or(d.cfg.Resources[h.Name], h.Name), IPAddress: h.Address, Status: m.status, Type: "system", Tags: tagNames(), RestrictedTags: []string{},
		ServiceStatus: d.states(i, true), Metrics: self.To("metrics"), ActiveServices: d.ownerAt(c).To("activeservices").Where("resource.restid", h.Name),
		Allocations: d.ownerAt(c).To("resourceallocations").Where("resource.restid", h.Name), Installations: self.To("installations"), Domain: before5(c, d.domainAt(c)), Related: d.jobsOn(i),
	}
}

func tagNames() []string { return []string{"application", "management"} }

// states are the services of a host in short.
func (d *dc) states(i int, domain bool) []api.ServiceState {
	out := []api.ServiceState{}
	for _, s := range d.serviceList() {
		if s.host == i && s.domain == domain {
			out = append(out, api.ServiceState{Type: s.kind, Status: s.status})
		}
	}
	return out
}

func (d *dc) host(c *api.Call, i int) api.Host {
	h, m := d.hosts[i], d.machine(i)
	self, in := d.at(c).To("hosts", h.Address), d.at(c)
	services := []string{}
	for _, s := range d.states(i, false) {
		services = append(services, s.Type)
	}
	return api.Host{
		Element: element("host", h.Address, self), Name: h.Name, IPAddress: h.Address, Status: m.status, SchedulerState: m.scheduler, ProcessorCount: processors,
		Services: services, Tags: tagNames(), RestrictedTags: []string{}, Jobs: in.To("jobs").Where("resource.restid", h.Name), PEs: in.To("pes").Where("resource.restid", h.Name),
		Metrics: self.To("metrics"), Instance: in, Domain: d.domainAt(c), Related: d.jobsOn(i),
	}
}

func (d *dc) allocation(c *api.Call, i int) api.ResourceAllocation {
	h, m := d.hosts[i], d.machine(i)
	in := d.at(c)
	self := in.To("resourceallocations", h.Name)
	return api.ResourceAllocation{
		Element: element("resourceAllocation", h.Name, self), Status: m.status, SchedulerStatus: m.scheduler, ApplicationResource: true, Resource: d.ownerAt(c).To("resources", h.Name),
		Instance: in, Domain: before5(c, d.domainAt(c)), ActiveServices: self.To("activeservices"), Jobs: in.To("jobs").Where("resource.restid", h.Name), PEs: in.To("pes").Where("resource.restid", h.Name),
		ResourceSpecification: api.ResourceSpecification{ID: "0", Tags: tagNames(), RestrictedTags: []string{}, ResourceCount: int64(len(d.hosts))}, ServiceStatus: d.states(i, false),
		Related: d.jobsOn(i),
	}
}

// jobsOn are the jobs that have PEs on a host, for filters.
func (d *dc) jobsOn(i int) api.Related {
	jobs := []string{}
	for _, s := range d.alive() {
		if slices.ContainsFunc(s.pes, func(p pe) bool { return p.host == i }) {
			jobs = append(jobs, s.id)
		}
	}
	return api.Related{"job": jobs, "resource": {d.hosts[i].Name}}
}

func (d *dc) installations(c *api.Call) ([]api.Installation, error) {
	_, err := d.machineAt(c, "resource")
	return []api.Installation{{ResourceType: "installation", ProductVersion: product}}, err
}

// verb is an action on a resource.
func (d *dc) verb(name string) api.Verb {
	return api.Verb{Name: name, Do: func(c *api.Call, a api.Action) (string, error) {
		i, err := d.machineAt(c, "resource")
		switch {
		case err != nil:
			return "", api.Fail(404, api.NoMachine, "The resource %s does not exist in the domain.", c.PathValue("resource"))
		case name == "quiesce":
			err = d.quiesce(i, a.Force)
		default:
			err = d.resume(i)
		}
		return d.hosts[i].Name, err
	}}
}

// service is a service of the platform.
type service struct {
	kind   string
	domain bool // or else the instance's
	host   int
	pid    int
	status api.ServiceStatus
	since  time.Time
	url    string
}

// serviceList lists the services: those of a domain run for as long as it does; those of the instance stop with it, and
// with their resource.
func (d *dc) serviceList() []service {
	d.mu.Lock()
	defer d.mu.Unlock()
	up := d.status == "running"
	out := []service{{kind: "sws", domain: true, pid: 2000, status: "running", since: d.twin.start, url: "https://" + d.restAddress() + "/streams"}}
	for i, m := range d.machines {
		out = append(out, service{kind: "controller", domain: true, host: i, pid: 2100 + i, status: "running", since: d.twin.start})
		if up && m.status != "QUIESCED" {
			out = append(out, service{kind: "app", host: i, pid: 3100 + i, status: "running", since: d.started})
		}
	}
	if up {
		for n, kind := range []string{"sam", "srm", "view"} {
			out = append(out, service{kind: kind, pid: 3000 + n, status: "running", since: d.started})
		}
		out = append(out, service{kind: "data", pid: 3010, status: "running", since: d.started, url: d.dataURL()})
	}
	return out
}

func (d *dc) restAddress() string {
	return d.twin.net.Address(net.JoinHostPort(serviceHost(d.cfg.Name), restPort))
}

func (d *dc) dataURL() string {
	return "https://" + d.twin.net.Address(net.JoinHostPort(serviceHost(d.cfg.Name), dataPort)) + "/data"
}

func (d *dc) servicesOf(domain bool) func(*api.Call) ([]api.ActiveService, error) {
	return func(c *api.Call) ([]api.ActiveService, error) {
		if c.PathValue("resource") != "" {
			if _, err := d.machineAt(c, "resource"); err != nil {
				return nil, err
			}
		}
		var out []api.ActiveService
		for _, s := range d.serviceList() {
			h := d.hosts[s.host].Name
			if s.domain != domain || c.PathValue("resource") != "" && c.PathValue("resource") != h {
				continue
			}
			out = append(out, d.service(c, s))
		}
		slices.SortStableFunc(out, func(a, b api.ActiveService) int { return compareText(a.Type, b.Type) })
		return out, nil
	}
}

func (d *dc) service(c *api.Call, s service) api.ActiveService {
	h := d.hosts[s.host].Name
	restid := strconv.Itoa(s.pid) + "." + s.kind
	a := api.ActiveService{
		Type: s.kind, Status: s.status, ProcessID: strconv.Itoa(s.pid), Leader: true, StartTime: d.stamp(s.since), ConnectionURL: s.url, ConnectionURLExternal: s.url,
		Domain: before5(c, d.domainAt(c)), Related: api.Related{"resource": {h}, "host": {d.hosts[s.host].Address, h}},
	}
	if s.domain {
		a.Element, a.Resource = element("activeService", restid, d.domainAt(c).To("activeservices", restid)), new(d.ownerAt(c).To("resources", h))
		return a
	}
	in := d.at(c)
	a.Element = element("activeService", restid, in.To("resourceallocations", h, "activeservices", restid))
	a.ResourceAllocation, a.Instance = new(in.To("resourceallocations", h)), new(in)
	return a
}

func (d *dc) serviceOf(domain bool) func(*api.Call) (api.ActiveService, error) {
	return func(c *api.Call) (api.ActiveService, error) {
		list, err := d.servicesOf(domain)(c)
		if err != nil {
			return api.ActiveService{}, err
		}
		for _, s := range list {
			if s.RestID == c.PathValue("service") {
				return s, nil
			}
		}
		return api.ActiveService{}, api.Missing("activeService", c.PathValue("service"))
	}
}
