package toolkit

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/providers"
)

// look feeds a look at the files: name and age in seconds of each, and how many there are.
func (s *seen) look(ages ...string) {
	for _, a := range ages {
		name, age, _ := strings.Cut(a, "=")
		var sec float64
		_, _ = fmt.Sscan(age, &sec)
		s.feed(`dc1.job.orders.toolkit.snapshot["`+name+`"].age`, signal.Bounded(signal.Duration, sec+1, sec, sec+1))
	}
	s.feed("dc1.job.orders.toolkit.snapshots", signal.NumberVal(float64(len(ages))))
}

func TestWhatIsStoredCountsMoreThanWhatArrived(t *testing.T) {
	s := watch(active())
	s.now = 100 * time.Second
	s.round("status=running", up(1), handed(0), stored(3))
	if got := s.last["replication_age"]; got.Low != 0 || got.High < 100 {
		t.Errorf("arrived %v ago", got) // at some time since the run began
	}
	s.look("dc2-0.snapshot=5", "dc2-1.snapshot=40")
	// Of several pieces the oldest counts: written between 59 and 63 s, looked at between 98 and 101 s.
	if got := s.last["replication_age"]; got.Low < 37 || got.High > 44.1 || got.Low > 40 {
		t.Errorf("stored %v ago", got)
	}
	s.round("status=running", up(1), handed(0), stored(4))
	if got := s.last["replication_age"]; got.Low < 37 {
		t.Errorf("an arrival made it %v", got)
	}
}

func TestWhatArrivesAndIsNotStored(t *testing.T) {
	s := watch(active())
	s.now = 50 * time.Second
	s.round("status=running", up(1), handed(0), stored(3))
	s.now = 60 * time.Second
	s.look("dc2-0.snapshot=1")
	s.round("status=running", up(1), handed(0), stored(4))
	s.now = 70 * time.Second
	s.look("dc2-0.snapshot=9")
	s.round("status=running", up(1), handed(0), stored(4))
	s.now = 80 * time.Second
	s.round("status=running", up(1), handed(0), stored(5))
	s.now = 90 * time.Second
	s.look("dc2-0.snapshot=29") // nothing was written since 61 s, and one has come after 68 s
	s.now = 120 * time.Second
	s.look("dc2-0.snapshot=3")
	var said []string
	for _, l := range s.lines {
		if strings.Contains(l, "storing") {
			said = append(said, l)
		}
	}
	if got := strings.Join(said, ", "); got != "1m0s storing true, 1m30s storing false, 2m0s storing true" {
		t.Errorf("got %s", got)
	}
}

func TestFilesThatVanishAreATakeover(t *testing.T) {
	s := watch(active())
	s.now = 50 * time.Second
	s.round("status=running", up(1))
	s.look("dc2-0.snapshot=1")
	s.round("status=running", up(1))
	s.round("status=running", up(2))
	if s.last["takeover"].Text != takeoverRunning {
		t.Errorf("down, and the files are there: %v", s.last["takeover"])
	}
	s.now += 5 * time.Second
	s.look()
	s.round("status=running", up(2))
	if s.last["takeover"].Text != takeoverDone {
		t.Errorf("the files are gone: %v", s.last["takeover"])
	}
	// What vanished before is no takeover: it waits for its patience.
	s = watch(active())
	s.now = 50 * time.Second
	s.look("dc2-0.snapshot=1")
	s.round("status=running", up(1), stored(1), handed(0))
	s.look()
	s.round("status=running", up(1), stored(1), handed(0))
	s.round("status=running", up(2), stored(1), handed(0))
	if s.last["takeover"].Text != takeoverRunning {
		t.Errorf("the files were gone before: %v", s.last["takeover"])
	}
}

