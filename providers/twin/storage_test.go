package twin

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/twin/control"
)

const snapshotsAt = "/var/lib/orders/snapshots"

// storedPair keeps snapshots in a folder of a name.
func storedPair(truth *record) Config {
	cfg := pairOf(2*time.Second, 3, truth, 1)
	for i := range cfg.Jobs {
		cfg.Jobs[i].Toolkit.SnapshotDirectory = snapshotsAt
	}
	return cfg
}

func names(files []providers.FileInfo) string {
	var out []string
	for _, f := range files {
		out = append(out, f.Name)
	}
	return strings.Join(out, " ")
}

func TestSnapshotsAreFilesOfTheHosts(t *testing.T) {
	in(t, storedPair(&record{}), func(t *testing.T, w *Twin, c *control.Client) {
		time.Sleep(time.Minute)
		v := c.Volumes("10.0.2.10")
		files, err := v.Files(t.Context(), snapshotsAt, ".snapshot")
		if err != nil || names(files) != "dc1-0.snapshot" {
			t.Fatalf("got %v, %v", files, err)
		}
		if age := time.Since(files[0].Modified); age < 0 || age > 15*time.Second {
			t.Errorf("written %s ago", age)
		}
		body, err := v.Read(t.Context(), snapshotsAt+"/dc1-0.snapshot", 1<<20)
		if m, bad := decodeMessage(body); err != nil || bad != nil || m.kind != messageSnapshot || m.origin != "dc1" || int64(len(body)) != files[0].Size {
			t.Errorf("it holds %+v, %v, %v", m, bad, err)
		}
		if _, err := v.Read(t.Context(), snapshotsAt+"/none", 10); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a file that is not there: %v", err)
		}
		j := w.dc("dc1").snapshotJobs()[0]
		j.kill("failure")
		w.dc("dc1").drop(j)
		time.Sleep(15 * time.Second)
		if files, err := v.Files(t.Context(), snapshotsAt, ".snapshot"); err != nil || len(files) > 0 {
			t.Errorf("after the takeover there is %v, %v", files, err)
		}
		if files, err := c.Volumes("10.0.1.10").Files(t.Context(), "/", ""); err != nil || files == nil {
			t.Errorf("a folder without files: %v, %v", files, err)
		}
	})
}

func TestAFullFileSystemTakesWhatFitsIntoItsOwnBlocks(t *testing.T) {
	d := newDisk([]string{snapshotsAt}, nil, false)
	now := time.Now()
	write := func(name string, n int) error {
		return d.write("h", snapshotsAt+"/"+name, bytes.Repeat([]byte("x"), n), now)
	}
	if err := write("a", 5000); err != nil {
		t.Fatal(err)
	}
	_, free := d.room("h", snapshotsAt)
	if want := int64(sharedSize - 2*blockSize); free != want {
		t.Fatalf("%d bytes are free, want %d", free, want)
	}
	if err := d.apply(providers.VolumeRule{Name: "full", Host: "other", Folder: "/var/lib/orders", Take: free}); err != nil {
		t.Fatal(err) // the hosts share it
	}
	if err := write("a", 8192); err != nil {
		t.Errorf("what fits into the file's own blocks: %v", err)
	}
	if err := write("b", 1); !errors.Is(err, errNoSpace) {
		t.Errorf("a new file: %v", err)
	}
	if err := write("a", 8193); !errors.Is(err, errNoSpace) {
		t.Errorf("a file that grows: %v", err)
	}
	if _, err := d.read("h", snapshotsAt+"/a", 0); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the older copy is still there: %v", err)
	}
	if err := d.write("h", "/var/tmp/x", []byte("x"), now); err != nil {
		t.Errorf("another file system is full too: %v", err)
	}
	if !d.lift("other", "full") || d.lift("other", "full") {
		t.Error("the rule was not lifted once")
	}
	if err := write("a", 1<<20); err != nil {
		t.Error(err)
	}
	for _, r := range []providers.VolumeRule{
		{Name: "x", Folder: "/a"},
		{Name: "x", Folder: "/a", Take: 1, Gone: true},
		{Name: "x", Folder: "a", Gone: true},
		{Folder: "/a", Gone: true},
		{Name: "x", Folder: "/a", Take: -1},
		{Name: "x", Folder: "/a", Take: ownSize + 1},
	} {
		if d.apply(r) == nil {
			t.Errorf("%+v was taken", r)
		}
	}
}

