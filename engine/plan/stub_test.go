package plan_test

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/engine/plan"
	"github.com/xdc-project/xdc/lang/check"
	"github.com/xdc-project/xdc/lang/config"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/lang/source"
	"github.com/xdc-project/xdc/providers"
)

// registry is a small set of providers with one of everything. Nothing in it can be run.
func registry() *providers.Registry {
	attr := func(name string, t cty.Type, form schema.Form) schema.Attribute {
		return schema.Attribute{Name: name, Type: t, Form: form, Public: true, Example: `"x"`, Description: "Stub."}
	}
	text, texts := cty.String, cty.List(cty.String)
	streams := &providers.Provider{
		Name: "streams", Doc: "Stub.",
		Connection: &schema.Block{Name: "streams", Attributes: []schema.Attribute{
			attr("url", text, schema.Plain), attr("instance", text, schema.Plain), attr("username", text, schema.Plain),
			{Name: "password", Type: text, Credential: true, Example: "var.password"},
			attr("ca_file", text, schema.Path),
			{Name: "insecure", Type: cty.Bool, Public: true, Example: "true"},
		}},
		Signals: []schema.Signal{
			{Path: "job.*.health", Type: words("health", "healthy", "unhealthy")},
			{Path: "job.*.status", Type: words("job status", "running")},
		},
		Job: func(providers.Env) providers.Deed { return nil }, DescribeJob: describeJob,
		Faults: []providers.FaultType{
			faultType("streams_job", true, describeStop, attr("job", text, schema.JobRef)),
			faultType("streams_instance", true, describeStop, attr("target", text, schema.TargetRef)),
		},
		Actions: []providers.ActionType{actionType("streams_job_restart", true, attr("job", text, schema.JobRef))},
	}
	network := &providers.Provider{Name: "network", Doc: "Stub.", Faults: []providers.FaultType{
		faultType("network_partition", true, describePartition,
			attr("hosts", texts, schema.HostRef), attr("from", texts, schema.Network), attr("direction", text, schema.Plain)),
	}}
	exec := &providers.Provider{
		Name: "exec", Doc: "Stub.",
		Faults: []providers.FaultType{faultType("host_command", false, describeNothing, attr("host", text, schema.HostRef), attr("note", text, schema.Plain))},
		Actions: []providers.ActionType{
			actionType("exec", false, attr("host", text, schema.HostRef), attr("command", texts, schema.ShellArgs)),
			actionType("http", false, attr("url", text, schema.Plain), attr("retries", cty.Number, schema.Plain)),
		},
	}
	data := &providers.Provider{Name: "data_exchange", Doc: "Stub.", Seeds: []providers.SeedType{{
		Name: "data_exchange", Doc: "Stub.",
		Schema:   &schema.Block{Name: "data_exchange", Attributes: []schema.Attribute{attr("endpoint", text, schema.Plain), attr("job", text, schema.JobRef)}},
		Audit:    &schema.Block{Name: "data_exchange", Attributes: []schema.Attribute{attr("endpoint", text, schema.Plain), attr("job", text, schema.JobRef)}},
		Probe:    &schema.Block{Name: "data_exchange", Attributes: []schema.Attribute{attr("endpoint", text, schema.Plain), attr("results", text, schema.Plain), attr("job", text, schema.JobRef)}},
		Ends:     func(args json.RawMessage) (in, out json.RawMessage, err error) { return args, args, nil },
		Describe: describeSeed, New: func(providers.Env) providers.Feed { return nil },
	}}}
	toolkit := &providers.Provider{Name: "toolkit", Doc: "Stub.", Predict: predict, Signals: []schema.Signal{
		{Path: "job.*.toolkit.remote", Type: words("remote", "never", "up", "down")},
		{Path: "job.*.toolkit.takeover", Type: words("takeover", "none", "running", "done")},
	}}
	probes := &providers.Provider{
		Name: "probes", Doc: "Stub.", Outside: true, Connection: &schema.Block{Name: "probes"},
		Signals: []schema.Signal{{Path: "probes.lag", Type: signal.Type{Kind: signal.Number}}},
	}
	return providers.NewRegistry(streams, network, exec, data, toolkit, probes)
}

func words(name string, values ...string) signal.Type {
	return signal.Type{Kind: signal.EnumKind, Enum: &signal.Enum{Name: name, Values: values, Open: true}}
}

type describe = func(providers.Scope, json.RawMessage) (providers.Description, diag.List)

func faultType(name string, twin bool, d describe, attrs ...schema.Attribute) providers.FaultType {
	return providers.FaultType{
		Name: name, Doc: "Stub.", Twin: twin, Stages: strings.HasPrefix(name, "network_"), Describe: d, New: func(providers.Env) providers.Deed { return nil },
		Schema: &schema.Block{Name: name, Attributes: attrs},
	}
}

func actionType(name string, twin bool, attrs ...schema.Attribute) providers.ActionType {
	return providers.ActionType{
		Name: name, Doc: "Stub.", Twin: twin, New: func(providers.Env) providers.Action { return nil },
		Schema: &schema.Block{Name: name, Attributes: attrs},
		Describe: func(_ providers.Scope, raw json.RawMessage) (providers.Description, diag.List) {
			return providers.Description{SideEffects: true, Effects: []providers.Line{{Text: name + " " + string(raw)}}}, nil
		},
	}
}

