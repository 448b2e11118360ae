package twin

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/xdc-project/xdc/providers/twin/api"
)

// jobRoutes are jobs. Reference: sections 2.3, 3.3 to 3.5.
func (d *dc) jobRoutes() []api.Route {
	const jobs, job = "/instances/{instance}/jobs", "/instances/{instance}/jobs/{job}"
	return []api.Route{
		api.List(jobs, "listJobs", "Lists the jobs.", "jobs", "job", func(c *api.Call) ([]api.Job, error) {
			var out []api.Job
			for _, s := range d.stills() {
				out = append(out, s.rest(c))
			}
			return out, nil
		}),
		api.Get(job, "getJob", "Reads a job.", func(c *api.Call) (api.Job, error) {
			s, err := d.jobAt(c)
			if err != nil {
				return api.Job{}, err
			}
			return s.rest(c), nil
		}),
		api.Remove(job, "cancelJob", "Cancels a job.", func(c *api.Call) error {
			j := d.job(c.PathValue("job"))
			if j == nil {
				return noJob(c)
			}
			if j.getStatus() != "canceling" {
				d.cancel(j)
			}
			return nil
		}),
		api.Send(http.MethodPatch, job, "changeJob", "Changes the width of parallel regions of a job.", http.StatusOK, d.changeJob),
		api.Archive(job+"/applicationlogtrace", "getJobLogs", "Reads the traces and console logs of a job's PEs.", func(c *api.Call) ([]byte, error) {
			s, err := d.jobAt(c)
			if err != nil {
				return nil, err
			}
			return s.archive()
		}),
		api.Text(job+"/productlog", "getJobProductLog", "Reads the product log of a job.", func(c *api.Call) (string, error) {
			s, err := d.jobAt(c)
			if err != nil {
				return "", err
			}
			return d.productLogOf(s.id), nil
		}),
	}
}

// noJob is that a job that is to be changed is not there.
func noJob(c *api.Call) error {
	return api.Fail(http.StatusNotFound, api.NoJob, "The job %s does not exist.", c.PathValue("job"))
}

// jobAt is the job that a path is about.
func (d *dc) jobAt(c *api.Call) (still, error) {
	j := d.listed(c.PathValue("job"))
	if j == nil {
		return still{}, api.Missing("job", c.PathValue("job"))
	}
	return j.still(), nil
}

// at is the link of a job.
func (s still) self(c *api.Call) api.Link { return s.dc.at(c).To("jobs", s.id) }

func (s still) rest(c *api.Call) api.Job {
	in, self := s.dc.at(c), s.self(c)
	group := s.options.group
	if group == "" {
		group = defaultGroup
	}
	dep := s.options.deployment
	j := api.Job{
		Element: element("job", s.id, self), ID: s.id, Name: s.name, Status: s.status, Health: s.health, ApplicationName: applicationName(s.spec), ApplicationVersion: "1.0.0",
		ApplicationPath: "toolkits/application", ApplicationScope: "Default", JobGroup: group, StartedBy: s.dc.cfg.Username, SubmitTime: s.dc.stamp(s.job.at), ProductVersion: product,
		SubmitParameters: parametersOf(s.options.parameters, applicationName(s.spec)), FusionScheme: or(dep.FusionScheme, "automatic"), ThreadingModel: or(dep.ThreadingModel, "automatic"),
		DynamicThreadingThreadCount: dep.DynamicThreadingThreadCount, DynamicThreadingElastic: dep.DynamicThreadingElastic, JobResourceSharing: or(dep.JobResourceSharing, "sameInstance"),
		ProposedOperatorsPerResource: int64((len(s.graph.ops) + len(s.dc.hosts) - 1) / len(s.dc.hosts)), TopologyUpdating: s.changing, GenerationID: s.change, Instance: in,
		PEs: in.To("pes").Where("job.restid", s.id), Operators: in.To("operators").Where("job.restid", s.id), PEConnections: in.To("peconnections").Where("job.restid", s.id),
		OperatorConnections: in.To("operatorconnections").Where("job.restid", s.id), Views: in.To("views").Where("job.restid", s.id), Snapshot: self.To("snapshot"),
		MetricsSnapshot: self.To("metricssnapshot"), ApplicationLogTrace: self.To("applicationlogtrace"), ProductLog: self.To("productlog"),
		Domain: before5(c, s.dc.domainAt(c)), ResourceAllocations: before5(c, in.To("resourceallocations").Where("job.restid", s.id)), Hosts: before5(c, in.To("hosts").Where("job.restid", s.id)),
		Related: api.Related{"resource": {}, "host": {}},
	}
	if data := s.options.data; data != "" {
		j.DataPath = &data
	}
	if !s.dead {
		for _, p := range s.pes {
			h := s.dc.hosts[p.host]
			j.Related["resource"] = append(j.Related["resource"], h.Name)
			j.Related["host"] = append(j.Related["host"], h.Name, h.Address)
		}
	}
	if c.Five {
		j.ProductVersion = olderProduct
		j.JobGroup = string(in.To("jobgroups", group))
		j.Resources, j.Notifications = new(in.To("resources").Where("job.restid", s.id)), new(in.To("notifications").Where("job.restid", s.id))
		j.NotificationsSnapshot, j.PersistentPaths = new(self.To("notificationssnapshot")), new(self.To("persistentpaths"))
	}
	return j
}

