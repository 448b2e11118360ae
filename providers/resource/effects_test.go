//go:build linux

package resource

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/providertest"
)

const loops = "pgrep -f '/run/xdc/.*/[l]oop$'"

// ticks is the processor time that the loops have used, in hundredths of a second.
const ticks = "for p in $(" + loops + "); do cat /proc/$p/stat; done | sed 's/.*) //' | awk '{ n += $12 + $13 } END { print n + 0 }'"

func TestProcessorTimeIsUsed(t *testing.T) {
	t.Parallel()
	n := node(t)
	f := begin(t, n, "resource_cpu", `{"hosts":["dc1.edge"],"cores":0.5}`)
	start, before := time.Now(), number(t, n, ticks)
	<-time.After(1500 * time.Millisecond)
	used, took := float64(number(t, n, ticks)-before)/100, time.Since(start).Seconds()
	if used > 0.8*took || used < 0.02*took { // others may need the processors at the same time
		t.Errorf("half a core used %.2f s in %.2f s", used, took)
	}
	if adj := number(t, n, "cat /proc/$("+loops+" | head -n 1)/oom_score_adj"); adj != 1000 {
		t.Errorf("the kernel's order of ending is %d", adj)
	}
	// A stage replaces the load: every processor now, and half a one.
	all := number(t, n, "nproc")
	load := (float64(all) - 0.5) / float64(all)
	if err := f.Deed.(providers.Stager).Restage(t.Context(), f.h, json.RawMessage(fmt.Sprintf(`{"hosts":["dc1.edge"],"load":%g}`, load))); err != nil {
		t.Fatal(err)
	}
	if got := number(t, n, loops+" | wc -l"); got != all {
		t.Errorf("%d loops for %d processors", got, all)
	}
	f.end(t)
}

func TestWhoLosesALoopIsNotInForce(t *testing.T) {
	t.Parallel()
	n := node(t)
	f := begin(t, n, "resource_cpu", `{"hosts":["dc1.edge"],"cores":0.1}`)
	n.Must(t, "sh", "-c", "kill -STOP $("+loops+")")
	f.until(t, false)
	n.Must(t, "sh", "-c", "kill -CONT $("+loops+")")
	f.until(t, true)
	n.Must(t, "sh", "-c", "kill -KILL $("+loops+")")
	if said := f.until(t, false); !strings.Contains(said, "0 of 1 processes run") {
		t.Errorf("got %q", said)
	}
	f.end(t)
}

func TestMemoryIsHeld(t *testing.T) {
	t.Parallel()
	for _, sh := range []string{"dash", "busybox sh"} {
		t.Run(sh, func(t *testing.T) {
			n := node(t)
			n.Shell = strings.Fields(sh)
			const size = 128 << 20
			f := begin(t, n, "resource_memory", fmt.Sprintf(`{"hosts":["dc1.edge"],"size":%d}`, size))
			held := number(t, n, "for p in $(pgrep -x tail); do cat /proc/$p/status; done | awk '/^RssAnon/ { n += $2 } END { print n + 0 }'") << 10
			if held < size || held > size*11/10 {
				t.Errorf("%d bytes are held instead of %d", held, size)
			}
			if adj := number(t, n, "cat /proc/$(pgrep -x tail)/oom_score_adj"); adj != 1000 {
				t.Errorf("the kernel's order of ending is %d", adj)
			}
			n.Must(t, "sh", "-c", "kill -KILL $(pgrep -x tail)") // as the kernel does it
			if said := f.until(t, false); !strings.Contains(said, " of 128MiB are held") {
				t.Errorf("got %q", said)
			}
			f.end(t)
		})
	}
}