func TestACoveredFolderComesBackAsItWas(t *testing.T) {
	var truth record
	in(t, storedPair(&truth), func(t *testing.T, _ *Twin, c *control.Client) {
		time.Sleep(time.Minute)
		v := c.Volumes("10.0.2.10")
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(v.Apply(t.Context(), providers.VolumeRule{Name: "gone", Folder: "/var/lib/orders", Gone: true}))
		time.Sleep(30 * time.Second)
		if files, err := v.Files(t.Context(), snapshotsAt, ".snapshot"); err != nil || len(files) > 0 {
			t.Errorf("there is %v, %v", files, err)
		}
		if len(facts(t, &truth, "snapshot_not_stored", "dc2")) == 0 || len(facts(t, &truth, "remote_down", "")) > 0 {
			t.Errorf("the truth:\n%s", &truth)
		}
		must(v.Remove(t.Context(), "gone"))
		files, err := v.Files(t.Context(), snapshotsAt, ".snapshot")
		if err != nil || names(files) != "dc1-0.snapshot" || time.Since(files[0].Modified) < 30*time.Second {
			t.Errorf("afterwards there is %v, %v", files, err)
		}
	})
}

func TestRowsAreDroppedWhileTheDatabaseIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		db := newDatabase()
		insert := func() error { return db.insert(ctx, "t", "dc1-0", []byte("x")) }
		if err := insert(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(7 * time.Second)
		p, _ := db.process()
		p.signal("TERM")
		if err := insert(); err == nil {
			t.Error("a database that is down takes a row")
		}
		if got := db.ids(ctx, "t"); got != nil {
			t.Errorf("it is read: %v", got)
		}
		if !db.start() || db.start() {
			t.Error("it was not started once")
		}
		time.Sleep(2 * time.Second)
		if insert() == nil {
			t.Error("the toolkit is connected before it has looked again")
		}
		time.Sleep(time.Second) // ten seconds after the begin: it looks every five
		if got := db.ids(ctx, "t"); len(got) != 1 {
			t.Errorf("the rows of before: %v", got)
		}
		if err := insert(); err != nil {
			t.Errorf("connected again: %v", err)
		}
		p, _ = db.process()
		p.signal("STOP")
		done := make(chan error, 1)
		go func() { done <- insert() }()
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(done) > 0 {
			t.Error("a database that is stopped answers")
		}
		p.signal("CONT")
		if err := <-done; err != nil {
			t.Error(err)
		}
		if body, ok := db.take(ctx, "t", "dc1-0"); !ok || string(body) != "x" {
			t.Errorf("taken: %q, %v", body, ok)
		}
		if _, ok := db.take(ctx, "t", "dc1-0"); ok {
			t.Error("a row was taken twice")
		}
	})
}

func TestTheControlEndpointStopsADatabase(t *testing.T) {
	var truth record
	cfg := pairOf(2*time.Second, 3, &truth, 1)
	cfg.Targets[1].Snapshots = "row"
	in(t, cfg, func(t *testing.T, _ *Twin, c *control.Client) {
		if err := c.Database(t.Context(), "dc1", true); err == nil {
			t.Error("a target without a database has had it stopped")
		}
		time.Sleep(time.Minute)
		before := len(facts(t, &truth, "snapshot_stored", "dc2"))
		for _, stopped := range []bool{true, true, false, false} {
			if err := c.Database(t.Context(), "dc2", stopped); err != nil {
				t.Fatal(err)
			}
			time.Sleep(30 * time.Second)
		}
		if n := len(facts(t, &truth, "snapshot_not_stored", "dc2")); n < 3 {
			t.Errorf("%d snapshots were not stored", n)
		}
		if after := len(facts(t, &truth, "snapshot_stored", "dc2")); before == 0 || after <= before {
			t.Errorf("%d snapshots were stored before, %d in all", before, after)
		}
		if n, m := len(facts(t, &truth, "database_down", "dc2")), len(facts(t, &truth, "database_up", "dc2")); n != 1 || m != 1 {
			t.Errorf("down %d times, up %d times", n, m)
		}
	})
}

