package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xdc-project/xdc/providers/providertest"
	"github.com/xdc-project/xdc/providers/standin"
)

// labBench is a lab of a test.
type labBench struct {
	t   testing.TB
	xdc string
	dir string // plans and runs
	lab string
	s   *standin.StandIn
}

// newLab brings up a lab for a plan, with more arguments. Where there can be none, the test is skipped with the reason.
func newLab(t testing.TB, plan string, more ...string) *labBench {
	t.Helper()
	if raced {
		t.Skip("runs without the race detector, in a pass of its own: make labs")
	}
	if os.Geteuid() != 0 {
		providertest.Lack(t, "needs root for network namespaces")
	}
	for _, tool := range []string{"ip", "nsenter", "nft", "flock", "setsid"} {
		if _, err := exec.LookPath(tool); err != nil {
			providertest.Lack(t, "needs %s: run make setup", tool)
		}
	}
	if _, err := os.Stat("/usr/sbin/sshd"); err != nil {
		providertest.Lack(t, "needs OpenSSH's server: run make setup")
	}
	dir := t.TempDir()
	b := &labBench{t: t, xdc: xdcAs(t), dir: dir, lab: filepath.Join(dir, "lab")}
	b.file("lab.xdc.hcl", plan)
	if out, err := b.command(append([]string{"lab", "up", "lab.xdc.hcl", "--dir", b.lab, "--seed", "1"}, more...)...).CombinedOutput(); err != nil {
		t.Fatalf("lab up: %v\n%s", err, out)
	}
	t.Cleanup(func() {
		if out, err := b.command("lab", "down", b.lab).CombinedOutput(); err != nil {
			t.Errorf("lab down: %v\n%s", err, out)
		}
	})
	var err error
	if b.s, err = standin.Load(b.lab); err != nil {
		t.Fatal(err)
	}
	// Machines share all files of this one but /run and /tmp: each gets a /var/tmp of its own, on the same disk.
	disk, err := os.MkdirTemp("/var/tmp", "xdc-lab") //nolint:usetesting // the machines hide this one's /tmp
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(disk) }) // it is empty, or the test has failed
	for target, there := range b.s.Targets {
		for host := range there.Hosts {
			own := filepath.Join(disk, target+"."+host)
			if err := os.Mkdir(own, 0o700); err != nil {
				t.Fatal(err)
			}
			b.must(target+"."+host, "mount", "--bind", own, "/var/tmp")
		}
	}
	return b
}

func (b *labBench) file(name, content string) {
	b.t.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, name), []byte(content), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

func (b *labBench) command(args ...string) *exec.Cmd {
	c := exec.Command(b.xdc, args...)
	c.Dir = b.dir
	c.Env = append(os.Environ(), "NO_COLOR=1", "XDG_STATE_HOME="+b.dir, "HOME="+b.dir, "GOGC=400") // they are short-lived, and many
	return c
}

// xdcs runs xdc with more environment, and returns its exit code (-1: killed) and what it wrote.
func (b *labBench) run(env []string, args ...string) (int, string) {
	b.t.Helper()
	c := b.command(args...)
	c.Env = append(c.Env, env...)
	return b.exit(c)
}

// exit runs a command and returns its exit code and what it wrote.
func (b *labBench) exit(c *exec.Cmd) (int, string) {
	b.t.Helper()
	out, err := c.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		b.t.Fatalf("%v: %v", c.Args, err)
	}
	return c.ProcessState.ExitCode(), string(out)
}

// pid is the number of a machine's first process, "dc1.edge".
func (b *labBench) pid(host string) string {
	target, name, _ := strings.Cut(host, ".")
	return strconv.Itoa(b.s.Targets[target].Hosts[name].Process.PID)
}

// on runs a command in a machine.
func (b *labBench) on(host string, args ...string) *exec.Cmd {
	return exec.Command("nsenter", append([]string{"-t", b.pid(host), "-n", "-m", "-p", "-u", "-i", "--"}, args...)...)
}

// has reports whether there are files in a machine that a pattern names.
func (b *labBench) has(host, pattern string) bool {
	found, _ := filepath.Glob("/proc/" + b.pid(host) + "/root" + pattern) // the pattern is the test's own
	return len(found) > 0
}

