package twin

import (
	"cmp"
	"net/http"

	"github.com/xdc-project/xdc/providers/twin/api"
)

func compareText(a, b string) int { return cmp.Compare(a, b) }

// instanceRoutes are the instance, its log and its job groups. Reference: sections 2.2 and 2.4.
func (d *dc) instanceRoutes() []api.Route {
	const in = "/instances/{instance}"
	return []api.Route{
		api.Before5(api.List("/instances", "listInstances", "Lists the instances.", "instances", "instance", func(c *api.Call) ([]api.Instance, error) {
			return []api.Instance{d.instance(c)}, nil
		})),
		api.Before5(api.Get(in, "getInstance", "Reads an instance.", func(c *api.Call) (api.Instance, error) { return d.instance(c), nil })),
		api.Actions(in+"/actions", "actInstance", "Stops or starts an instance.", "instance",
			api.Verb{Name: "stop", Do: func(*api.Call, api.Action) (string, error) { return d.cfg.Instance, d.stop() }},
			api.Verb{Name: "start", Do: func(*api.Call, api.Action) (string, error) { return d.cfg.Instance, d.startInstance() }}),
		api.Text(in+"/productlog", "getInstanceProductLog", "Reads the product log of an instance.", d.productLog),
		api.List(in+"/jobgroups", "listJobGroups", "Lists the job groups.", "jobGroups", "jobGroup", func(c *api.Call) ([]api.JobGroup, error) {
			d.mu.Lock()
			defer d.mu.Unlock()
			var out []api.JobGroup
			for _, name := range sorted(d.store.groups) {
				out = append(out, d.jobGroup(c, name))
			}
			return out, nil
		}),
		api.Get(in+"/jobgroups/{group}", "getJobGroup", "Reads a job group.", func(c *api.Call) (api.JobGroup, error) {
			d.mu.Lock()
			defer d.mu.Unlock()
			name := c.PathValue("group")
			if !d.store.groups[name] {
				return api.JobGroup{}, api.Missing("jobGroup", name)
			}
			return d.jobGroup(c, name), nil
		}),
	}
}

func (d *dc) jobGroup(c *api.Call, name string) api.JobGroup {
	return api.JobGroup{Element: element("jobGroup", name, d.at(c).To("jobgroups", name)), Name: name}
}

// state is what the instance is, and since when it runs.
func (d *dc) state() (status api.InstanceStatus, started int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.status, d.stamp(d.started)
}

func (d *dc) instance(c *api.Call) api.Instance {
	status, started := d.state()
	self := d.at(c)
	return api.Instance{
		Element: element("instance", d.cfg.Instance, self), ID: d.cfg.Instance, Owner: d.cfg.Username, StartedBy: d.cfg.Username, CreationUser: d.cfg.Username, ApplicationNetwork: "default",
		Status: status, Health: d.health(), StartTime: started, CreationTime: d.stamp(d.twin.start), ActiveVersion: version(), RestrictedTags: []string{},
		Domain: d.domainAt(c), Hosts: self.To("hosts"), ResourceAllocations: self.To("resourceallocations"), ActiveServices: self.To("activeservices"),
		ActiveViews: self.To("views").Where("started", "true"), ConfiguredViews: self.To("views"), ApplicationBundles: self.To("applicationbundles"), ProductLog: self.To("productlog"),
		JobGroups: self.To("jobgroups"), ApplicationConfigurations: self.To("applicationconfigurations"), ApplicationEnvironmentVariables: self.To("applicationenvironmentvariables"), Work: work(self),
	}
}

// work are the links to what runs in the instance.
func work(self api.Link) api.Work {
	return api.Work{
		Jobs: self.To("jobs"), PEs: self.To("pes"), Operators: self.To("operators"), PEConnections: self.To("peconnections"), OperatorConnections: self.To("operatorconnections"),
		Views: self.To("views"), ExportedStreams: self.To("exportedstreams"), ImportedStreams: self.To("importedstreams"),
		JobsSnapshot: self.To("jobs", "snapshot"), JobsMetricsSnapshot: self.To("jobs", "metricssnapshot"),
	}
}

// notRunning is why the instance cannot do something.
func (d *dc) notRunning() error {
	return api.Fail(http.StatusConflict, api.NotStarted, "The instance %s is not started.", d.cfg.Instance)
}
