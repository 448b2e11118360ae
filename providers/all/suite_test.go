package all_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/xdc-project/xdc/lang/check"
	"github.com/xdc-project/xdc/lang/config"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/source"
	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/all"
	"github.com/xdc-project/xdc/providers/https"
	"github.com/xdc-project/xdc/providers/providertest"
	"github.com/xdc-project/xdc/providers/shell"
	"github.com/xdc-project/xdc/providers/streams"
	"github.com/xdc-project/xdc/providers/streams/rest"
	"github.com/xdc-project/xdc/providers/twin"
	"github.com/xdc-project/xdc/providers/twin/control"
	"github.com/xdc-project/xdc/providers/twin/wire"
)

// surroundings is the plan that the examples in the documentation of faults stand in.
const surroundings = `
variable "password" {
  type      = string
  sensitive = true
}
target "dc1" {
  networks = ["10.0.1.0/24"]
  streams {
    url      = "https://streams.dc1.example.com:8443"
    instance = "streams1"
    username = "xdc"
    password = var.password
    log "lines" {
      pattern  = "."
      interval = "1s"
    }
  }
  host "edge" {
    address = "10.0.1.10"
  }
}
target "dc2" {
  networks = ["10.0.2.0/24"]
  streams {
    url      = "https://streams.dc2.example.com:8443"
    instance = "streams1"
    username = "xdc"
    password = var.password
  }
  host "edge" {
    address = "10.0.2.10"
  }
}
job "orders" {
  bundle      = "orders.sab"
  targets     = [target.dc1, target.dc2]
  parameters  = { password = var.password }
  trace_level = "info"
  toolkit {
    heartbeat_interval = "5s"
    init_delay         = "10s"
    traces             = true
  }
}
`

// example decodes the example of a block in these surroundings.
func example(t *testing.T, block string) (*program.Program, *program.Step) {
	t.Helper()
	files := map[string]string{"plan.xdc.hcl": surroundings + block, "orders.sab": "PK", "loader.sab": "PK", "ca.pem": ""}
	mod, diags := config.Load(source.Memory(files))
	prog, more := check.Run(mod, all.Registry(), check.Inputs{AllowMissingSecrets: true, Now: time.Now()})
	diags = append(diags, more...)
	if diags.HasErrors() {
		t.Fatalf("%s\ndoes not decode: %v", block, diags.Err())
	}
	return prog, prog.Steps[len(prog.Steps)-1]
}

func TestExamplesDecode(t *testing.T) {
	for _, p := range all.Providers() {
		for _, f := range p.Faults {
			_, st := example(t, fmt.Sprintf("fault %q \"x\" {\n%s\n}\n", f.Name, f.Example))
			if st.Fault == nil {
				t.Errorf("%s: the example is no fault", f.Name)
			}
		}
		for _, a := range p.Actions {
			if _, st := example(t, fmt.Sprintf("action %q \"x\" {\n%s\n}\n", a.Name, a.Example)); st.Action == nil {
				t.Errorf("%s: the example is no action", a.Name)
			}
		}
		for _, s := range p.Seeds {
			block := fmt.Sprintf("seed %q \"x\" {\ntarget = target.dc1\nrate = 1\nrecords = 1\nrecord = { id = record.id }\n%s\n}\n", s.Name, s.Example)
			if _, st := example(t, block); st.Seed == nil {
				t.Errorf("%s: the example is no seed", s.Name)
			}
		}
	}
}

// snapshots is the folder in which each side keeps the other's state.
const snapshots = "/var/lib/orders/snapshots"

const (
	thePassword = "s3cret-\"and\"-quoted"
	theRun      = "20260101T000000Z-abcdefgh"
)

// process is one process of xdc: its sessions and nothing else.
type process struct {
	env  providers.Env
	open map[string]providers.Session
}

