package session_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// bySocket is an example whose records travel by WebSocket.
func bySocket(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(examples, name, name+".xdc.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	const line = "  endpoint = \"Orders\"\n"
	plan := strings.Replace(string(text), "  endpoint   = \"Orders\"\n", line, 1)
	for _, endpoint := range []string{"Orders", "Results"} {
		with := strings.ReplaceAll(plan, "endpoint = \""+endpoint+"\"\n", "endpoint = \""+endpoint+"\"\n  transport = \"websocket\"\n")
		if with == plan {
			t.Fatalf("the example %s has no endpoint %s", name, endpoint)
		}
		plan = with
	}
	folder := filepath.Join(t.TempDir(), name)
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+".xdc.hcl"), []byte(plan), 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}

func TestByWebSocketTheVerdictIsTheSameAndTheAuditIsTrue(t *testing.T) {
	for _, name := range []string{"network-partition", "state-lost"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rehearseFolder(t, bySocket(t, name), 1)
			if r.outcome.Code() != codes[name] {
				t.Errorf("ended with %v, want %v", r.outcome.Code(), codes[name])
			}
			if len(r.summary.Audits) == 0 {
				t.Fatal("nothing was audited")
			}
			for _, a := range r.summary.Audits {
				t.Logf("%s: %+v", a.Step, a.Total)
				if a.Total.Delivered == 0 {
					t.Errorf("%s: nothing came out", a.Step)
				}
			}
			checkLoss(t, 1, r)
		})
	}
}