// What the other side says its name is must not lead out of the folder, and what is stored is what was received.
func TestFilesOnADiskStayInTheirFolder(t *testing.T) {
	root := t.TempDir()
	cfg := storedPair(nil)
	cfg.Root = func(target, _ string) string { return filepath.Join(root, target) }
	s := newStorage(cfg, 1)
	at := place{"10.0.2.10", snapshotsAt}
	ctx := context.WithoutCancel(t.Context())
	for _, bad := range []string{"../x-0", "a/b-0", "..", "/etc/passwd", strings.Repeat("x", 300), "a\x00b"} {
		if err := s.put(ctx, at, bad, []byte("x")); err == nil && bad != ".." {
			t.Errorf("%q was stored", bad)
		}
	}
	body := message{kind: messageSnapshot, origin: "dc1", blob: []byte("state"), blobOrigin: "0"}.encode()
	if err := s.put(ctx, at, "dc1-0", body); err != nil {
		t.Fatal(err)
	}
	there, err := os.ReadFile(filepath.Join(root, "dc2", snapshotsAt, "dc1-0.snapshot"))
	if err != nil || !bytes.Equal(there, body) {
		t.Errorf("the file holds %q, %v", there, err)
	}
	outside := 0
	_ = filepath.WalkDir(root, func(p string, d fs.DirEntry, _ error) error {
		if !d.IsDir() && !strings.HasPrefix(p, filepath.Join(root, "dc2", snapshotsAt)+"/") {
			outside++
		}
		return nil
	})
	if outside > 0 {
		t.Errorf("%d files lie outside of the folder", outside)
	}
	if err := s.disk.apply(providers.VolumeRule{Name: "full", Host: at.host, Folder: snapshotsAt, Take: sharedSize - blockSize*2}); err != nil {
		t.Fatal(err)
	}
	if err := s.put(ctx, at, "dc1-0", make([]byte, 3*blockSize)); !errors.Is(err, errNoSpace) {
		t.Errorf("written to a full disk: %v", err)
	}
	if got := s.take(ctx, at, []string{"dc1-0"}); len(got) > 0 {
		t.Error("what could not be written is still there")
	}
}

// A damaged file takes down the PE that reads it, and stays; an empty one is skipped.
func TestADamagedSnapshotTakesItsPEDown(t *testing.T) {
	for name, tc := range map[string]struct {
		damage func(body []byte) []byte
		fails  bool
	}{
		"whole":   {func(b []byte) []byte { return b }, false},
		"cut off": {func(b []byte) []byte { return b[:len(b)/2] }, true},
		"other":   {func([]byte) []byte { return []byte("no message at all, but longer than the head of one") }, true},
		"empty":   {func([]byte) []byte { return nil }, false},
	} {
		var truth record
		cfg := storedPair(&truth)
		cfg.Jobs[1].Tracing = "info"
		in(t, cfg, func(t *testing.T, w *Twin, c *control.Client) {
			time.Sleep(time.Minute)
			d, file := w.dc("dc2"), snapshotsAt+"/dc1-0.snapshot"
			body, err := d.storage.disk.read("10.0.2.10", file, 0)
			if err != nil {
				t.Fatal(err)
			}
			other := w.dc("dc1").snapshotJobs()[0]
			other.kill("failure")
			w.dc("dc1").drop(other)
			time.Sleep(time.Second)
			if err := d.storage.disk.write("10.0.2.10", file, tc.damage(body), time.Now()); err != nil {
				t.Fatal(err)
			}
			for range 150 { // until it is down, and no further
				if len(facts(t, &truth, "takeover_started", "dc2")) > 0 {
					break
				}
				time.Sleep(100 * time.Millisecond)
			}
			time.Sleep(100 * time.Millisecond)
			_, err = d.storage.disk.read("10.0.2.10", file, 0)
			if there := err == nil; there != tc.fails {
				t.Errorf("%s: the file is there: %v", name, there)
			}
			j := d.snapshotJobs()[0]
			down := len(facts(t, &truth, "pe_down", "dc2")) > 0
			if down != tc.fails || j.working(len(j.pes)-1) == tc.fails {
				t.Errorf("%s: the toolkit's PE is down: %v\n%s", name, down, &truth)
			}
			if done := len(facts(t, &truth, "takeover_done", "dc2")) > 0; done == tc.fails {
				t.Errorf("%s: the takeover is done: %v", name, done)
			}
			skipped := strings.Contains(j.traceText(len(j.pes)-1), "Skipping the zero length binary data snapshot file: "+file)
			if skipped != (name == "empty") {
				t.Errorf("%s: skipped: %v", name, skipped)
			}
			time.Sleep(10 * time.Second)
			if !j.working(len(j.pes) - 1) {
				t.Errorf("%s: the platform has not started the PE again", name)
			}
		})
	}
}
