//go:build linux

package host

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/providertest"
)

var at = providers.Place{Target: "dc1", Host: "edge"}

func lockInfo(run string) LockInfo {
	return LockInfo{Run: run, Owner: "me@there", Since: time.Unix(1_700_000_000, 0).UTC()}
}

func TestOneOfManyGetsTheLock(t *testing.T) {
	n := providertest.NewNode(t, "edge")
	runs := []string{"a", "b", "c", "d", "e", "f"}
	errs := make([]error, len(runs))
	var wg sync.WaitGroup
	for i, r := range runs {
		wg.Go(func() { errs[i] = Lock(t.Context(), n, at, lockInfo(r), time.Minute, false) })
	}
	wg.Wait()
	won := ""
	for i, err := range errs {
		if err == nil {
			won += runs[i]
		}
	}
	if len(won) != 1 {
		t.Fatalf("%q have the lock", won)
	}
	for i, err := range errs {
		var locked *LockedError
		if err != nil && (!errors.As(err, &locked) || locked.By.Run != won || locked.By.Owner != "me@there" || locked.Left < 50*time.Second || !strings.Contains(err.Error(), "xdc recover "+won)) {
			t.Errorf("%s: %v", runs[i], err)
		}
	}
	for range 2 { // taking it again is renewing it; releasing somebody else's changes nothing
		if err := Lock(t.Context(), n, at, lockInfo(won), time.Minute, true); err != nil {
			t.Errorf("renew: %v", err)
		}
		if err := Unlock(t.Context(), n, at, "somebody"); err != nil {
			t.Errorf("release another's: %v", err)
		}
	}
	if l, err := LookAt(t.Context(), n); err != nil || l.Lock == nil || l.Lock.Run != won {
		t.Errorf("looking says %+v, %v", l, err)
	}
	for range 2 {
		if err := Unlock(t.Context(), n, at, won); err != nil {
			t.Errorf("release: %v", err)
		}
	}
	if out := n.Must(t, "sh", "-c", "ls -d /run/xdc* 2>/dev/null || true"); out != "" {
		t.Errorf("left behind: %s", out)
	}
}

func TestALockThatIsNotRenewedIsTakenOver(t *testing.T) {
	n := providertest.NewNode(t, "edge")
	if err := Lock(t.Context(), n, at, lockInfo("dead"), 300*time.Millisecond, false); err != nil {
		t.Fatal(err)
	}
	if err := Lock(t.Context(), n, at, lockInfo("next"), time.Minute, false); err == nil {
		t.Error("it was taken over at once")
	}
	var err error
	for end := time.Now().Add(10 * time.Second); ; <-time.After(50 * time.Millisecond) {
		if err = Lock(t.Context(), n, at, lockInfo("next"), time.Minute, false); err == nil || time.Now().After(end) {
			break
		}
	}
	if err != nil {
		t.Errorf("never taken over: %v", err)
	}
	if err := Lock(t.Context(), n, at, lockInfo("dead"), time.Minute, true); err == nil {
		t.Error("the dead run renews what is not its own any more")
	}
	if log := n.Must(t, "cat", "/run/xdc.log"); !strings.Contains(log, "the lock of run dead had ended; taken over by next") {
		t.Errorf("the log says %q", log)
	}
	// A lock of another boot holds nobody back: the file was copied, or /tmp has outlived a reboot.
	n.Must(t, "sh", "-c", "sed -i '2s/.*/another-boot/' /run/xdc/lock")
	if err := Lock(t.Context(), n, at, lockInfo("third"), time.Minute, false); err != nil {
		t.Errorf("a lock of another boot: %v", err)
	}
	// Nor does one that cannot be read.
	n.Must(t, "sh", "-c", "head -c 5000 /dev/urandom >/run/xdc/lock")
	if err := Lock(t.Context(), n, at, lockInfo("fourth"), time.Minute, false); err != nil {
		t.Errorf("a lock that cannot be read: %v", err)
	}
}

func TestRestoringNeedsOnlyWhatIsInstalled(t *testing.T) {
	n := providertest.NewNode(t, "edge")
	if err := Restore(t.Context(), n, "/run/xdc", "xdc_gone_00000000"); err != nil {
		t.Errorf("what is not there: %v", err)
	}
	for _, bad := range []string{"../etc", "xdc_/..", "", "xdc_\x00"} {
		if err := Restore(t.Context(), n, "/run/xdc", bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	n.Must(t, "sh", "-c", "mkdir -p /run/xdc/xdc_a_1; touch /run/there; echo 'rm /run/there' >/run/xdc/xdc_a_1/undo; mkdir /run/xdc/xdc_b_2")
	l, err := LookAt(t.Context(), n)
	if err != nil || len(l.Remains) != 2 || l.Remains[0].Name != "xdc_a_1" || l.Remains[0].Watched {
		t.Errorf("looking says %+v, %v", l, err)
	}
	if err := Restore(t.Context(), n, "/run/xdc", "xdc_a_1"); err != nil {
		t.Error(err)
	}
	if err := Restore(t.Context(), n, "/run/xdc", "xdc_b_2"); err == nil || !strings.Contains(err.Error(), "nobody knows any more what to undo") {
		t.Errorf("without an undo: %v", err)
	}
	if out := n.Must(t, "sh", "-c", "ls /run/there 2>/dev/null; ls /run/xdc"); strings.TrimSpace(out) != "xdc_b_2" {
		t.Errorf("left: %s", out)
	}
}

func FuzzParseLook(f *testing.F) {
	f.Add("lock {\"run\":\"a\"}\nfault xdc_a_1 500 yes {\"run\":\"a\"}\nlog x\n")
	f.Add("fault \nfault a\nlock\nlog")
	f.Fuzz(func(_ *testing.T, s string) { parseLook("/run/xdc", s) })
}