// newProcess makes the surroundings that the engine would.
func newProcess(tw *twin.Twin, prog *program.Program, reg *providers.Registry) *process {
	p := &process{open: map[string]providers.Session{}}
	c := control.New(tw.Dial(), tw.ControlURL(), "token")
	targets := map[string]providers.Target{}
	for _, t := range prog.Targets {
		out := providers.Target{Name: t.Name, Networks: t.Networks, Connections: map[string]json.RawMessage{}}
		for _, h := range t.Hosts {
			out.Hosts = append(out.Hosts, providers.Host{Name: h.Name, Address: h.Address})
		}
		var conn map[string]any
		_ = json.Unmarshal(t.Connections["streams"], &conn)
		conn["url"], conn["ca_file"] = tw.URL(t.Name), "ca.pem"
		out.Connections["streams"], _ = json.Marshal(conn)
		targets[t.Name] = out
	}
	var jobs []providers.JobInfo
	for _, s := range prog.Steps {
		if s.Job != nil {
			jobs = append(jobs, providers.JobInfo{Path: s.Job.Path, Step: s.Addr.String(), Target: s.Job.Target, Bundle: s.Job.Bundle, Toolkit: &providers.Toolkit{Mode: "active", HeartbeatInterval: s.Job.Toolkit.HeartbeatInterval, MissesAllowed: s.Job.Toolkit.MissesAllowed, SnapshotDirectory: snapshots, Host: "edge", Traces: s.Job.Toolkit.Traces}})
		}
	}
	p.env = providers.Env{
		Run: theRun, Dial: tw.Dial(), Log: hclog.NewNullLogger(), Targets: targets, Jobs: jobs,
		Secret: func(string) (string, error) { return thePassword, nil },
		Wanted: func(string) []string {
			return []string{"domain.status", `resource["x"].status`, `job.orders.connection["x"].status`, `job.orders.pe["1"].reason`}
		},
		ReadFile: func(name string) ([]byte, error) {
			if name == "ca.pem" {
				return tw.CA(), nil
			}
			return []byte("PK " + name), nil
		},
		Links: func(at providers.Place) (providers.Links, error) {
			for _, h := range targets[at.Target].Hosts {
				if h.Name == at.Host {
					return c.Links(h.Address), nil
				}
			}
			return nil, providers.ErrUnsupported
		},
		Processes: func(at providers.Place) (providers.Processes, error) {
			for _, h := range targets[at.Target].Hosts {
				if h.Name == at.Host {
					return c.Processes(h.Address), nil
				}
			}
			return nil, providers.ErrUnsupported
		},
		Domain: func(target string) (providers.Domain, error) { return c.Domain(target), nil },
		Volumes: func(at providers.Place) (providers.Volumes, error) {
			for _, h := range targets[at.Target].Hosts {
				if h.Name == at.Host {
					return c.Volumes(h.Address), nil
				}
			}
			return nil, providers.ErrUnsupported
		},
	}
	p.env.Session = func(target, provider string) (providers.Session, error) {
		key := target + "/" + provider
		if s := p.open[key]; s != nil {
			return s, nil
		}
		pr, ok := reg.Provider(provider)
		if !ok || pr.Connect == nil {
			return nil, fmt.Errorf("provider %q has no connections", provider)
		}
		s, err := pr.Connect(p.env, targets[target], targets[target].Connections[provider])
		if err == nil {
			p.open[key] = s
		}
		return s, err
	}
	return p
}

func (p *process) close(t *testing.T) {
	for _, s := range p.open {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// inTwin tries something in a bubble with a twin of the surroundings in which the job runs on both sides.
func inTwin(t *testing.T, block string, try func(t *testing.T, w *providertest.World)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		reg := all.Registry()
		prog, st := example(t, block)
		cfg := twin.Config{Seed: 7, Token: "token"}
		for _, target := range prog.Targets {
			out := twin.Target{Name: target.Name, Networks: target.Networks, Instance: "streams1", Username: "xdc", Password: thePassword}
			for _, h := range target.Hosts {
				out.Hosts = append(out.Hosts, providers.Host{Name: h.Name, Address: h.Address})
			}
			if target.Name == "dc1" && strings.Contains(block, streams.ResourceFault) { // the last one that runs PEs cannot be quiesced
				out.Hosts = append(out.Hosts, providers.Host{Name: "edge1.dc1.example.com", Address: "10.0.1.11"})
			}
			cfg.Targets = append(cfg.Targets, out)
			cfg.Jobs = append(cfg.Jobs, twin.Job{
				Target: target.Name, Path: "job.orders", Application: "keyed_counter", Inputs: []string{"Orders"}, Outputs: []string{"Results"}, Bundle: "orders.sab",
				Toolkit: &providers.Toolkit{
					HeartbeatInterval: value.Duration(5 * time.Second), MissesAllowed: 4, InitDelay: value.Duration(10 * time.Second), Port: 25091, Mode: "active",
					SnapshotInterval: value.Duration(10 * time.Second), SnapshotDirectory: snapshots,
				},
			})
		}
		tw, err := twin.New(cfg, wire.NewMemory(7))
		if err != nil {
			t.Fatal(err)
		}
		if err := tw.Start(); err != nil {
			t.Fatal(err)
		}
		defer tw.Close()
		first := newProcess(tw, prog, reg)
		defer func() { first.close(t) }()
		submitJobs(t, first, prog, reg)
		var others []*process
		defer func() {
			for _, o := range others {
				o.close(t)
			}
		}()
		outside := outsider(t, tw, prog)
		defer func() { <-time.After(time.Minute) }() // dials of the twin's applications that are under way end
		try(t, &providertest.World{
			Env: first.env, ID: providers.StepID{Run: theRun, Step: st.Addr.String()}, Args: st.Args, Secrets: []string{thePassword},
			Fresh: func() providers.Env {
				o := newProcess(tw, prog, reg)
				others = append(others, o)
				return o.env
			},
			Scope: providers.Scope{Targets: first.env.Targets, Jobs: first.env.Jobs},
			State: outside,
			Dead:  strings.HasPrefix(st.Addr.String(), "fault.process_kill."),
		})
	})
}