func describeJob(s providers.Scope, raw json.RawMessage) (providers.Description, diag.List) {
	var a struct{ Bundle, Path string }
	_ = json.Unmarshal(raw, &a)
	d := providers.Description{Places: []providers.Place{{Target: s.Target}}, Jobs: []string{s.Target + "." + a.Path}}
	if a.Bundle != "" {
		d.SideEffects = true
		d.Effects = []providers.Line{{Place: s.Target, Text: "submit " + a.Bundle}}
		d.Undo = []providers.Line{{Place: s.Target, Text: "cancel it"}}
	}
	return d, nil
}

func describeSeed(s providers.Scope, raw json.RawMessage) (providers.Description, diag.List) {
	return providers.Description{SideEffects: true, Places: []providers.Place{{Target: s.Target}}, Effects: []providers.Line{{Place: s.Target, Text: "POST " + string(raw)}}}, nil
}

func describeNothing(providers.Scope, json.RawMessage) (providers.Description, diag.List) {
	return providers.Description{SideEffects: true}, nil
}

func describeStop(s providers.Scope, raw json.RawMessage) (providers.Description, diag.List) {
	var a struct{ Job, Target string }
	_ = json.Unmarshal(raw, &a)
	d := providers.Description{SideEffects: true, Summary: "stopped"}
	for _, j := range s.Jobs {
		if a.Target == j.Target || a.Job == j.Step || a.Job == j.Target+"."+j.Path {
			d.Stops = append(d.Stops, j.Target+"."+j.Path)
			d.Places = append(d.Places, providers.Place{Target: j.Target})
		}
	}
	d.Jobs = d.Stops
	return d, nil
}

func describePartition(s providers.Scope, raw json.RawMessage) (providers.Description, diag.List) {
	var a struct {
		Hosts, From []string
		Direction   string
	}
	if err := json.Unmarshal(raw, &a); err != nil {
		return providers.Description{}, diag.List{{Severity: diag.Error, Code: diag.Unclassified, Summary: "Bad arguments", Path: cty.GetAttrPath("hosts").IndexInt(0)}}
	}
	d := providers.Description{SideEffects: true, Networks: a.From, Summary: "cut"}
	for _, h := range a.Hosts {
		t, host, _ := strings.Cut(h, ".")
		d.Places = append(d.Places, providers.Place{Target: t, Host: host})
		d.Effects = append(d.Effects, providers.Line{Place: h, Text: "drop " + strings.Join(a.From, ",")})
		d.Undo = append(d.Undo, providers.Line{Place: h, Text: "accept again"})
		for _, other := range []string{"dc1", "dc2"} {
			if other != t {
				d.Severs = append(d.Severs, providers.Severed{From: t, To: other, Total: true}, providers.Severed{From: other, To: t, Total: true})
			}
		}
	}
	d.CutsManagement = a.Direction == "everything"
	return d, nil
}

// predict is the arithmetic of the reference, for both sides of what is severed and for the other side of what stops.
func predict(q providers.Question) []providers.Prediction {
	var out []providers.Prediction
	for _, j := range q.Jobs {
		k := j.Toolkit
		hit := len(q.Effect.Severs) > 0
		for _, s := range q.Effect.Stops {
			hit = hit || !strings.HasPrefix(s, j.Target+".")
		}
		if k == nil || k.HeartbeatInterval == 0 || !hit {
			continue
		}
		h, m := k.HeartbeatInterval.D().Seconds(), float64(k.MissesAllowed)
		p := providers.Prediction{
			Fault: q.Fault, Target: j.Target, Job: j.Path, Quantity: "detection", Low: (m - 1) * h, High: (m + 1) * h,
			Words: fmt.Sprintf("(%g - 1) x %gs to (%g + 1) x %gs", m, h, m, h),
		}
		p.Possible, p.Sure = q.Held == 0 || q.Held > p.Low, q.Held == 0 || q.Held > p.High
		t := p
		t.Quantity, t.High = "takeover", p.High+5
		out = append(out, p, t)
	}
	return out
}

// checked runs a plan's text through the front end.
func checked(files map[string]string, vars ...string) (*program.Program, diag.List) {
	mod, ds := config.Load(source.Memory(files))
	in := check.Inputs{AllowMissingSecrets: true}
	for _, v := range vars {
		name, text, _ := strings.Cut(v, "=")
		in.Vars = append(in.Vars, check.VarAssign{Name: name, Text: text, Source: "--var"})
	}
	prog, more := check.Run(mod, registry(), in)
	return prog, append(ds, more...)
}

// planned checks and plans.
func planned(files map[string]string, vars ...string) (*plan.Plan, diag.List) {
	prog, ds := checked(files, vars...)
	if ds.HasErrors() {
		return nil, ds
	}
	p, more := plan.New(prog, registry(), plan.Options{Mode: "plan", Version: "test"})
	return p, append(ds, more...)
}
