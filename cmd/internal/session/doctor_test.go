package session_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/xdc-project/xdc/cmd/internal/load"
	"github.com/xdc-project/xdc/cmd/internal/session"
	"github.com/xdc-project/xdc/plans"
	"github.com/xdc-project/xdc/providers/all"
	"github.com/xdc-project/xdc/providers/standin"
	"github.com/xdc-project/xdc/providers/twin"
)

// running is a plan whose application runs already, with short intervals.
const running = `
plan "running" {
  timeout = "5m"
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
  host "edge" {
    address = "10.0.1.10"
  }
}

target "dc2" {
  networks = ["10.0.2.0/24"]
  streams {
    url = "https://streams.dc2.example.com:8443"
  }
  host "edge" {
    address = "10.0.2.10"
  }
}

job "orders" {
  adopt   = "orders"
  targets = [target.dc1, target.dc2]
  toolkit {
    heartbeat_interval = "1s"
    misses_allowed     = 4
    snapshot_interval  = "2s"
    init_delay         = "1s"
    snapshot_directory = "/var/lib/orders/snapshots"
    config_file        = "/etc/orders/crossdc-config.txt"
    on "dc1" {
      host = target.dc1.host.edge
    }
    on "dc2" {
      host = target.dc2.host.edge
    }
  }
}
`

// serveTwin serves a twin of a plan over loopback until the test ends.
func serveTwin(t *testing.T, text string) (session.Request, string) {
	t.Helper()
	dir := t.TempDir()
	name := filepath.Join(dir, "plan.xdc.hcl")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	registry := all.Registry()
	p, _, found := load.Plan(load.Options{
		Paths: []string{name}, Registry: registry, Mode: "apply", StandIn: true, Shipped: plans.Find, Env: func(string) (string, bool) { return "", false },
	})
	if found.HasErrors() {
		t.Fatal(found.Err())
	}
	at := filepath.Join(dir, "twin")
	ctx, cancel := context.WithCancel(t.Context())
	up, ended := make(chan *standin.StandIn, 1), make(chan error, 1)
	go func() { ended <- twin.Serve(ctx, session.Model(p, 1, nil), at, func(s *standin.StandIn) { up <- s }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	select {
	case <-up:
	case err := <-ended:
		ended <- nil
		t.Fatal(err)
	}
	s, err := standin.Load(at)
	if err != nil {
		t.Fatal(err)
	}
	return session.Request{Plan: p, Registry: registry, StandIn: s}, at
}

// examined asks the doctor again and again until what it says matches everything that is wanted.
func examined(t *testing.T, q session.Request, want ...string) {
	t.Helper()
	var said string
	for end := time.Now().Add(90 * time.Second); time.Now().Before(end); <-time.After(500 * time.Millisecond) {
		got, err := session.Doctor(t.Context(), q, false)
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for _, f := range got.Findings {
			lines = append(lines, strings.TrimSpace(map[bool]string{true: "ok ", false: "FAIL "}[f.OK]+f.Subject+": "+f.Text+" "+f.Remedy))
		}
		said = strings.Join(lines, "\n")
		all := true
		for _, w := range want {
			all = all && regexp.MustCompile(`(?m)`+w).MatchString(said)
		}
		if all {
			return
		}
	}
	t.Errorf("the doctor says\n%s\nand not all of\n%s", said, strings.Join(want, "\n"))
}

func TestTheDoctorSaysWhatASideBelievesAndWhy(t *testing.T) {
	t.Parallel()
	q, at := serveTwin(t, running)
	examined(t, q,
		`^ok dc1 job\.orders\.toolkit\.remote: up \(strong evidence: RemoteDataCenterHeartbeatWatchdog has submitted 1 status tuples`,
		`^ok dc2 job\.orders\.toolkit\.role: active \(strong evidence: .* has asked for `,
		`^ok dc1 job\.orders\.toolkit\.replication_age: .* \(strong evidence: of the 1 files`,
		`^ok dc2 job\.orders\.toolkit\.split_brain: false \(strong evidence: dc2 believes the other side up`,
		`^ok dc2 job\.orders\.toolkit\.state: up \(strong evidence`,
		`^ok dc1 job\.orders receivers: heartbeats at port 25091, state at 25092$`,
	)
	if _, err := os.Stat(filepath.Join(at, standin.DisksName, "dc1", "var/lib/orders/snapshots/dc2-0.snapshot")); err != nil {
		t.Errorf("the twin keeps no file: %v", err)
	}
}

func TestTheDoctorReadsTheApplicationConfigurationOfTheInstance(t *testing.T) {
	t.Parallel()
	kept := strings.Replace(running, `config_file        = "/etc/orders/crossdc-config.txt"`, `main_composite     = "com.example.orders::Orders"`, 1)
	q, _ := serveTwin(t, kept)
	examined(t, q, `^ok dc1 job\.orders toolkit: CrossDCFailover says what the plan does: a heartbeat every 1s, 4 may be missed$`)
	if _, err := session.Preflight(t.Context(), q); err != nil {
		t.Errorf("a plan that agrees with it: %v", err)
	}
}

func TestTheDoctorReadsTheApplicationsConfiguration(t *testing.T) {
	t.Parallel()
	q, at := serveTwin(t, running)
	examined(t, q, `^ok dc1 job\.orders toolkit: /etc/orders/crossdc-config\.txt says what the plan does: a heartbeat every 1s, 4 may be missed$`)
	if _, err := session.Preflight(t.Context(), q); err != nil {
		t.Errorf("a plan that agrees with the file: %v", err)
	}
	file := filepath.Join(at, standin.DisksName, "dc2", "etc/orders/crossdc-config.txt")
	text := "localDataCenterName = dc1\nheartbeatExchangeInterval=\nconsecutiveHeartbeatMissesAllowed=4\ndataSnapshotJdbcUrl=jdbc:x://y;a=hidden7\n" +
		"dataSnapshotExchangeInterval=2\ncrossDCInitDelay=1\nremoteDataCenterApplicationMachineNames=10.0.9.9\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	examined(t, q,
		`^FAIL dc2 job\.orders toolkit: failover is off: .* has no heartbeatExchangeInterval`,
		`^FAIL dc2 job\.orders toolkit: line 4: "dataSnapshotJdbcUrl" does not count, because its value has a = in it`,
		`^FAIL dc1 job\.orders toolkit: both sides call themselves "dc1"`,
		`^FAIL dc1 job\.orders toolkit: heartbeatExchangeInterval is 1s at dc1 and .* at dc2`,
		`^FAIL dc2 job\.orders toolkit: snapshot_directory is "/var/lib/orders/snapshots" in the plan, and dataSnapshotStorageDirectory is "" in`,
		`^ok dc2 job\.orders toolkit: remoteDataCenterApplicationMachineNames leaves out these hosts of dc1: edge \(10\.0\.1\.10\)`,
	)
	_, err := session.Preflight(t.Context(), q)
	if err == nil || !strings.Contains(err.Error(), "failover is off") || strings.Contains(err.Error(), "hidden7") {
		t.Errorf("preflight says %v", err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	examined(t, q, `^FAIL dc2 job\.orders toolkit: /etc/orders/crossdc-config\.txt is not there, or cannot be read, on dc2\.edge Correct`)
}
