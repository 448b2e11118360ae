package session_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xdc-project/xdc/engine/exec"
)

const fitsPlan = `
plan "fits" {
  timeout = "5m"
}

variable "password" {
  type      = string
  sensitive = true
  default   = "unused"
}

target "dc1" {
  streams {
    url      = "https://streams.dc1.example.com:8443"
    instance = "streams1"
    username = "xdc"
    password = var.password
  }
}

job "orders" {
  JOB
  target = target.dc1
  twin {
    endpoint "Orders" {
      type = "tuple<rstring event_id, int64 big, decimal64 price, timestamp at, enum{buy, sell} side, list<float64>[3] parts, optional<rstring> note>"
    }
  }
}

seed "data_exchange" "orders" {
  target   = target.dc1
  job      = job.orders
  endpoint = "Orders"
  MORE
  rate     = 100
  records  = 3000
  record = {
    event_id = record.id
    big      = BIG
    price    = record::decimal(-1000, 1000, 2)
    at       = record.time
    side     = record::choice(["buy", "sell"])
    parts    = [record::number(0, 1), 2]
  }
}

audit "orders" {
  seed     = seed.data_exchange.orders
  target   = target.dc1
  endpoint = "Results"
  key      = "event_id"
}

expect "everything_came_out_as_it_went_in" {
  that = "audit.orders.delivered == 3000 and audit.orders.corrupted == 0"
}
`

// Records that do not fit what an endpoint says of itself end the seed, by either transport; and those that fit come out as they went in, to the last digit.
func TestRecordsAreHeldAgainstWhatTheEndpointSays(t *testing.T) {
	const fit, misfit = `record::int64(-9223372036854775808, 9223372036854775807)`, `record::uint64(9223372036854775808, 18446744073709551615)`
	const reason = "as int64 is out of range"
	for _, tc := range []struct {
		name, job, more, big string
		code                 exec.Code
	}{
		{"fits", `bundle = "orders.sab"`, "", fit, exec.OK},
		{"does not fit", `bundle = "orders.sab"`, "", misfit, exec.Broken},
		{"does not fit, by WebSocket", `bundle = "orders.sab"`, `transport = "websocket"`, misfit, exec.Broken},
		{"does not fit what is there already", `adopt = "orders"`, "", misfit, exec.Broken},
		{"does not fit, and is not looked at", `bundle = "orders.sab"`, `check_record = false`, misfit, exec.NotMet},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			text := strings.NewReplacer("JOB", tc.job, "MORE", tc.more, "BIG", tc.big).Replace(fitsPlan)
			if err := os.WriteFile(filepath.Join(folder, "fits.xdc.hcl"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := rehearsal(t, folder, 1)
			if out.Code() != tc.code {
				t.Errorf("ended with %v, want %v: %v %v", out.Code(), tc.code, err, out.Reasons)
			}
			said := strings.Join(append(out.Others(), out.Reason()), "\n")
			if err != nil {
				said += err.Error()
			}
			if want := tc.code == exec.Broken; strings.Contains(said, reason) != want {
				t.Errorf("it is said: %s", said)
			}
		})
	}
}

// Behind the first records, each is held against the description before it is sent: the file is not read ahead, and nothing behind the misfit leaves.
func TestARecordFarIntoAFileThatDoesNotFitIsNotSent(t *testing.T) {
	folder := t.TempDir()
	var lines strings.Builder
	for n := range 400 {
		big := fmt.Sprint(n)
		if n == 300 {
			big = `"three hundred"`
		}
		fmt.Fprintf(&lines, `{"event_id":"e%d","big":%s,"price":1,"at":0,"side":"buy","parts":[1],"note":null}`+"\n", n, big)
	}
	record := fitsPlan[strings.Index(fitsPlan, "  record = {"):strings.Index(fitsPlan, "audit \"orders\"")]
	text := strings.NewReplacer(record, "  file = \"records.jsonl\"\n}\n\n", "JOB", `adopt = "orders"`, "MORE", "").Replace(fitsPlan)
	for name, content := range map[string]string{"fits.xdc.hcl": text, "records.jsonl": lines.String()} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := rehearsal(t, folder, 1)
	said := strings.Join(append(out.Others(), out.Reason()), "\n")
	for _, words := range []string{"dc1: record 300 does not fit what the service says of the endpoint: big ", "it was not sent", "[XDC3000]"} {
		if out.Code() != exec.Broken || !strings.Contains(said, words) {
			t.Errorf("it ends with %v, %v, and says %s, not %q", out.Code(), err, said, words)
		}
	}
}
