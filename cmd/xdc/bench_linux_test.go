package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// BenchmarkFaultOnHosts runs a partition on several machines of a lab and reports, in milliseconds of one run, the time
// from the decision to inject until the effect is verified on all of them, the time to heal all of them, and what a lease
// costs each machine: processor time of its watchdog in a minute.
func BenchmarkFaultOnHosts(b *testing.B) {
	for _, n := range []int{1, 10, 50} {
		b.Run(fmt.Sprintf("hosts=%d", n), func(b *testing.B) {
			lab := newLab(b, hostsPlan(n))
			var inject, heal []float64
			var watch float64
			for i := range b.N {
				runs := filepath.Join("runs", strconv.Itoa(i))
				if code, out := lab.run(nil, "apply", "--on", lab.lab, "--auto-approve", "--run-dir", runs, "lab.xdc.hcl"); code != 0 {
					b.Fatalf("exit %d\n%s", code, out)
				}
				x, y := times(b, filepath.Join(lab.dir, runs))
				inject, heal = append(inject, x), append(heal, y)
			}
			watch = watchdogCost(b, lab)
			slices.Sort(inject)
			slices.Sort(heal)
			b.ReportMetric(1000*inject[len(inject)/2], "inject-ms")
			b.ReportMetric(1000*heal[len(heal)/2], "heal-ms")
			b.ReportMetric(watch, "lease-cpu-ms/min")
		})
	}
}

func hostsPlan(n int) string {
	var s strings.Builder
	s.WriteString("plan \"bench\" {}\n\ntarget \"dc1\" {\n")
	for i := range n {
		fmt.Fprintf(&s, "  host \"h%d\" {\n    address = \"10.1.0.%d\"\n  }\n", i, i+1)
	}
	s.WriteString("}\n\nfault \"network_partition\" \"x\" {\n  hosts = [")
	for i := range n {
		fmt.Fprintf(&s, "target.dc1.host.h%d, ", i)
	}
	s.WriteString("]\n  from     = [\"10.99.0.0/24\"]\n  duration = \"2s\"\n}\n")
	return s.String()
}

// times reads from the report how long injecting and healing took, in seconds.
func times(b *testing.B, runs string) (inject, heal float64) {
	b.Helper()
	found, err := filepath.Glob(filepath.Join(runs, "*", "report.json"))
	if err != nil || len(found) != 1 {
		b.Fatalf("%d reports", len(found))
	}
	raw, err := os.ReadFile(found[0])
	if err != nil {
		b.Fatal(err)
	}
	var r struct {
		Faults []struct {
			Kind     string
			Injected struct{ High float64 }
			Healed   struct{ Low, High float64 }
		}
		Steps []struct {
			Kind  string
			Start float64
		}
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		b.Fatal(err)
	}
	for _, s := range r.Steps {
		if s.Kind == "fault" {
			inject -= s.Start
		}
	}
	for _, f := range r.Faults {
		if f.Kind == "fault" {
			inject += f.Injected.High
			heal = f.Healed.High - f.Healed.Low
		}
	}
	return inject, heal
}

// watchdogCost is the processor time in milliseconds that the watchdog and its children use on one machine in a minute,
// from twenty seconds of a fault.
func watchdogCost(b *testing.B, lab *labBench) float64 {
	b.Helper()
	lab.file("long.xdc.hcl", strings.Replace(hostsPlan(1), `duration = "2s"`, `duration = "30s"`, 1))
	c := lab.command("apply", "--on", lab.lab, "--auto-approve", "--run-dir", "runs/long", "long.xdc.hcl")
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() { _ = c.Wait() }()
	var pid string
	for end := time.Now().Add(20 * time.Second); pid == ""; <-time.After(100 * time.Millisecond) {
		if time.Now().After(end) {
			b.Fatal("no watchdog")
		}
		out, _ := lab.on("dc1.h0", "sh", "-c", "cat /run/xdc/xdc_*/watch.pid").Output()
		pid = strings.TrimSpace(string(out))
	}
	used := func() float64 {
		f := strings.Fields(lab.must("dc1.h0", "cat", "/proc/"+pid+"/stat"))
		sum := 0.0
		for _, i := range []int{13, 14, 15, 16} { // its own and its children's, in hundredths of a second
			n, _ := strconv.ParseFloat(f[i], 64)
			sum += n
		}
		return 10 * sum
	}
	before := used()
	<-time.After(20 * time.Second)
	return (used() - before) * 3
}
