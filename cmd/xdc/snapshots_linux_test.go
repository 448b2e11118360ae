package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// snapshotsPlan fills the file system with the snapshots on one host of dc2 while their toolkit works on the other, and then
// takes dc1's job away.
const snapshotsPlan = `plan "snapshots" {
  defaults {
    streams {
      instance = "i"
      username = "u"
    }
  }
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
  host "other" {
    address = "10.0.2.11"
  }
}

job "orders" {
  bundle  = "orders.sab"
  targets = [target.dc1, target.dc2]
  toolkit {
    heartbeat_interval = "1s"
    misses_allowed     = 4
    snapshot_interval  = "3s"
    init_delay         = "3s"
    snapshot_directory = "/var/lib/xdc-orders/snapshots"
    on "dc1" {
      host = target.dc1.host.edge
    }
    on "dc2" {
      host = target.dc2.host.edge
    }
  }
  twin {
    application = "slow"
  }
}

wait "paired" {
  until   = "dc1.job.orders.toolkit.remote is up and dc2.job.orders.toolkit.remote is up"
  timeout = "1m"
}

wait "stored" {
  depends_on = [wait.paired]
  until      = "dc2.job.orders.toolkit.storing is true"
  timeout    = "1m"
}

fault "resource_disk" "full" {
  depends_on = [wait.stored]
  hosts      = [target.dc2.host.other]
  path       = "/var/lib/xdc-orders/snapshots"
  level      = "100%"
  reserve    = "0B"
}

seed "data_exchange" "orders" {
  depends_on = [fault.resource_disk.full]
  job        = job.orders["dc1"]
  target     = target.dc1
  endpoint   = "Orders"
  rate       = 50
  duration   = "60s"
  record = {
    id   = record.id
    text = "a record that keeps a kilobyte of state busy for as long as the slow application holds it"
  }
}

wait "not_stored" {
  depends_on = [fault.resource_disk.full]
  until      = "dc2.job.orders.toolkit.storing is false"
  timeout    = "1m"
}

wait "stored_again" {
  depends_on = [wait.not_stored, fault.resource_disk.full.healed]
  until      = "dc2.job.orders.toolkit.storing is true"
  timeout    = "1m"
}

fault "streams_job" "gone" {
  depends_on = [wait.stored_again]
  job        = job.orders["dc1"]
  duration   = "15s"
}

wait "taken_over" {
  depends_on = [fault.streams_job.gone]
  until      = "dc2.job.orders.toolkit.state is taken_over"
  timeout    = "14s"
}

expect "the_state_was_handed_over" {
  that = "delta(dc2.job.orders.operator['RemoteDCDataMerger'].tuples_out, from wait.paired.done to wait.taken_over.done) == 1"
}

expect "the_files_went_with_it" {
  that = "eventually dc2.job.orders.toolkit.snapshots == 0 from fault.streams_job.gone.injected"
}
`

// TestInTheLabSnapshotsAreFiles: the snapshots are files on a file system that the hosts of a data centre share and that
// faults over SSH fill; xdc sees them there, and a takeover reads and deletes them.
func TestInTheLabSnapshotsAreFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	t.Parallel()
	const folder = "/var/lib/xdc-orders/snapshots"
	b := newLab(t, snapshotsPlan)
	b.file("plan.xdc.hcl", snapshotsPlan)
	b.file("orders.sab", "PK")
	seen := map[string]bool{} // what was seen in the folder, by host
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			case <-time.After(300 * time.Millisecond):
			}
			for _, h := range []string{"dc1.edge", "dc2.edge", "dc2.other"} {
				out, _ := b.on(h, "ls", folder).Output()
				for name := range strings.FieldsSeq(string(out)) {
					seen[h+" "+name] = true
				}
			}
		}
	}()
	code, out := b.run(nil, "apply", "--on", b.lab, "--auto-approve", "--run-dir", "runs", "plan.xdc.hcl")
	close(stop)
	<-done
	if code != 0 {
		t.Errorf("exit %d\n%s", code, out)
	}
	for _, want := range []string{"dc1.edge dc2-0.snapshot", "dc2.edge dc1-0.snapshot", "dc2.other dc1-0.snapshot"} {
		if !seen[want] {
			t.Errorf("%s was not seen", want)
		}
		delete(seen, want)
	}
	for s := range seen {
		if strings.HasSuffix(s, ".snapshot") {
			t.Errorf("%s was seen, too", s)
		}
	}
	if _, err := os.Lstat(filepath.Dir(folder)); err == nil {
		t.Errorf("%s is on this machine itself", folder)
	}
	failed := false
	for _, f := range b.facts() {
		cause, _ := f["cause"].(string)
		failed = failed || f["what"] == "snapshot_not_stored" && f["target"] == "dc2" && strings.Contains(cause, "no space left")
	}
	if !failed {
		t.Error("no snapshot met the full file system")
	}
}

// TestInTheLabFoldersThatCannotBeMadeAreRefused: a folder in this machine's root folder is not made there, and links are not followed
// to where another folder is meant.
func TestInTheLabFoldersThatCannotBeMadeAreRefused(t *testing.T) {
	b := newLab(t, "plan \"lab\" {}\n"+target(0))     // this machine can have labs
	disk, err := os.MkdirTemp("/var/tmp", "xdc-link") //nolint:usetesting // the machines hide this one's /tmp
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(disk) })
	if err := os.Symlink("/var/lib", filepath.Join(disk, "link")); err != nil {
		t.Fatal(err)
	}
	for folder, want := range map[string]string{
		"/xdc-none/snapshots":     "make the folder /xdc-none/snapshots on this machine",
		disk + "/link/xdc-orders": "name the folder itself, /var/lib/xdc-orders",
		"/etc/passwd/snapshots":   "not a directory",
	} {
		b.file("other.xdc.hcl", strings.Replace(snapshotsPlan, "/var/lib/xdc-orders/snapshots", folder, 1))
		code, out := b.run(nil, "lab", "up", "other.xdc.hcl", "--dir", filepath.Join(b.dir, "other"))
		if code != 1 || !strings.Contains(out, want) {
			t.Errorf("%s: exit %d, %s; want %s", folder, code, out, want)
		}
		if _, err := os.Lstat("/xdc-none"); err == nil {
			t.Errorf("%s was made on this machine", folder)
		}
	}
}
