package session_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xdc-project/xdc/engine/exec"
)

const inetPlan = `
plan "older" {
  timeout = "10m"
}

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
  }
  inetserver {
    url = "http://10.0.1.10:8080"
  }
  host "edge" {
    address = "10.0.1.10"
    user    = "xdc"
  }
}

job "orders" {
  bundle = "orders.sab"
  target = target.dc1
  twin {
    endpoint "Orders" {
      type = "tuple<rstring event_id, int64 n, boolean ok>"
    }
    endpoint "Results" {
      buffer_size = SIZE
    }
  }
}

seed "inetserver" "orders" {
  target   = target.dc1
  job      = job.orders
  operator = "orders/Orders"
  form     = FORM
  rate     = 40
  records  = 1200
  batch    = 4
  retry    = false
  record = {
    event_id = record.id
    n        = record::int64(-9223372036854775808, 9223372036854775807)
    ok       = record::choice([true, false])
  }
}

audit "orders" {
  seed     = seed.inetserver.orders
  target   = target.dc1
  operator = "orders/Results"
  key      = "event_id"
}

fault "streams_pe" "source" {
  job      = job.orders
  operator = "Orders"
  when     = "seed.inetserver.orders.acked >= 300"
  duration = "5s"
}

expect "nothing_is_lost" {
  that = "audit.orders.lost == 0 and audit.orders.corrupted == 0 and audit.orders.unexpected == 0"
}
`

// Records go in and come out by the operators of the inetserver toolkit, by either form, through the loss of their PE; a window
// that is too small for how rarely it is read is a gap and no loss.
func TestOlderApplicationsAreSeededAndAudited(t *testing.T) {
	for _, tc := range []struct {
		name, form, size string
		whole            bool
	}{{"as JSON", "false", "1000", true}, {"as a form", "true", "1000", true}, {"with a small window", "false", "10", false}} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			text := strings.NewReplacer("FORM", tc.form, "SIZE", tc.size).Replace(inetPlan)
			if err := os.WriteFile(filepath.Join(folder, "older.xdc.hcl"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			r := rehearseFolder(t, folder, 1)
			if len(r.summary.Audits) != 1 {
				t.Fatalf("%d audits: %v", len(r.summary.Audits), r.outcome.Reasons)
			}
			a := r.summary.Audits[0].Total
			t.Logf("%+v", a)
			in, out := map[string]bool{}, map[string]bool{}
			for _, f := range r.truth {
				switch f.What {
				case "record_in":
					in[f.ID] = true
				case "record_out":
					out[f.ID] = true
				}
			}
			if a.Acked < 900 || int(a.Acked) > len(in) || a.Lost > 0 || a.Duplicated > 0 || a.Corrupted > 0 || a.Unexpected > 0 {
				t.Errorf("%d went in and %d came out, and the audit says %+v", len(in), len(out), a)
			}
			if tc.whole && (r.outcome.Code() != exec.OK || a.Inconclusive > 0 || int(a.Delivered) != len(out)) {
				t.Errorf("ended with %v: %v; %d came out: %+v", r.outcome.Code(), r.outcome.Reasons, len(out), a)
			}
			if !tc.whole && (a.Inconclusive == 0 || r.outcome.Code() != exec.NotMet) {
				t.Errorf("ended with %v: %+v", r.outcome.Code(), a)
			}
		})
	}
}
