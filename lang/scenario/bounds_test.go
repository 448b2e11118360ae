package scenario_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/scenario"
)

// most is the most lines of a kind that a file may have.
const most = 2300

// largeFiles are files of n lines, each of another shape.
func largeFiles(n int) map[string]string {
	var unknown, params, flow, secrets, quoted strings.Builder
	for i := range n {
		fmt.Fprintf(&unknown, "key_%d: %s\n", i, strings.Repeat("v", 80))
		fmt.Fprintf(&params, "  p%d: %s\n", i, strings.Repeat("v", 80))
		fmt.Fprintf(&secrets, "  password_%d: %s\n", i, strings.Repeat("v", 80))
		fmt.Fprintf(&flow, "k%d: v, ", i)
		fmt.Fprintf(&quoted, "  - {type: performance, threshold: %d}\n", i%90+1)
	}
	head := "test_id: t\nfault_scenario: {type: network_partition}\n"
	return map[string]string{
		"unknown keys":   head + unknown.String(),
		"parameters":     head + "submission_params:\n" + params.String(),
		"one line":       head + "x: {" + flow.String() + "}\nreporting: {" + flow.String() + "}\n",
		"secrets":        head + "submission_params:\n" + secrets.String(),
		"metrics":        head + "expected_metrics: {" + strings.ReplaceAll(flow.String(), ": v", ": {min: 1}") + "}\n",
		"checks":         head + "pre_failover_data: {event_count: 5}\npost_failover_validation_checks:\n" + quoted.String(),
		"one long value": head + "description: " + strings.Repeat("a ", 52*n),
		"flow nest":      head + "x: " + strings.Repeat("{a: ", 21*n),
		"indents":        head + "x: " + strings.Repeat("- ", 21*n),
	}
}

func importAndRender(text string) string {
	res, found := scenario.Import(scenario.Options{Files: []scenario.File{file("s.yaml", text)}})
	return diag.Render(found, func(n string) []byte { return res.Texts[n] }, diag.Options{Width: 80})
}

func TestLargeFiles(t *testing.T) {
	for name, text := range largeFiles(most) {
		t.Run(name, func(t *testing.T) {
			if len(text) > scenario.MaxFile {
				t.Fatalf("%d bytes", len(text))
			}
			out := importAndRender(text)
			if out == "" && name != "one long value" && name != "checks" {
				t.Error("nothing is said")
			}
			for line := range strings.SplitSeq(out, "\n") {
				if len(line) > 600 {
					t.Fatalf("a line of %d bytes: %.100s", len(line), line)
				}
			}
		})
	}
}

// What is to be seen is that ten times the lines take about ten times as long.
func BenchmarkImport(b *testing.B) {
	for _, n := range []int{most / 10, most} {
		for name, text := range largeFiles(n) {
			b.Run(fmt.Sprintf("%s/%d", strings.ReplaceAll(name, " ", "-"), n), func(b *testing.B) {
				for b.Loop() {
					importAndRender(text)
				}
			})
		}
	}
}
