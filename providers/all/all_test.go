package all_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/all"
)

func TestEverythingIsDocumented(t *testing.T) {
	reg := all.Registry()
	for _, p := range reg.Providers() {
		sentence(t, p.Name, p.Doc)
		block(t, p.Name, p.Connection)
		for _, s := range p.Signals {
			sentence(t, p.Name+" "+s.Path, s.Description)
		}
		for _, a := range p.Assumptions {
			sentence(t, a.ID, a.Statement)
			sentence(t, a.ID, a.Basis)
		}
		for _, f := range p.Faults {
			sentence(t, f.Name, f.Doc)
			block(t, f.Name, f.Schema)
			if _, ok := f.New(providers.Env{}).(providers.Stager); f.Stages && !ok {
				t.Errorf("%s says that it has stages, and its deed has none", f.Name)
			}
		}
		for _, a := range p.Actions {
			sentence(t, a.Name, a.Doc)
			block(t, a.Name, a.Schema)
		}
		for _, s := range p.Seeds {
			sentence(t, s.Name, s.Doc)
			block(t, s.Name, s.Schema)
			block(t, s.Name, s.Audit)
		}
	}
}

func sentence(t *testing.T, where, text string) {
	t.Helper()
	if text == "" || !strings.HasSuffix(text, ".") {
		t.Errorf("%s: %q is not a description in whole sentences", where, text)
	}
}

func block(t *testing.T, where string, b *schema.Block) {
	t.Helper()
	if b == nil {
		return
	}
	sentence(t, where, b.Description)
	for _, a := range b.Attributes {
		at := where + "." + a.Name
		sentence(t, at, a.Description)
		if _, hds := hclsyntax.ParseExpression([]byte(a.Example), at, hcl.InitialPos); hds.HasErrors() {
			t.Errorf("%s: the example %q is no expression: %s", at, a.Example, hds)
		}
		if a.Credential && a.Public {
			t.Errorf("%s is a credential and shown in full", at)
		}
	}
	for i := range b.Blocks {
		block(t, where+"."+b.Blocks[i].Name, &b.Blocks[i].Block)
	}
}

func TestTypesThatThePlansNameAreThere(t *testing.T) {
	reg := all.Registry()
	for _, f := range []string{
		"network_partition", "network_loss", "network_latency", "network_bandwidth", "streams_job", "streams_pe", "streams_instance",
	} {
		if got, _, ok := reg.Fault(f); !ok || !got.Twin {
			t.Errorf("the fault %s is missing, or has no twin", f)
		}
	}
	for a, twin := range map[string]bool{
		"http": false, "exec": false, "streams_job_submit": true, "streams_job_cancel": true, "streams_job_restart": true, "streams_pe_restart": true,
	} {
		if got, _, ok := reg.Action(a); !ok || got.Twin != twin {
			t.Errorf("the action %s is missing, or its twin is not %v", a, twin)
		}
	}
	if _, _, ok := reg.Seed("data_exchange"); !ok {
		t.Error("the seed data_exchange is missing")
	}
	if reg.Jobs() == nil || reg.Jobs().Name != "streams" {
		t.Error("streams does not submit jobs")
	}
}
