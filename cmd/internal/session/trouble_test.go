package session_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/cmd/internal/load"
	"github.com/xdc-project/xdc/cmd/internal/session"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/plans"
	"github.com/xdc-project/xdc/providers/all"
	"github.com/xdc-project/xdc/providers/twin/control"
)

// What a plan says that its twins do wrong, they do, at the times that it says, and its expectations see it.
func TestAPlanSaysWhatItsTwinsDoWrong(t *testing.T) {
	dir := t.TempDir()
	name, truth := filepath.Join(dir, "trouble.xdc.hcl"), filepath.Join(dir, "truth.jsonl")
	if err := os.WriteFile(name, []byte(troubledPlan), 0o600); err != nil {
		t.Fatal(err)
	}
	registry := all.Registry()
	p, _, found := load.Plan(load.Options{Paths: []string{name}, Registry: registry, Mode: "rehearse", StandIn: true, Shipped: plans.Find, Env: func(string) (string, bool) { return "", false }})
	if found.HasErrors() {
		t.Fatal(found.Err())
	}
	res, err := session.Rehearse(t.Context(), session.Request{
		Plan: p, Registry: registry, Runs: dir, Seed: 5, Truth: truth, Bubble: func(fn func()) { synctest.Test(t, func(*testing.T) { fn() }) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if code := res.Outcome.Code(); code != 0 {
		t.Errorf("%v", res.Outcome)
	}
	begun, gone := map[string]int{}, map[string]int{}
	for _, f := range readTruth(t, truth) {
		if what, ok := strings.CutPrefix(f.ID, "trouble of "); ok {
			at := begun
			if f.What == "fault_gone" {
				at = gone
			}
			at[f.Target+" "+what] = int(f.T)
		}
	}
	if len(begun) != 4 || begun["dc1 management"] != 60 || gone["dc1 management"] != 90 || begun["dc1 data job.orders In"] != 0 || begun["dc2 data"] != 0 || len(gone) != 1 {
		t.Errorf("trouble began %v and ended %v", begun, gone)
	}
}

// The language and the twin know the same services.
func TestServicesOfTwins(t *testing.T) {
	if diff := cmp.Diff(schema.TwinServices(), control.Services()); diff != "" {
		t.Error(diff)
	}
}

const troubledPlan = `
plan "troubled" {
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
  twin {
    clock_ahead = "1h"
    service "management" {
      error_rate = 1
      after      = "60s"
      duration   = "30s"
    }
  }
}

target "dc2" {
  streams {
    url = "https://streams.dc2.example.com:8443"
  }
  twin {
    service "data" {
      latency = "400ms"
      jitter  = "100ms"
    }
  }
}

job "orders" {
  bundle  = "orders.sab"
  targets = [target.dc1, target.dc2]
  toolkit {
    heartbeat_interval = "2s"
  }
  twin {
    endpoint "In" {
      error_rate = "25%"
      statuses   = [507]
    }
  }
}

seed "data_exchange" "refused" {
  target   = target.dc1
  job      = job.orders
  endpoint = "In"
  rate     = 20
  duration = "20s"
  batch    = 1
  record   = { event_id = record.id }
}

seed "data_exchange" "late" {
  target   = target.dc2
  job      = job.orders
  endpoint = "Other"
  rate     = 20
  duration = "20s"
  batch    = 20
  record   = { event_id = record.id }
}

wait "a_while" {
  until   = "run.elapsed >= 120s"
  hold    = "0s"
  timeout = "3m"
}

expect "a_quarter_is_refused" {
  depends_on = [seed.data_exchange.refused]
  that       = "seed.data_exchange.refused.rejected >= 60 and seed.data_exchange.refused.rejected <= 140"
}

expect "nothing_is_refused" {
  depends_on = [seed.data_exchange.late]
  that       = "seed.data_exchange.late.rejected == 0 and seed.data_exchange.late.acked == 400"
}

expect "answers_are_late" {
  depends_on = [seed.data_exchange.late]
  that       = "p50(seed.data_exchange.late.latency) >= 300ms"
}

expect "nobody_answers_for_a_while" {
  depends_on = [wait.a_while]
  that       = "p99(dc1.clock_offset) > 3599s"
}
`