// submitJobs submits every job of the plan and has the sessions know them, as the engine does.
func submitJobs(t *testing.T, p *process, prog *program.Program, reg *providers.Registry) {
	t.Helper()
	deed := reg.Jobs().Job(p.env)
	for _, st := range prog.Steps {
		if st.Job == nil {
			continue
		}
		h, err := deed.Prepare(t.Context(), providers.StepID{Run: theRun, Step: st.Addr.String()}, st.Args)
		if err == nil {
			err = deed.Inject(t.Context(), h)
		}
		var e providers.Effect
		for n := 0; err == nil && !e.InForce && n < 200; n++ {
			<-time.After(250 * time.Millisecond)
			e, err = deed.Verify(t.Context(), h)
		}
		if err != nil || !e.InForce {
			t.Fatalf("submit %s: %v (%s)", st.Addr, err, e.Evidence)
		}
		if strings.Contains(string(e.Result), "s3cret") {
			t.Error("the job's reference holds a secret")
		}
		s, err := p.env.Session(st.Job.Target, "streams")
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(p.env.Jobs, func(j providers.JobInfo) bool { return j.Step == st.Addr.String() })
		if err := s.(providers.Tracker).Track(p.env.Jobs[i], e.Result); err != nil {
			t.Fatal(err)
		}
	}
}

