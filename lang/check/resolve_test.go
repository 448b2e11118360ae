package check_test

import (
	"strings"
	"testing"

	"github.com/xdc-project/xdc/lang/check"
	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/config"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/source"
)

const resolvePlan = `
target "dc1" {
  streams {
    url      = "https://x"
    instance = "i"
    username = "u"
    password = var.p
  }
  host "edge" { address = "10.0.0.1" }
}
target "dc2" {
  streams {
    url      = "https://y"
    instance = "i"
    username = "u"
    password = var.p
  }
}
target "dc3" {}
variable "p" { sensitive = true }
job "orders" {
  targets = [target.dc1, target.dc2]
  adopt   = "orders"
}
job "other" {
  for_each = toset(["a"])
  target   = target.dc2
  adopt    = "other"
}
seed "memory" "s" {
  target   = target.dc1
  rate     = 1
  duration = "1s"
  record   = {}
}
audit "a" {
  seed = seed.memory.s
  key  = "id"
}
fault "network_partition" "cut" {
  for_each = toset(["x", "y"])
  hosts    = [target.dc1.host.edge]
  from     = ["10.0.0.0/8"]
  duration = "5s"
}
wait "plain" {
  until   = "run.elapsed > 1s"
  timeout = "5s"
}
wait "measured" {
  since   = fault.network_partition.cut["x"]
  until   = "run.elapsed > 1s"
  timeout = "5s"
}
module "m" { source = "./m" }
`

func seg(name string, ix ...string) cond.Segment {
	s := cond.Segment{Name: name}
	if len(ix) > 0 {
		s.Index = &cond.Index{Text: ix[0]}
	}
	return s
}

// path reads `a.b["c"].d` without being as careful as the real parser.
func path(text string) cond.Path {
	var out cond.Path
	for part := range strings.SplitSeq(text, ".") {
		name, ix, ok := strings.Cut(part, "[")
		if ok {
			out = append(out, seg(name, strings.Trim(ix, `]"`)))
		} else {
			out = append(out, seg(name))
		}
	}
	return out
}

func TestResolve(t *testing.T) {
	mod, ds := config.Load(source.Memory(map[string]string{"p.xdc.hcl": resolvePlan, "m/m.xdc.hcl": `
job "inner" {
  target = target.dc1
  adopt  = "inner"
}
wait "w" {
  until   = "run.elapsed > 1s"
  timeout = "5s"
}
`}))
	if ds.HasErrors() {
		t.Fatal(text(ds))
	}
	r, ds := check.NewResolver(mod, stub{}, check.Inputs{AllowMissingSecrets: true})
	if ds.HasErrors() {
		t.Fatal(text(ds))
	}
	for _, tc := range []struct {
		path, name, step, job string
		moment                schema.Moment
		problem               string
	}{
		{path: `dc1.job.orders.health`, name: `dc1.job.orders.health`, job: `job.orders["dc1"]`, moment: schema.Live},
		{path: `dc2.job.orders["dc2"].health`, name: `dc2.job.orders.health`, job: `job.orders["dc2"]`, moment: schema.Live},
		{path: `dc2.job.other["a"].health`, name: `dc2.job.other["a"].health`, job: `job.other["a"]`, moment: schema.Live},
		{path: `dc2.job.orders.operator["Sink"].tuples_in`, name: `dc2.job.orders.operator["Sink"].tuples_in`, job: `job.orders["dc2"]`, moment: schema.Live},
		{path: `dc1.module.m.job.inner.status`, name: `dc1.module.m.job.inner.status`, job: `module.m.job.inner`, moment: schema.Live},
		{path: `dc1.reachable`, name: `dc1.reachable`, moment: schema.Live},
		{path: `dc1.host.edge.cpu`, name: `dc1.host.edge.cpu`, moment: schema.Live},
		{path: `run.started`, name: `run.started`, moment: schema.Event},
		{path: `seed.memory.s.acked`, name: `seed.memory.s.acked`, step: `seed.memory.s`, moment: schema.Live},
		{path: `audit.a.lost`, name: `audit.a.lost`, step: `audit.a`, moment: schema.Final},
		{path: `audit.a.at["dc1"].delivered`, name: `audit.a.at["dc1"].delivered`, step: `audit.a`, moment: schema.Live},
		{path: `wait.measured.rto`, name: `wait.measured.rto`, step: `wait.measured`, moment: schema.Final},
		{path: `fault.network_partition.cut["x"].injected`, name: `fault.network_partition.cut["x"].injected`, step: `fault.network_partition.cut["x"]`, moment: schema.Event},
		{path: `module.m.wait.w.elapsed`, name: `module.m.wait.w.elapsed`, step: `module.m.wait.w`, moment: schema.Final},

		{path: `dc1.toolkit.remote`, problem: "Several jobs run on dc1"},
		{path: `dc3.toolkit.remote`, problem: "No job runs on dc3"},
		{path: `dc4.reachable`, problem: `There is no target "dc4"`},
		{path: `dc3.reachable`, problem: "Nothing can provide this signal"},
		{path: `dc1.prometheus.x`, problem: "Nothing can provide this signal"},
		{path: `dc3.job.orders.health`, problem: "job.orders does not run on dc3"},
		{path: `dc1.job.order.health`, problem: `There is no job "order"`},
		{path: `dc1.job.orders.helth`, problem: `There is no signal "helth" here`},
		{path: `dc1.job.orders.operator.tuples_in`, problem: "The index is wrong"},
		{path: `dc1.host.egde.cpu`, problem: `Target dc1 has no host "egde"`},
		{path: `wait.plain.rto`, problem: "wait.plain measures nothing"},
		{path: `wait.nope.rto`, problem: "There is no step wait.nope"},
		{path: `fault.network_partition.cut.injected`, problem: "fault.network_partition.cut has several instances"},
		{path: `fault.network_partition.cut["z"].injected`, problem: `fault.network_partition.cut has no instance ["z"]`},
		{path: `fault.network_partition.cut["x"].done`, problem: "A fault is never just done"},
		{path: `seed.memory.s.akced`, problem: `A step of kind seed has no "akced"`},
		{path: `audit.a.at["dc9"].lost`, problem: `There is no target "dc9"`},
		{path: `module.n.wait.w.elapsed`, problem: `There is no module "n"`},
		{path: `run.ended`, problem: `The run has no "ended"`},
		{path: `guard.g.x`, problem: "A guard has no value"},
		{path: `seed.memory`, problem: "This names no step"},
		{path: `wait.plain`, problem: "wait.plain is a step, not a value"},
	} {
		got, bad := r.Resolve(path(tc.path))
		switch {
		case bad != nil && bad.Summary != tc.problem, bad == nil && tc.problem != "":
			t.Errorf("%s: problem %v, want %q", tc.path, bad, tc.problem)
		case bad == nil && (got.Name != tc.name || got.Step != tc.step || got.Job != tc.job || got.Moment != tc.moment):
			t.Errorf("%s: got %+v", tc.path, got)
		}
	}
}
