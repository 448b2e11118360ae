package session_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/xdc-project/xdc/cmd/internal/load"
	"github.com/xdc-project/xdc/cmd/internal/session"
	"github.com/xdc-project/xdc/plans"
	"github.com/xdc-project/xdc/providers/all"
)

// The twin's data service takes nothing for five seconds, because the process behind it is stopped. Whatever the rate,
// the seed's latency has a tail of five seconds, and expectations on it are judged so.
func TestAStallOfTheDataServiceHasItsTailAtEveryRate(t *testing.T) {
	registry := all.Registry()
	for _, rate := range []int{4, 50, 400} {
		t.Run(fmt.Sprint(rate), func(t *testing.T) {
			dir := t.TempDir()
			text := fmt.Sprintf(`
plan "stall" {
  timeout = "10m"
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
  networks = ["10.0.1.0/24"]
  streams {
    url = "https://streams.dc1.example.com:8443"
  }
  host "edge" {
    address = "10.0.1.10"
  }
}
job "orders" {
  bundle = "orders.sab"
  target = target.dc1
  twin {
    application = "keyed_counter"
    fusion      = "apart"
  }
}
seed "data_exchange" "orders" {
  target   = target.dc1
  job      = job.orders
  endpoint = "Orders"
  rate     = %d
  duration = "20s"
  batch    = %d
  record = {
    event_id = record.id
  }
}
fault "process_hang" "stall" {
  when     = "seed.data_exchange.orders.acked > 0"
  delay    = "5s"
  duration = "5s"
  hosts    = [target.dc1.host.edge]
  job      = job.orders
  operator = "Orders"
}
expect "tail" {
  that = "seed.data_exchange.orders.latency_max > 4500ms and seed.data_exchange.orders.latency_p99 > 4s"
}
expect "no_tail" {
  that     = "seed.data_exchange.orders.latency_p99 <= 1s"
  severity = "should"
}
expect "rest" {
  that = "seed.data_exchange.orders.latency_p50 <= 1s"
}
`, rate, max(1, rate/20))
			name := filepath.Join(dir, "stall.xdc.hcl")
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			p, _, found := load.Plan(load.Options{
				Paths: []string{name}, Registry: registry, Mode: "rehearse", StandIn: true, Shipped: plans.Find, Env: func(string) (string, bool) { return "", false },
			})
			if found.HasErrors() {
				t.Fatal(found.Err())
			}
			res, err := session.Rehearse(t.Context(), session.Request{
				Plan: p, Registry: registry, Runs: dir, Seed: 5, Bubble: func(fn func()) { synctest.Test(t, func(*testing.T) { fn() }) },
			})
			if err != nil {
				t.Fatal(err)
			}
			sum, err := res.Folder.WriteReports(nil)
			if err != nil {
				t.Fatal(err)
			}
			l := sum.Seeds[0].Latency
			if m := l["max"]; m.High == nil || m.Low < 4.5 || *m.High > 6 {
				t.Errorf("the greatest latency is in %+v, and the service stood for 5s", m)
			}
			for _, e := range sum.Expects {
				if want := map[string]string{"expect.tail": "met", "expect.no_tail": "not met", "expect.rest": "met"}[e.Step]; string(e.Verdict) != want {
					t.Errorf("%s is %s, want %s: %s", e.Step, e.Verdict, want, e.Why)
				}
			}
		})
	}
}