// or is a word, or another where there is none.
func or[W ~string](w, otherwise W) W {
	if w == "" {
		return otherwise
	}
	return w
}

func parametersOf(given []api.Parameter, composite string) []api.SubmitParameter {
	out := []api.SubmitParameter{}
	for _, p := range given {
		out = append(out, api.SubmitParameter{Name: p.Name, Value: &p.Value, Values: []string{p.Value}, Composite: composite, ParameterKind: "named"})
	}
	return out
}

// changeJob changes widths. Reference: section 3.5.
func (d *dc) changeJob(c *api.Call, in api.Submission) (api.Job, error) {
	j := d.job(c.PathValue("job"))
	if j == nil {
		return api.Job{}, noJob(c)
	}
	first := in.JobConfigurationOverlay.First()
	if len(first.ConfigInstructions.AdjustmentSection) == 0 {
		return api.Job{}, api.Fail(http.StatusBadRequest, "", "The job configuration overlay has no adjustment of a parallel region.")
	}
	for _, a := range first.ConfigInstructions.AdjustmentSection {
		t := a.TargetParallelRegion
		if err := j.widen(t.RegionName, t.NewWidth, first.OperationConfig.ForcePEStopped); err != nil {
			return api.Job{}, err
		}
	}
	return j.still().rest(c), nil
}

// archive packs the traces and console logs of a job's PEs.
func (s still) archive() ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	t := tar.NewWriter(z)
	for i, p := range s.pes {
		for _, f := range [][2]string{{"app_trace.log", s.traceText(i)}, {"stdouterr.log", s.console(p)}} {
			h := &tar.Header{Name: fmt.Sprintf("job_%s/pe_%s/%s", s.id, p.id, f[0]), Mode: 0o644, Size: int64(len(f[1])), ModTime: time.Now(), Format: tar.FormatPAX}
			if err := t.WriteHeader(h); err != nil {
				return nil, err
			}
			if _, err := t.Write([]byte(f[1])); err != nil {
				return nil, err
			}
		}
	}
	if err := t.Close(); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// console is what a PE's launches have written.
func (s still) console(p pe) string {
	if p.proc == nil {
		return fmt.Sprintf("PE %s of job %s: %d launches; it does not run (%s)\n", p.id, s.id, p.launches, p.reason)
	}
	return fmt.Sprintf("PE %s of job %s: launch %d runs since %s on %s as process %s\n", p.id, s.id, p.launches, p.started.UTC().Format(time.RFC3339Nano), s.dc.hosts[p.host].Name, strconv.Itoa(p.proc.PID()))
}
