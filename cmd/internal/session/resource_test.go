package session_test

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/xdc-project/xdc/cmd/internal/load"
	"github.com/xdc-project/xdc/cmd/internal/session"
	"github.com/xdc-project/xdc/plans"
	"github.com/xdc-project/xdc/providers/all"
)

// A resource is quiesced in a rehearsal, whatever the plan calls it: its PEs go on elsewhere, and it is resumed.
func TestAQuiescedResourceIsRehearsed(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "quiesced.xdc.hcl")
	if err := os.WriteFile(name, []byte(quiescedPlan), 0o600); err != nil {
		t.Fatal(err)
	}
	registry := all.Registry()
	p, _, found := load.Plan(load.Options{Paths: []string{name}, Registry: registry, Mode: "rehearse", StandIn: true, Shipped: plans.Find, Env: func(string) (string, bool) { return "", false }})
	if found.HasErrors() {
		t.Fatal(found.Err())
	}
	truth := filepath.Join(dir, "truth.jsonl")
	res, err := session.Rehearse(t.Context(), session.Request{
		Plan: p, Registry: registry, Runs: dir, Seed: 5, Truth: truth, Bubble: func(fn func()) { synctest.Test(t, func(*testing.T) { fn() }) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if code := res.Outcome.Code(); code != 0 {
		t.Errorf("%v", res.Outcome)
	}
	moved := 0
	for _, f := range readTruth(t, truth) {
		if f.What == "pe_down" && f.T > 0 {
			moved++
		}
	}
	if moved == 0 {
		t.Error("no PE was taken away from the resource")
	}
}

const quiescedPlan = `
plan "quiesced" {
  defaults {
    streams {
      instance = "streams1"
      username = "xdc"
      password = var.password
    }
  }
}

variable "password" {
  type      = string
  sensitive = true
}

target "dc1" {
  streams {
    url = "https://streams.dc1.example.com:8443"
  }
  host "one" {
    address = "10.0.1.10"
  }
  host "two" {
    address = "10.0.1.11"
  }
}

job "orders" {
  bundle = "orders.sab"
  target = target.dc1
}

fault "streams_resource" "edge" {
  depends_on = [job.orders]
  target     = target.dc1
  resource   = "edge1.dc1.example.com"
  duration   = "60s"
}

wait "well" {
  depends_on = [fault.streams_resource.edge]
  until      = "dc1.job.orders.health is healthy and dc1.job.orders.launches >= 4"
  timeout    = "50s"
}

wait "healed" {
  depends_on = [fault.streams_resource.edge.healed]
  until      = "dc1.job.orders.health is healthy"
  timeout    = "1m"
}

expect "it_went_on" {
  depends_on = [wait.healed]
  that       = "dc1.job.orders.restarts >= 1"
}
`
