package session_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/exec"
)

// Two applications at two data centres; three seeds, of which two go into two endpoints of one application, by both
// transports; four audits, of which two are of one seed at two sinks. One sink is too small for how rarely it is read.
const severalPlan = `
plan "several" {
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
}

target "dc2" {
  networks = ["10.0.2.0/24"]
  streams {
    url = "https://streams.dc2.example.com:8443"
  }
}

job "orders" {
  bundle  = "orders.sab"
  targets = [target.dc1, target.dc2]
}

job "payments" {
  bundle = "payments.sab"
  target = target.dc1
  twin {
    application = "lossy"
    endpoint "Small" {
      buffer_size = 50
    }
  }
}

seed "data_exchange" "orders" {
  targets  = [target.dc1, target.dc2]
  route    = "spread"
  job      = job.orders
  endpoint = "Orders"
  rate     = 200
  records  = 6000
  batch    = 7
  record = {
    event_id = record.id
    n        = record::int64(0, 9223372036854775807)
  }
}

seed "data_exchange" "urgent" {
  target    = target.dc1
  job       = job.orders
  endpoint  = "Urgent"
  transport = "websocket"
  rate      = 50
  records   = 1500
  record = {
    event_id = record.id
    urgent   = true
  }
}

seed "data_exchange" "payments" {
  target   = target.dc1
  job      = job.payments
  endpoint = "Payments"
  rate     = 100
  records  = 3000
  arrivals = "poisson"
  record = {
    event_id = record.id
    amount   = record::decimal(0, 1000, 2)
  }
}

audit "orders" {
  seed     = seed.data_exchange.orders
  targets  = [target.dc1, target.dc2]
  endpoint = "Results"
  key      = "event_id"
}

audit "urgent" {
  seed      = seed.data_exchange.urgent
  target    = target.dc1
  endpoint  = "Results"
  transport = "websocket"
  key       = "event_id"
}

audit "payments" {
  seed     = seed.data_exchange.payments
  target   = target.dc1
  endpoint = "Booked"
  key      = "event_id"
}

audit "payments_small" {
  seed          = seed.data_exchange.payments
  target        = target.dc1
  endpoint      = "Small"
  key           = "event_id"
  poll_interval = "2s"
}

fault "streams_pe" "source" {
  job      = job.payments
  target   = target.dc1
  operator = "Payments"
  when     = "seed.data_exchange.payments.acked >= 1000"
  duration = "5s"
}

expect "all_orders" {
  that = "audit.orders.delivered == 6000 and audit.orders.exactly_once is true and audit.orders.corrupted == 0"
}

expect "all_urgent" {
  that = "audit.urgent.delivered == 1500 and audit.urgent.exactly_once is true"
}
`

// Each audit tells of its own seed and of its own sink, whatever else goes in and comes out at the same time.
func TestSeveralSeedsAndAuditsAtOnceAreEachTrue(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "several.xdc.hcl"), []byte(severalPlan), 0o600); err != nil {
		t.Fatal(err)
	}
	r := rehearseFolder(t, folder, 1)
	if r.outcome.Code() != exec.OK {
		t.Errorf("ended with %v: %v", r.outcome.Code(), r.outcome.Reasons)
	}
	total := map[string]event.AuditCounts{}
	for _, a := range r.summary.Audits {
		total[strings.TrimPrefix(a.Step, "audit.")] = a.Total
		t.Logf("%s: %+v", a.Step, a.Total)
	}
	if len(total) != 4 {
		t.Fatalf("%d audits", len(total))
	}
	truth := told(r.truth)
	in := map[string]bool{}
	for _, f := range r.truth {
		if f.What == "record_in" {
			in[f.ID] = true
		}
	}
	p, small := total["payments"], total["payments_small"]
	if lost := len(truth["lost"]); int(p.Lost) != lost || lost == 0 {
		t.Errorf("payments: %d are lost, and the truth is %d", p.Lost, lost)
	}
	if p.Acked != small.Acked || p.Delivered+p.Lost != p.Acked {
		t.Errorf("payments: %d are acknowledged for one sink and %d for the other; %d came and %d are lost", p.Acked, small.Acked, p.Delivered, p.Lost)
	}
	if evicted := len(truth["evicted"]); evicted == 0 || int(small.Inconclusive) < evicted || small.Lost > p.Lost || small.Delivered >= p.Delivered {
		t.Errorf("the small sink: %d are inconclusive and %d lost; %d were evicted", small.Inconclusive, small.Lost, evicted)
	}
	if all := int(total["orders"].Acked + total["urgent"].Acked + p.Acked); all != len(in) {
		t.Errorf("%d are acknowledged, and %d went in", all, len(in))
	}
}
