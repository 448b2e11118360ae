package load_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xdc-project/xdc/cmd/internal/load"
	"github.com/xdc-project/xdc/providers/all"
)

// layered writes a plan of n steps: layers of a seed, its audit, a fault, a measurement and an expectation, each
// layer after the one before.
func layered(tb testing.TB, n int) string {
	tb.Helper()
	var b strings.Builder
	b.WriteString(`
variable "password" {
  type      = string
  sensitive = true
}
`)
	for _, dc := range []string{"1", "2"} {
		fmt.Fprintf(&b, `
target "dc%s" {
  networks = ["10.0.%[1]s.0/24"]
  streams {
    url      = "https://streams.dc%[1]s.example.com:8443"
    instance = "i"
    username = "u"
    password = var.password
  }
  host "edge" {
    address = "10.0.%[1]s.10"
  }
}
`, dc)
	}
	b.WriteString(`
job "orders" {
  bundle  = "orders.sab"
  targets = [target.dc1, target.dc2]
  toolkit {
    heartbeat_interval = "5s"
  }
}
`)
	for i := range n / 5 {
		after := ""
		if i > 0 {
			after = fmt.Sprintf("depends_on = [fault.network_partition.f%d.healed]", i-1)
		}
		fmt.Fprintf(&b, `
seed "data_exchange" "s%[1]d" {
  %[2]s
  targets  = [target.dc1, target.dc2]
  route    = "failover"
  job      = job.orders
  endpoint = "Orders"
  rate     = 100
  duration = "1m"
  record   = { event_id = record.id }
}

audit "a%[1]d" {
  seed     = seed.data_exchange.s%[1]d
  endpoint = "Results"
  key      = "event_id"
}

fault "network_partition" "f%[1]d" {
  hosts    = [target.dc1.host.edge]
  from     = target.dc2.networks
  when     = "seed.data_exchange.s%[1]d.acked >= 100"
  duration = "60s"
}

wait "w%[1]d" {
  since   = fault.network_partition.f%[1]d
  until   = "dc2.job.orders.toolkit.remote is down"
  timeout = "50s"
}

expect "e%[1]d" {
  that = "wait.w%[1]d.rto <= 40s and audit.a%[1]d.lost == 0"
}
`, i, after)
	}
	dir := tb.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "layers.xdc.hcl"), []byte(b.String()), 0o600); err != nil {
		tb.Fatal(err)
	}
	return dir
}

func BenchmarkPlanFromFiles(b *testing.B) {
	for _, n := range []int{500, 5000, 50000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			dir := layered(b, n)
			registry := all.Registry()
			for b.Loop() {
				p, _, found := load.Plan(load.Options{Paths: []string{dir}, Registry: registry, Mode: "plan", Env: func(string) (string, bool) { return "", false }})
				if found.HasErrors() || len(p.Steps) < n {
					b.Fatalf("%d steps: %v", len(p.Steps), found.Errors())
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(n), "µs/step")
		})
	}
}

func TestFiveThousandStepsValidateAndPlan(t *testing.T) {
	p, _, found := load.Plan(load.Options{Paths: []string{layered(t, 5000)}, Registry: all.Registry(), Mode: "plan", Env: func(string) (string, bool) { return "", false }})
	if found.HasErrors() {
		t.Fatal(found.Err())
	}
	if len(p.Steps) != 5002 {
		t.Errorf("got %d steps, want 5000 and the two jobs", len(p.Steps))
	}
}