func TestEvidenceHasItsStrength(t *testing.T) {
	for _, tc := range []struct {
		info     providers.JobInfo
		readings []string
		attr     string
		want     signal.Strength
	}{
		{active(), []string{up(1)}, "remote", signal.Strong},
		{active(), []string{op("App.CrossDCFailover."+watchdog, launches, 2), up(1)}, "remote", signal.Strong},
		{active(), []string{op("App.CrossDCFailover."+watchdog, launches, 2), up(0)}, "remote", signal.Medium},
		{active(), []string{"status=running"}, "role", signal.Medium},
		{active(), []string{"status=gone"}, "role", signal.Strong},
		{active(), []string{op("A.B."+preparer, snapshotSignal, 1)}, "role", signal.Strong},
		{active(), []string{stored(1), stored(2)}, "replication_age", signal.Medium},
		{active(), []string{up(2), stored(1), handed(1)}, "takeover", signal.Strong},
		{active(), []string{op("A.B."+sender, waitingTuples, 3)}, "queued", signal.Medium},
		{active(), []string{op("A.B."+sender, answerTuples, 3), op("A.B."+dataSender+"[0]", answerTuples, 2)}, "http_errors", signal.Medium},
		{providers.JobInfo{Toolkit: &providers.Toolkit{Mode: rolePassive}}, []string{"status=running"}, "role", signal.Weak},
	} {
		in := newInference("dc1", []providers.JobInfo{{Target: "dc1", Path: "job.orders", Toolkit: tc.info.Toolkit}})
		var last signal.Sample
		for _, r := range tc.readings {
			name, value, _ := strings.Cut(r, "=")
			v := signal.EnumVal(value)
			var n float64
			if _, err := fmt.Sscan(value, &n); err == nil {
				v = signal.NumberVal(n)
			}
			for _, c := range in.Infer(signal.Sample{Signal: "dc1.job.orders." + name, Value: v, High: time.Second}) {
				if strings.HasSuffix(c.Signal, "."+tc.attr) {
					last = c
				}
			}
		}
		if last.Strength != tc.want || last.Evidence == "" {
			t.Errorf("%v: %s is %q (%s), want %s", tc.readings, tc.attr, last.Strength, last.Evidence, tc.want)
		}
		if tc.attr == "http_errors" && last.Value.Num != 5 {
			t.Errorf("%v errors", last.Value)
		}
	}
}

func TestAListingIsReadWithCare(t *testing.T) {
	got := parseListing("motd\nnow 1000.500000000\nfile 990 12 regular file/dc2-0.snapshot\nfile 2000 1 regular file/ahead.snapshot\nfile 1 1 directory/d.snapshot\n" +
		"file 1 1 regular file/a\"b.snapshot\nfile 1 1 regular file/x.txt\nfile -1 1 regular file/n.snapshot\nfile 1 regular file/m.snapshot\nmore\nfile 9 9 regular empty file/dc2-1.snapshot")
	if !got.more || got.missing || len(got.files) != 3 {
		t.Fatalf("got %+v", got)
	}
	if f := got.files[0]; f.name != "dc2-0.snapshot" || f.size != 12 || f.low != 9500*time.Millisecond || f.high < 10500*time.Millisecond || f.high > 10501*time.Millisecond {
		t.Errorf("got %+v", f)
	}
	if f := got.files[1]; f.low != 0 || f.high != 0 {
		t.Errorf("from the future: %+v", f)
	}
	if !parseListing("missing\n").missing || len(parseListing("file 1 1 regular file/a.snapshot").files) > 0 {
		t.Error("a folder that is missing, or a clock that is")
	}
}

func FuzzListing(f *testing.F) {
	f.Add("now 1000.5\nfile 990 12 regular file/dc2-0.snapshot\nmore\n")
	f.Add("now 99999999999999999999.9\nfile 9223372036854775807 9223372036854775807 regular/x.snapshot")
	f.Fuzz(func(t *testing.T, text string) {
		l := parseListing(text)
		if len(l.files) > mostFiles {
			t.Errorf("%d files", len(l.files))
		}
		for _, x := range l.files {
			if x.low < 0 || x.low > x.high || x.size < 0 || !nameable(x.name) {
				t.Errorf("%+v", x)
			}
		}
	})
}

// FuzzFolder: of what a host says of a folder, only names are taken that can be shown and matched.
func FuzzFolder(f *testing.F) {
	f.Add("folder\nwritable\ninode 12 3\ntype nfs4\nhas dc2-0.snapshot\n")
	f.Add("absent\nhas ../x.snapshot\nhas \x1b[2J.snapshot\nfolder")
	f.Fuzz(func(t *testing.T, text string) {
		got := parseFolder(text)
		for _, n := range got.names {
			if !nameable(n) {
				t.Errorf("the name %q", n)
			}
		}
		switch got.kind {
		case "", "folder", "absent", "other":
		default:
			t.Errorf("it is %q", got.kind)
		}
	})
}
