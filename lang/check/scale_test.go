package check_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/xdc-project/xdc/lang/check"
)

// bigPlan has layers of seeds, waits, faults and expectations, each layer after the one before: n steps.
func bigPlan(n int) string {
	var b strings.Builder
	b.WriteString(`
target "dc1" {
  networks = ["10.0.1.0/24"]
  host "edge" { address = "10.0.1.10" }
}
target "dc2" { networks = ["10.0.2.0/24"] }
variable "hold" { default = "3s" }
locals { to = target.dc2.networks }
`)
	for i := range n / 4 {
		before := ""
		if i > 0 {
			before = fmt.Sprintf("depends_on = [wait.w%d]", i-1)
		}
		fmt.Fprintf(&b, `
seed "memory" "s%[1]d" {
  %[2]s
  target   = target.dc1
  rate     = 10
  duration = "10s"
  record   = { id = record.id }
}
fault "network_partition" "f%[1]d" {
  depends_on = [seed.memory.s%[1]d]
  hosts      = [target.dc1.host.edge]
  from       = local.to
}
wait "w%[1]d" {
  since   = fault.network_partition.f%[1]d
  until   = "run.elapsed > 1s"
  hold    = var.hold
  timeout = "1m"
}
expect "e%[1]d" {
  condition = wait.w%[1]d.rto < 60
}
`, i, before)
	}
	return b.String()
}

func BenchmarkCheck(b *testing.B) {
	for _, n := range []int{500, 5000, 50000} {
		plan := bigPlan(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				prog, ds := runPlan(map[string]string{"p.xdc.hcl": plan}, check.Inputs{})
				if ds.HasErrors() || len(prog.Steps) != n {
					b.Fatal(len(prog.Steps), text(ds)[:min(500, len(text(ds)))])
				}
			}
		})
	}
}
