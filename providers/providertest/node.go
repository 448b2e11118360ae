//go:build linux

package providertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/shell"
)

// Node is a machine made of namespaces: its own network, processes, mounts and name, with its own /run and /tmp. It is a
// providers.Machine without SSH in between. Everything in it ends with the test.
type Node struct {
	Name string
	pid  int
	// Shell is the shell that runs scripts; default /bin/sh. ["busybox", "sh"] tries another.
	Shell []string
	// Before is called with the name of each script before it runs; it may end the run. May be nil.
	Before func(name string) error
}

// NewNode makes a node. Without Linux, root or the tools, the test is skipped with the reason.
func NewNode(t testing.TB, name string) *Node {
	t.Helper()
	if os.Geteuid() != 0 {
		Lack(t, "needs root for network namespaces")
	}
	for _, tool := range []string{"unshare", "nsenter", "ip", "flock", "setsid"} {
		if _, err := exec.LookPath(tool); err != nil {
			Lack(t, "needs %s: run make setup", tool)
		}
	}
	script := "mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /tmp && hostname \"$1\" && ip link set lo up && echo ready; trap : TERM HUP; while :; do sleep 2147483647 & wait; done" // it reaps
	cmd := exec.Command("unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--mount", "--uts", "--ipc", "/bin/sh", "-c", script, "sh", name)                         //nolint:gosec,noctx // a test names it
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 6)
	if n, _ := out.Read(line); string(line[:n]) != "ready\n" {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		Lack(t, "this machine makes no namespaces: %s", errs.String())
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // its child, process 1 of the node, goes with it
		_ = cmd.Wait()
	})
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", cmd.Process.Pid, cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	return &Node{Name: name, pid: pid}
}

// PID is the node's process 1 as this machine sees it.
func (n *Node) PID() int { return n.pid }

// Command is a command inside the node.
func (n *Node) Command(ctx context.Context, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, "nsenter", append([]string{"-t", strconv.Itoa(n.pid), "-n", "-m", "-p", "-u", "-i", "--"}, args...)...) //nolint:gosec // a test names it
}

// Has is whether a file is there, in the node.
func (n *Node) Has(file string) bool {
	return n.Command(context.Background(), "test", "-e", file).Run() == nil
}

// Seal makes everything of the machine that the node shares with it read-only, as the node sees it: tests whose commands
// might do anything cannot do it to the machine. The node's own /run and /tmp, and what was mounted before, stay as they are.
func (n *Node) Seal(t testing.TB) {
	t.Helper()
	n.Must(t, "mount", "-o", "remount,bind,ro", "/")
	if out, err := n.Command(t.Context(), "touch", "/xdc-sealed").CombinedOutput(); err == nil {
		t.Fatalf("the machine's own files can still be written: %s", out)
	}
	for shared := range strings.FieldsSeq(n.Must(t, "sh", "-c", `awk '$5 != "/" { print $5, $6 }' /proc/self/mountinfo | grep ' rw' | cut -d' ' -f1`)) {
		if shared != "/run" && shared != "/tmp" && shared != "/proc" && !strings.HasPrefix(shared, "/run/") && !strings.HasPrefix(shared, "/tmp/") && shared != "/var/tmp" {
			_ = n.Command(t.Context(), "mount", "-o", "remount,bind,ro", shared).Run() // some, such as cgroups, refuse
		}
	}
}

// Must runs a command inside the node and returns its output; a failure ends the test.
func (n *Node) Must(t testing.TB, args ...string) string {
	t.Helper()
	b, err := n.Command(t.Context(), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %s: %v\n%s", n.Name, strings.Join(args, " "), err, b)
	}
	return string(b)
}

// Join connects nodes by a virtual cable: a gets addrA (such as "10.0.1.1/24"), b addrB, on interfaces called devA and
// devB.
func Join(t testing.TB, a *Node, devA, addrA string, b *Node, devB, addrB string) {
	t.Helper()
	mk := exec.Command("ip", "link", "add", devA, "netns", strconv.Itoa(a.pid), "type", "veth", "peer", "name", devB, "netns", strconv.Itoa(b.pid)) //nolint:gosec,noctx // a test names it
	if out, err := mk.CombinedOutput(); err != nil {
		Lack(t, "this machine makes no virtual cables: %v %s", err, out)
	}
	for _, e := range []struct {
		n         *Node
		dev, addr string
	}{{a, devA, addrA}, {b, devB, addrB}} {
		add := []string{"ip", "addr", "add", e.addr, "dev", e.dev}
		if strings.Contains(e.addr, ":") {
			add = append(add, "nodad")
		}
		e.n.Must(t, add...)
		e.n.Must(t, "ip", "link", "set", e.dev, "up")
	}
}

// Run implements providers.Machine.
func (n *Node) Run(ctx context.Context, s shell.Script) (shell.Output, error) {
	if n.Before != nil {
		if err := n.Before(s.Name); err != nil {
			return shell.Output{}, err
		}
	}
	in, err := s.Wrap("n")
	if err != nil {
		return shell.Output{}, err
	}
	sh := n.Shell
	if len(sh) == 0 {
		sh = []string{"/bin/sh"}
	}
	cmd := n.Command(ctx, append(append([]string(nil), sh...), "-s")...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(in), &out, &errs
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return shell.Output{}, err
	}
	return shell.Unwrap(out.Bytes(), errs.Bytes(), "n")
}

// Facts implements providers.Machine.
func (n *Node) Facts(context.Context) (providers.Facts, error) {
	f := providers.Facts{System: "Linux", User: "root", Root: true, Tools: map[string]string{}, Boot: "boot", Dir: "/run/xdc"}
	for _, tool := range []string{"nft", "iptables", "ip6tables", "ip", "tc", "stress-ng", "flock", "setsid", "getent", "mount", "umount", "dd", "ping"} {
		if p, err := exec.LookPath(tool); err == nil {
			f.Tools[tool] = p
		}
	}
	for _, q := range []string{"htb", "tbf", "netem", "prio"} {
		probe := exec.Command("unshare", "-n", "sh", "-c", "ip link set lo up; tc qdisc add dev lo root handle 1: "+q) //nolint:gosec,noctx // a test names it
		if q == "netem" {
			probe = exec.Command("unshare", "-n", "sh", "-c", "ip link set lo up; tc qdisc add dev lo root netem delay 1ms") //nolint:noctx // it ends at once
		}
		if q == "tbf" {
			probe = exec.Command("unshare", "-n", "sh", "-c", "ip link set lo up; tc qdisc add dev lo root tbf rate 1mbit burst 16k latency 1s") //nolint:noctx // it ends at once
		}
		if probe.Run() == nil {
			f.Qdiscs = append(f.Qdiscs, q)
		}
	}
	return f, nil
}