func TestTheFileSystemIsFilledAndFreedAgain(t *testing.T) {
	t.Parallel()
	n := node(t)
	const percent = "df -P -k /tmp/disk | awk 'NR == 2 { print int($3 * 100 / ($3 + $4)) }'"
	f := begin(t, n, "resource_disk", `{"hosts":["dc1.edge"],"path":"/tmp/disk","level":0.9,"reserve":1048576}`)
	if got := number(t, n, percent); got < 89 || got > 90 {
		t.Errorf("%d%% are in use instead of 90%%", got)
	}
	if got := n.Must(t, "ls", "-A", "/tmp/disk"); got != "theirs\n" {
		t.Errorf("a file has a name: %s", got)
	}
	f.end(t)
	if got := number(t, n, percent); got > 13 {
		t.Errorf("%d%% are in use after the heal", got)
	}
	f = begin(t, n, "resource_disk", `{"hosts":["dc1.edge"],"path":"/tmp/disk","level":1,"reserve":0}`)
	if out, err := n.Command(t.Context(), "sh", "-c", "head -c 65536 /dev/zero >/tmp/disk/more").CombinedOutput(); err == nil {
		t.Errorf("there is room on a full file system: %s", out)
	}
	n.Must(t, "rm", "-f", "/tmp/disk/more")
	n.Must(t, "sh", "-c", "kill -KILL $("+loops+")") // whoever holds it dies
	f.until(t, false)
	for end := time.Now().Add(10 * time.Second); number(t, n, percent) > 13; <-time.After(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the space is not free although the process that held it is gone")
		}
	}
	f.end(t)
}

func TestACoveredFolderIsEmptyAndTakesNothing(t *testing.T) {
	t.Parallel()
	n := node(t)
	f := begin(t, n, "resource_unmount", `{"hosts":["dc1.edge"],"path":"/tmp/disk"}`)
	if got := n.Must(t, "ls", "-A", "/tmp/disk"); got != "" {
		t.Errorf("there is %q under the cover", got)
	}
	if out, err := n.Command(t.Context(), "sh", "-c", "echo x >/tmp/disk/x").CombinedOutput(); err == nil || !strings.Contains(string(out), "ead-only") {
		t.Errorf("something can be written: %s", out)
	}
	// What somebody else mounts over it is not taken away.
	n.Must(t, "mount", "-t", "tmpfs", "theirs", "/tmp/disk")
	if err := f.Heal(t.Context(), f.h); err == nil || !strings.Contains(err.Error(), "mounted over the cover") {
		t.Errorf("got %v", err)
	}
	n.Must(t, "umount", "/tmp/disk")
	f.end(t)
	if got := n.Must(t, "ls", "-A", "/tmp/disk"); got != "theirs\n" {
		t.Errorf("after the heal there is %q", got)
	}
}

func TestWritersWriteWithinTheirRateAndLeaveNothing(t *testing.T) {
	t.Parallel()
	n := node(t)
	f := begin(t, n, "resource_io", `{"hosts":["dc1.edge"],"path":"/var/tmp","writers":2,"block":65536,"size":2097152,"rate":2097152}`)
	start := time.Now()
	written := func() int {
		return number(t, n, "cat /run/xdc/xdc_*/wrote.* | awk '{ n += $1 } END { print n + 0 }'")
	}
	before := written()
	<-time.After(time.Second)
	kib, took := float64(written()-before), time.Since(start).Seconds()
	if kib < 64 || kib > 2048*took+2*1024 {
		t.Errorf("%.0f KiB were written in %.1f s", kib, took)
	}
	if size := number(t, n, "for p in $(cat /run/xdc/xdc_*/pids); do stat -L -c %s /proc/$p/fd/8; done | awk '{ n += $1 } END { print n + 0 }'"); size > 2097152 {
		t.Errorf("the files have grown to %d bytes", size)
	}
	f.end(t)
	if got := n.Must(t, "sh", "-c", "ls -A /var/tmp | grep '^[.]xdc_abcdefgh' || true"); got != "" {
		t.Errorf("left: %s", got)
	}
}

