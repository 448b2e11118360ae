package scenario_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/scenario"
)

// The limit is far above what it takes: it is there for what grows without bounds.
func TestLargeFilesStayQuick(t *testing.T) {
	var unknown, params, flow, secrets, quoted strings.Builder
	for i := range 2300 { // the most that a file may have
		fmt.Fprintf(&unknown, "key_%d: %s\n", i, strings.Repeat("v", 80))
		fmt.Fprintf(&params, "  p%d: %s\n", i, strings.Repeat("v", 80))
		fmt.Fprintf(&secrets, "  password_%d: %s\n", i, strings.Repeat("v", 80))
		fmt.Fprintf(&flow, "k%d: v, ", i)
		fmt.Fprintf(&quoted, "  - {type: performance, threshold: %d}\n", i%90+1)
	}
	head := "test_id: t\nfault_scenario: {type: network_partition}\n"
	for name, text := range map[string]string{
		"unknown keys": head + unknown.String(), "parameters": head + "submission_params:\n" + params.String(), "one line": head + "x: {" + flow.String() + "}\nreporting: {" + flow.String() + "}\n",
		"secrets": head + "submission_params:\n" + secrets.String(), "metrics": head + "expected_metrics: {" + strings.ReplaceAll(flow.String(), ": v", ": {min: 1}") + "}\n",
		"checks":         head + "pre_failover_data: {event_count: 5}\npost_failover_validation_checks:\n" + quoted.String(),
		"one long value": head + "description: " + strings.Repeat("a ", 120_000),
		"flow nest":      head + "x: " + strings.Repeat("{a: ", 50_000),
		"indents":        head + "x: " + strings.Repeat("- ", 50_000),
	} {
		t.Run(name, func(t *testing.T) {
			if len(text) > scenario.MaxFile {
				t.Fatalf("%d bytes", len(text))
			}
			began := time.Now()
			res, found := scenario.Import(scenario.Options{Files: []scenario.File{file("s.yaml", text)}})
			_ = diag.Render(found, func(n string) []byte { return res.Texts[n] }, diag.Options{Width: 80})
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}
