package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/xdc-project/xdc/engine/trace"
	"github.com/xdc-project/xdc/lang/signal"
)

const checkedPlan = `plan "drill" {}

target "dc1" {
  streams {
    url      = "https://streams.dc1.example.com:8443"
    instance = "i"
    username = "u"
  }
}

job "orders" {
  bundle = "orders.sab"
  target = target.dc1
}
`

// checkedExpects are judged by twenty metrics of a job.
var checkedExpects = []string{
	"always dc1.job.orders.metric['m0'] >= 0", "never dc1.job.orders.metric['m1'] > 200", "always avg(dc1.job.orders.metric['m2'], 10s) < 200",
	"always p99(dc1.job.orders.metric['m3'], 1m) < 200", "max(dc1.job.orders.metric['m4']) < 200", "avg(dc1.job.orders.metric['m5']) >= 0",
	"whenever dc1.job.orders.metric['m6'] > 90 then dc1.job.orders.metric['m6'] < 50 within 1m", "never dc1.job.orders.metric['m7'] > 200 for 10s",
	"p90(dc1.job.orders.metric['m8']) < 200", "always changes(dc1.job.orders.metric['m9'], 10s) < 1000 and age(dc1.job.orders.metric['m10']) < 1m",
}

// BenchmarkCheck judges recorded traces of three lengths with the program as users have it. Its highest resident memory
// must not grow with the trace.
func BenchmarkCheck(b *testing.B) {
	dir := b.TempDir()
	xdc := filepath.Join(dir, "xdc")
	build := exec.Command("go", "build", "-o", xdc, ".")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	other := checkedPlan
	for i, text := range checkedExpects {
		other += fmt.Sprintf("\nexpect \"e%d\" {\n  that = %q\n}\n", i, text)
	}
	for name, text := range map[string]string{"drill.xdc.hcl": checkedPlan, "other.xdc.hcl": other} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	run := func(args ...string) (string, *os.ProcessState) {
		cmd := exec.Command(xdc, args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			b.Fatalf("xdc %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out), cmd.ProcessState
	}
	for _, n := range []int{100_000, 1_000_000, 10_000_000} {
		b.Run(fmt.Sprintf("samples=%d", n), func(b *testing.B) {
			runs := fmt.Sprintf("runs%d", n)
			if err := os.RemoveAll(filepath.Join(dir, runs)); err != nil {
				b.Fatal(err)
			}
			run("rehearse", "--seed", "7", "--run-dir", runs, "drill.xdc.hcl")
			folders, err := filepath.Glob(filepath.Join(dir, runs, "*", trace.FileName))
			if err != nil || len(folders) != 1 {
				b.Fatal(folders, err)
			}
			lengthen(b, filepath.Dir(folders[0]), n)
			peak := int64(0)
			b.ResetTimer()
			for range b.N {
				out, state := run("check", "--run-dir", runs, "last", "other.xdc.hcl")
				if strings.Count(out, "met   ") != len(checkedExpects) {
					b.Fatal(out)
				}
				peak = max(peak, state.SysUsage().(*syscall.Rusage).Maxrss)
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "samples/s")
			b.ReportMetric(float64(peak)/1024, "peak-MB")
		})
	}
}

// lengthen gives a run a trace of n samples, and the end that goes with it.
func lengthen(b *testing.B, folder string, n int) {
	name := filepath.Join(folder, trace.FileName)
	if err := os.Remove(name); err != nil {
		b.Fatal(err)
	}
	tw, err := trace.Create(name)
	if err != nil {
		b.Fatal(err)
	}
	var at time.Duration
	for i := range n / 20 {
		at = time.Duration(i) * 100 * time.Millisecond
		for k := range 20 {
			_ = tw.Sample(signal.Sample{
				Signal: fmt.Sprintf("dc1.job.orders.metric[%q]", fmt.Sprintf("m%d", k)), Value: signal.NumberVal(float64((i/(k+1) + k) % 97)),
				Low: at, High: at + 20*time.Millisecond, ValidFor: 3 * time.Second,
			})
		}
	}
	_ = tw.Happened("run.done", signal.Span{Low: at, High: at})
	if err := tw.Close(); err != nil {
		b.Fatal(err)
	}
	events := filepath.Join(folder, "events.jsonl")
	was, err := os.ReadFile(events)
	if err != nil {
		b.Fatal(err)
	}
	var out bytes.Buffer
	for line := range bytes.Lines(was) {
		var ev map[string]any
		if err := json.Unmarshal(line, &ev); err != nil {
			b.Fatal(err)
		}
		if body, ok := ev["body"].(map[string]any); ok && body["name"] == "run.done" {
			body["low"], body["high"] = int64(at), int64(at)
			line, _ = json.Marshal(ev)
			line = append(line, '\n')
		}
		out.Write(line)
	}
	if err := os.WriteFile(events, out.Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
}