func TestEverythingWorksWithBusyboxAlone(t *testing.T) {
	t.Parallel()
	box, err := exec.LookPath("busybox")
	if err != nil {
		providertest.Lack(t, "needs busybox: run make setup")
	}
	n := node(t)
	n.Must(t, "sh", "-c", "mkdir /tmp/bb && busybox --install -s /tmp/bb && ln -sf \"$(command -v flock)\" /tmp/bb/flock && mount --bind "+box+" \"$(readlink -f /bin/sh)\"")
	n.Shell = []string{"env", "PATH=/tmp/bb", "/tmp/bb/sh"}
	for _, tc := range [][2]string{
		{"resource_cpu", `{"hosts":["dc1.edge"],"cores":0.1}`},
		{"resource_memory", `{"hosts":["dc1.edge"],"size":33554432}`},
		{"resource_io", `{"hosts":["dc1.edge"],"path":"/var/tmp","writers":2,"block":65536,"size":1048576,"rate":1048576}`},
		{"resource_disk", `{"hosts":["dc1.edge"],"path":"/tmp/disk","level":0.75,"reserve":4194304}`},
		{"resource_unmount", `{"hosts":["dc1.edge"],"path":"/tmp/disk"}`},
	} {
		f := begin(t, n, tc[0], tc[1])
		t.Log(f.until(t, true))
		f.end(t)
	}
}

func TestWhatAHostCannotBearIsRefused(t *testing.T) {
	t.Parallel()
	n := node(t)

	for _, tc := range []struct{ typ, more, want string }{
		{"resource_cpu", `"cores":4000`, "more than the"},
		{"resource_cpu", `"cores":1,"load":0.5`, "exclude each other"},
		{"resource_cpu", `"load":1.5`, "out of bounds"},
		{"resource_memory", `"level":1`, "would leave less than the reserve of"},
		{"resource_memory", `"size":1152921504606846975`, "out of bounds"},
		{"resource_memory", `"size":1099511627776000`, "take less, or lower reserve"},
		{"resource_memory", `"level":0.0001`, "are in use already"},
		{"resource_memory", `"size":1048576,"reserve":1`, "The reserve is too small"},
		{"resource_memory", `"reserve":67108864`, "It is not said how much"},
		{"resource_disk", `"path":"/tmp/disk","level":0.9`, "reserve of 64MiB"},
		{"resource_disk", `"path":"/tmp/disk","level":0.05`, "12% of the file system are in use already"},
		{"resource_disk", `"path":"/tmp/none","level":0.5`, "path is no folder"},
		{"resource_disk", `"path":"/tmp/disk/theirs","level":0.5`, "path is no folder"},
		{"resource_disk", `"path":"disk","level":0.5`, "Write an absolute path"},
		{"resource_disk", `"path":"/tmp/disk","level":0.5,"size":1048576`, "exclude each other"},
		{"resource_disk", `"path":"/var","size":1048576,"reserve":0`, "its reserve must be at least 16MiB"},
		{"resource_disk", `"path":"/run","size":1048576,"reserve":0`, "its reserve must be at least 16MiB"},
		{"resource_unmount", `"path":"/tmp/none"`, "path is no folder"},
		{"resource_unmount", `"path":"disk"`, "Write an absolute path"},
		{"resource_unmount", `"path":"/var/lib/.."`, "path holds the system itself"},
		{"resource_unmount", `"path":"/run/"`, "path holds the system itself"},
		{"resource_unmount", `"path":"/proc/self/fd"`, "path holds the system itself"},
		{"resource_unmount", `"path":"/etc/ssh"`, "resource_unmount at dc1.edge: "},
		{"resource_io", `"path":"/tmp/disk"`, "there is no disk to write to"},
		{"resource_io", `"path":"/proc"`, "resource_io at dc1.edge: "},
		{"resource_io", `"path":"/var/tmp","block":100`, "The block is out of bounds"},
		{"resource_io", `"path":"/var/tmp","writers":65`, "from 1 to 64"},
		{"resource_io", `"path":"/var/tmp","block":1048576,"size":1048576`, "need at least 4MiB"},
		{"resource_io", `"path":"/var/tmp","size":1152921504606846000`, "take less, or lower reserve"},
	} {
		refused(t, n, tc.typ, `{"hosts":["dc1.edge"],`+tc.more+`}`, tc.want)
	}
	refused(t, n, "resource_cpu", `{}`, "no hosts")
}