func (b *labBench) must(host string, args ...string) string {
	b.t.Helper()
	out, err := b.on(host, args...).CombinedOutput()
	if err != nil {
		b.t.Fatalf("%s: %s: %v\n%s", host, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// outsiderLooks prints everything of a machine that a fault may change: rules, queues, routes, mounts, files, processes. It runs
// thousands of times, so that programs which can answer several questions at once do.
const outsiderLooks = `
echo "== nft"; nft list ruleset 2>&1
for t in iptables ip6tables; do echo "== $t"; $t-save 2>/dev/null | sed '/^#/d; s/\[[0-9]*:[0-9]*\]//'; done
echo "== queues"
{
	echo 'qdisc show'
	for d in /sys/class/net/*; do
		d=${d##*/}
		for what in class filter; do echo "$what show dev $d"; done
		for way in ingress egress; do echo "filter show dev $d $way"; done
	done
} | tc -force -batch - 2>/dev/null
echo "== links and routes"; printf '%s\n' link addr rule 'route show table all' | ip -o -batch - | sed '/^[0-9]*: .*</s/ mtu .*//'
printf '%s\n' rule 'route show table all' | ip -o -6 -batch -
echo "== mounts"; sed 's/^[0-9]* [0-9]* [^ ]* //' /proc/1/mountinfo
echo "== hosts"; cat /etc/hosts /etc/nsswitch.conf /etc/resolv.conf 2>/dev/null
echo "== files"; find /run /tmp /var/tmp /dev/shm ! -name xdc.log ! -name 'xdc-*.log' \( -type f -exec sha256sum {} + -o -printf '%y %m %p %l\n' \) 2>/dev/null | sort
echo "== open"; ls -l /proc/[0-9]*/fd 2>/dev/null | sed -n '/\/memfd/d; s/.* -> \(.* (deleted)\)$/\1/p' | sort
echo "== processes"; ps -eo stat=,args=
`

// looks is what an outsider sees of a machine. The way in, which xdc uses too, is left out: sshd's sessions.
func (b *labBench) looks(host string) string {
	b.t.Helper()
	all := b.must(host, "/bin/sh", "-c", outsiderLooks)
	out, listed, ok := strings.Cut(all, "== processes\n")
	if !ok {
		b.t.Fatalf("%s: it lists no processes:\n%s", host, all)
	}
	var procs []string
	for line := range strings.Lines(listed) {
		f := strings.Fields(line)
		if len(f) < 2 || f[0][0] == 'Z' || strings.HasPrefix(f[1], "sshd:") && !strings.Contains(line, "[listener]") || f[1] == "ps" || strings.Contains(line, "== processes") {
			continue
		}
		// Whoever sleeps may run for a moment; whether it is stopped is what counts.
		state := "S"
		if f[0][0] == 'T' {
			state = "T"
		}
		procs = append(procs, state+" "+strings.Join(f[1:], " "))
	}
	slices.Sort(procs) // a server that was started again has another number
	return out + strings.Join(procs, "\n") + "\n"
}

// untilLooks waits until a machine looks as it did.
func (b *labBench) untilLooks(host, want string, limit time.Duration) (last string, ok bool) {
	b.t.Helper()
	return b.untilIs(host, want, func(looks string) string { return looks }, limit)
}

// untilIs is the same for a part of how it looks.
func (b *labBench) untilIs(host, want string, part func(looks string) string, limit time.Duration) (last string, ok bool) {
	b.t.Helper()
	pause := 50 * time.Millisecond
	for end := time.Now().Add(limit); ; <-time.After(pause) {
		if last = part(b.looks(host)); last == want {
			return last, true
		}
		if time.Now().After(end) {
			return last, false
		}
		pause = min(2*pause, 400*time.Millisecond)
	}
}

// until waits for something, and fails the test when it does not come.
func (b *labBench) until(what string, limit time.Duration, is func() bool) {
	b.t.Helper()
	if !b.comes(limit, is) {
		b.t.Fatalf("%s: not within %s", what, limit)
	}
}

// comes waits for something, and says whether it has come.
func (b *labBench) comes(limit time.Duration, is func() bool) bool {
	ctx, cancel := context.WithTimeout(b.t.Context(), limit)
	defer cancel()
	pause := 20 * time.Millisecond
	for !is() {
		select {
		case <-time.After(pause):
			pause = min(2*pause, 200*time.Millisecond)
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// facts reads the lab's truth.
func (b *labBench) facts() []map[string]any {
	b.t.Helper()
	raw, err := os.ReadFile(filepath.Join(b.lab, "truth.jsonl"))
	if err != nil {
		b.t.Fatal(err)
	}
	var out []map[string]any
	for line := range bytes.Lines(raw) {
		var f map[string]any
		if json.Unmarshal(line, &f) == nil {
			out = append(out, f)
		}
	}
	return out
}