// outsider looks at instances, jobs, PEs and links by itself. Ids and launch counts are left out: a job that was
// brought back has others.
func outsider(t *testing.T, tw *twin.Twin, prog *program.Program) func(context.Context) (string, error) {
	t.Helper()
	clients := map[string]*rest.Client{}
	for _, target := range prog.Targets {
		pool, err := https.NewPool(https.Options{Dial: tw.Dial(), CA: tw.CA()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { pool.Close() })
		clients[target.Name], err = rest.New(rest.Config{
			Target: target.Name, URL: tw.URL(target.Name), Username: "xdc", Pool: pool,
			Password: func(context.Context) (string, error) { return thePassword, nil },
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	c := control.New(tw.Dial(), tw.ControlURL(), "token")
	t.Cleanup(c.Close)
	return func(ctx context.Context) (string, error) {
		var b strings.Builder
		now, err := c.State(ctx)
		if err != nil {
			return "", err
		}
		for n, target := range prog.Targets {
			if up, err := c.Domain(target.Name).Running(ctx); err != nil || !up {
				fmt.Fprintf(&b, "%s has no domain\n", target.Name)
				continue
			}
			i, err := clients[target.Name].Instance(ctx, "streams1")
			if err != nil {
				return "", err
			}
			fmt.Fprintf(&b, "%s %s\n", target.Name, i.Status)
			if i.Status == "running" {
				jobs, err := clients[target.Name].Snapshot(ctx, i)
				if err != nil {
					return "", err
				}
				for _, j := range jobs {
					fmt.Fprintf(&b, "  job %s %s %s\n", j.Name, j.Status, j.Health)
					for _, pe := range j.PEs {
						fmt.Fprintf(&b, "    pe %s %s\n", pe.Status, pe.Health)
					}
				}
			}
			var running []string // wherever: PEs that were moved stay where they are
			for _, h := range now.Targets[n].Hosts {
				fmt.Fprintf(&b, "  machine %s %s\n", h.Name, h.Status)
				procs, err := c.Processes(h.Address).List(ctx)
				if err != nil {
					return "", err
				}
				for _, p := range procs {
					running = append(running, fmt.Sprintf("  process %s %s %s\n", p.State, p.Name, p.Holds))
				}
			}
			slices.Sort(running)
			b.WriteString(strings.Join(running, ""))
			for _, h := range target.Hosts {
				v, err := c.Volumes(h.Address).Look(ctx, "/var/tmp")
				if err != nil {
					return "", err
				}
				fmt.Fprintf(&b, "  volume %+v\n", v)
				rules, err := c.Links(h.Address).Rules(ctx)
				if err != nil {
					return "", err
				}
				for _, r := range rules {
					fmt.Fprintf(&b, "  rule %+v\n", r)
				}
			}
		}
		return b.String(), nil
	}
}

// suites are the packages in which each fault goes through the suite; "all" is this one, in the twin.
var suites = map[string]string{
	"network_partition": "network", "network_loss": "network", "network_latency": "network", "network_bandwidth": "network",
	"network_blackhole": "network", "network_dns": "network",
	"process_kill": "process", "process_hang": "process", "process_restart": "process",
	"resource_cpu": "resource", "resource_memory": "resource", "resource_io": "resource", "resource_disk": "resource", "resource_unmount": "resource",
	"host_command": "hostcommand",
	"streams_job":  "all", "streams_pe": "all", "streams_instance": "all", "streams_domain": "all", "streams_resource": "streams",
	"toxiproxy_latency": "toxiproxy", "toxiproxy_bandwidth": "toxiproxy", "toxiproxy_timeout": "toxiproxy", "toxiproxy_reset": "toxiproxy",
	"toxiproxy_slow_close": "toxiproxy", "toxiproxy_limit": "toxiproxy", "toxiproxy_down": "toxiproxy",
}

// TestEveryFaultGoesThroughTheSuite: that they are claimed to is seen at once, that they have is seen by make test when all
// packages have run.
func TestEveryFaultGoesThroughTheSuite(t *testing.T) {
	providertest.Covered(t, all.Registry(), suites)
}

// claim is a test that notes what it is told.
type claim struct {
	testing.TB
	found []string
}

func (c *claim) Errorf(format string, args ...any) {
	c.found = append(c.found, fmt.Sprintf(format, args...))
}

// TestAFaultThatIsNotTriedIsFound: the check above can fail, in each of its three ways.
func TestAFaultThatIsNotTriedIsFound(t *testing.T) {
	dir := t.TempDir()
	for name, where := range suites {
		for _, part := range []string{"Run ", "Hostile "} {
			if err := os.WriteFile(filepath.Join(dir, part+name+" in "+where), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Setenv(providertest.PassedVar, dir)
	check := func(why string, claims map[string]string, want int) {
		t.Helper()
		c := &claim{TB: t}
		if providertest.Covered(c, all.Registry(), claims); len(c.found) != want {
			t.Errorf("%s: it finds %q", why, c.found)
		}
	}
	check("all went through", suites, 0)
	fewer := maps.Clone(suites)
	delete(fewer, "process_hang")
	check("nobody claims one", fewer, 1)
	more := maps.Clone(suites)
	more["process_dance"] = "process"
	check("one is not there", more, 3)
	if err := os.Remove(filepath.Join(dir, "Hostile toxiproxy_down in toxiproxy")); err != nil {
		t.Fatal(err)
	}
	check("one has not passed", suites, 1)
}

// TestEveryFaultConforms tries those that have one in the twin; the others are tried in their own packages.
func TestEveryFaultConforms(t *testing.T) {
	for _, p := range all.Providers() {
		for _, ft := range p.Faults {
			if !ft.Twin {
				continue
			}
			t.Run(ft.Name, func(t *testing.T) {
				providertest.Run(t, ft, func(t *testing.T, try func(*testing.T, *providertest.World)) {
					t.Helper()
					inTwin(t, fmt.Sprintf("fault %q \"x\" {\n%s\n}\n", ft.Name, ft.Example), try)
				})
			})
		}
	}
}

// TestHostileValuesAreNothingButText in faults that have a twin only: those of jobs, PEs and instances.
func TestHostileValuesAreNothingButText(t *testing.T) {
	for _, p := range all.Providers() {
		for _, ft := range p.Faults {
			if suites[ft.Name] != "all" {
				continue
			}
			t.Run(ft.Name, func(t *testing.T) {
				providertest.Hostile(t, ft, func(t *testing.T, try func(*testing.T, *providertest.World)) {
					t.Helper()
					inTwin(t, fmt.Sprintf("fault %q \"x\" {\n%s\n}\n", ft.Name, ft.Example), try)
				})
			})
		}
	}
}

// streamtool is a host on which streamtool does what it says, through the twin's API.
type streamtool struct {
	post func(ctx context.Context, path, kind string) error
	ran  *[]string
}

func (streamtool) Facts(context.Context) (providers.Facts, error) {
	return providers.Facts{System: "Linux"}, nil
}

func (m streamtool) Run(ctx context.Context, s shell.Script) (shell.Output, error) {
	if s.Name == "look for streamtool" {
		return shell.Output{}, nil
	}
	command := s.Vars[0].List
	*m.ran = append(*m.ran, shell.Show(command))
	kind, path := "start", ""
	switch command[1] {
	case "stoppe", "restartpe":
		path = "/pes/" + command[len(command)-1]
	case "stopdomain", "startdomain":
		path = "/domain"
	}
	if strings.HasPrefix(command[1], "stop") {
		kind = "stop"
	}
	if err := m.post(ctx, path, kind); err != nil {
		return shell.Output{Exit: 1, Stderr: err.Error()}, nil //nolint:nilerr // a script that fails is no error
	}
	return shell.Output{}, nil
}

func TestFaultsViaStreamtoolConform(t *testing.T) {
	for name, block := range map[string]string{
		"streams_pe":       "job = job.orders[\"dc1\"]\noperator = \"KeyedCounter\"\nduration = \"20s\"\nvia = \"streamtool\"\nhost = target.dc1.host.edge",
		"streams_domain":   "target = target.dc1\nduration = \"20s\"\nhost = target.dc1.host.edge",
		"streams_instance": "target = target.dc1\nduration = \"20s\"\nvia = \"streamtool\"\nhost = target.dc1.host.edge\nstreamtool = \"/opt/streams/bin/streamtool\"",
	} {
		t.Run(name, func(t *testing.T) {
			ft, _, _ := all.Registry().Fault(name)
			providertest.Run(t, *ft, func(t *testing.T, try func(*testing.T, *providertest.World)) {
				var ran []string
				inTwin(t, fmt.Sprintf("fault %q \"x\" {\n%s\n}\n", name, block), func(t *testing.T, w *providertest.World) {
					t.Helper()
					with := func(env providers.Env) providers.Env {
						domains := env.Domain
						env.Domain = nil
						env.Machine = func(providers.Place) (providers.Machine, error) {
							return streamtool{func(ctx context.Context, path, kind string) error {
								if path != "/domain" {
									return actOn(ctx, env, path, kind)
								}
								dom, err := domains("dc1")
								if err != nil {
									return err
								}
								return dom.Set(ctx, kind == "start")
							}, &ran}, nil
						}
						return env
					}
					w.Env = with(w.Env)
					fresh := w.Fresh
					w.Fresh = func() providers.Env { return with(fresh()) }
					try(t, w)
				})
				want := 2
				if name == "streams_domain" {
					want = 4 // the instance and the domain, each twice
				}
				if strings.HasSuffix(t.Name(), "after_the_heal") && len(ran) != want {
					t.Errorf("streamtool ran %q", ran)
				}
			})
		})
	}
}

// actOn has the twin do what an operator of dc1 asks for.
func actOn(ctx context.Context, env providers.Env, path, kind string) error {
	pool, err := https.NewPool(https.Options{Dial: env.Dial, CA: mustRead(env, "ca.pem")})
	if err != nil {
		return err
	}
	defer pool.Close()
	var c struct{ URL string }
	if err := json.Unmarshal(env.Targets["dc1"].Connections["streams"], &c); err != nil {
		return err
	}
	client, err := rest.New(rest.Config{
		Target: "dc1", URL: c.URL, Username: "xdc", Pool: pool, Password: func(context.Context) (string, error) { return thePassword, nil },
	})
	if err != nil {
		return err
	}
	i, err := client.Instance(ctx, "streams1")
	if err != nil {
		return err
	}
	return client.Post(ctx, "act", rest.Join(i.Self, path+"/actions"), map[string]string{"type": kind}, nil)
}

func mustRead(env providers.Env, name string) []byte {
	b, err := env.ReadFile(name)
	if err != nil {
		panic(err)
	}
	return b
}