var hostile = []string{
	"$(touch /tmp/owned)", "`touch /tmp/owned`", "'; touch /tmp/owned; '", "\"; touch /tmp/owned; \"", "-rf", "--help", "a\nb", "*", "\\", "|touch /tmp/owned",
	"$DIR", "\t \x01\x1b[31m", "\xff\xfe", " 1 2 3 4% /x",
}

func TestHostilePathsRunNothing(t *testing.T) {
	t.Parallel()
	n := node(t)
	for _, s := range append(hostile, "", "a\x00b", strings.Repeat("x", 64<<10), "/a\x00b", "/"+strings.Repeat("x/", 32<<10)) {
		for _, typ := range []string{"resource_disk", "resource_io", "resource_unmount"} {
			raw, err := json.Marshal(map[string]any{"hosts": []string{"dc1.edge"}, "path": s, "size": 8 << 20})
			if err != nil {
				t.Fatal(err)
			}
			if typ == "resource_io" && s == "" {
				continue // the default
			}
			refused(t, n, typ, string(raw), "")
		}
	}
	// Folders that are really called so are filled like all others.
	for _, s := range hostile {
		if !utf8.ValidString(s) {
			continue // such a name cannot come out of a plan
		}
		dir := "/tmp/disk/" + s
		n.Must(t, "mkdir", "-p", "--", dir)
		raw, err := json.Marshal(map[string]any{"hosts": []string{"dc1.edge"}, "path": dir, "size": 8 << 20, "reserve": 0})
		if err != nil {
			t.Fatal(err)
		}
		for _, typ := range []string{"resource_disk", "resource_unmount"} {
			f := begin(t, n, typ, string(raw))
			f.end(t)
		}
		if got := n.Must(t, "ls", "-A", "--", dir); got != "" && !strings.Contains(s, "touch") {
			t.Errorf("%q: left %s", s, got)
		}
	}
	if out, err := n.Command(t.Context(), "test", "-e", "/tmp/owned").CombinedOutput(); err == nil {
		t.Errorf("something has run %s", out)
	}
}

func TestTheDryRunSaysItInWords(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ typ, more, want string }{
		{"resource_cpu", ``, "keeps 100% of the processors busy, at dc1.edge"},
		{"resource_cpu", `,"cores":1.5`, "keeps 1.5 cores busy, at dc1.edge"},
		{"resource_memory", `,"level":0.9`, "takes memory until 90% of it is in use (5% and at least 256MiB stay available), at dc1.edge"},
		{"resource_memory", `,"size":536870912,"reserve":1073741824`, "takes 512MiB of memory (at least 1GiB stay available), at dc1.edge"},
		{"resource_io", `,"rate":20971520`, "4 writers rewrite 256MiB on the disk of /var/tmp in blocks of 1MiB, with fsync, at most 20MiB a second (1% and at least 64MiB stay free), at dc1.edge"},
		{"resource_disk", `,"path":"/a","level":1,"reserve":0`, "fills the file system of /a until 100% of it is in use (nothing need stay free), at dc1.edge"},
		{"resource_io", `,"rate":20000000,"reserve":2000000`, "4 writers rewrite 256MiB on the disk of /var/tmp in blocks of 1MiB, with fsync, at most 20MB a second (at least 2MB stay free), at dc1.edge"},
		{"resource_unmount", `,"path":"/a b"`, "covers '/a b' with an empty file system that takes nothing, at dc1.edge"},
		{"resource_disk", `,"path":"/a b","level":0.955`, "fills the file system of '/a b' until 95.5% of it is in use (1% and at least 64MiB stay free), at dc1.edge"},
	} {
		d, ds := faultOf(t, tc.typ).Describe(providers.Scope{Targets: targets()}, json.RawMessage(`{"hosts":["dc1.edge"]`+tc.more+`}`))
		if ds.HasErrors() || d.Summary != tc.want {
			t.Errorf("got %s %v, want %s", strconv.Quote(d.Summary), ds.Err(), tc.want)
		}
	}
}
