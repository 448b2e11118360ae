package lab

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/xdc-project/xdc/providers/standin"
)

// self is this program, also where its file is out of sight.
const self = "/proc/self/exe"

// node is a machine of the lab: namespaces of its own, held by a process that is its process 1.
type node struct {
	name string
	addr netip.Addr // none: the router
	proc standin.Process

	cmd  *exec.Cmd
	file *os.File
	in   *bufio.Reader
	gate *gate
	// rooms are the folders that were copied so that others could be made in them.
	rooms []string

	mu  sync.Mutex
	ids int
}

// newNode makes a machine. log gets what its processes write on standard error.
func newNode(name string, addr netip.Addr, log *os.File) (*node, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	mine, theirs := os.NewFile(uintptr(fds[0]), "node"), os.NewFile(uintptr(fds[1]), "lab")
	defer theirs.Close()
	cmd := exec.Command(self) //nolint:noctx // it ends with the connection to it
	cmd.Args = []string{"xdc-lab-node", name}
	cmd.Env = []string{roleVar + "=" + nodeIs, "PATH=" + path}
	cmd.Stderr, cmd.ExtraFiles = log, []*os.File{theirs}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Setsid:     true,
		Cloneflags: unix.CLONE_NEWNET | unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC,
	}
	if err := cmd.Start(); err != nil {
		_ = mine.Close()
		return nil, fmt.Errorf("make the machine %s: %w (labs need root, and a kernel that allows namespaces)", name, err)
	}
	n := &node{name: name, addr: addr, cmd: cmd, file: mine, in: bufio.NewReader(mine)}
	if _, err := n.answer(); err != nil {
		n.close()
		return nil, fmt.Errorf("make the machine %s: it did not come up; the lab's log says why: %w", name, err)
	}
	started, err := standin.Started(cmd.Process.Pid)
	if err != nil {
		n.close()
		return nil, err
	}
	n.proc = standin.Process{PID: cmd.Process.Pid, Started: started}
	return n, nil
}

// path is where the machines look for programs.
const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// close ends the machine and everything in it.
func (n *node) close() {
	_ = n.file.Close()
	_ = n.cmd.Process.Kill()
	_ = n.cmd.Wait()
	if n.gate != nil {
		n.gate.close()
	}
}

func (n *node) answer() (answer, error) {
	var a answer
	line, err := n.in.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &a)
	}
	return a, err
}

// start starts a program in the machine.
func (n *node) start(o order) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := json.NewEncoder(n.file).Encode(o); err != nil {
		return fmt.Errorf("the machine %s is gone: %w", n.name, err)
	}
	a, err := n.answer()
	if err == nil && a.Error != "" {
		err = errors.New(a.Error)
	}
	return err
}

// startProc starts a process behind a PE and waits until it says that it runs.
func (n *node) startProc(ctx context.Context, argv []string) (*proc, error) {
	return n.startAs(ctx, peIs, argv, nil)
}

// startAs is startProc for what else there is, with more environment.
func (n *node) startAs(ctx context.Context, role string, argv, env []string) (*proc, error) {
	n.mu.Lock()
	n.ids++
	id := n.ids
	n.mu.Unlock()
	came := n.gate.expect(id)
	defer n.gate.forget(id)
	env = append([]string{roleVar + "=" + role, idVar + "=" + strconv.Itoa(id), "PATH=" + path, "GOMAXPROCS=1"}, env...)
	err := n.start(order{ID: id, Path: self, Argv: argv, Env: env})
	if err != nil {
		return nil, err
	}
	select {
	case p := <-came:
		return p, nil
	case <-time.After(10 * time.Second):
		return nil, fmt.Errorf("%s on %s was started and says nothing", argv[0], n.name)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// openGate opens the socket at which the machine's processes report.
func (n *node) openGate(ctx context.Context) error {
	l, err := Listen(ctx, n.proc, "unix", gateName)
	if err != nil {
		return err
	}
	n.gate = newGate(l)
	return nil
}

// write puts a file into the machine.
func (n *node) write(name string, content []byte, mode os.FileMode) error {
	full := filepath.Join("/proc", strconv.Itoa(n.proc.PID), "root", name)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil { //nolint:gosec // as on any machine
		return err
	}
	return os.WriteFile(full, content, mode)
}

// ip runs commands of ip(8) in the machine's network.
func (n *node) ip(ctx context.Context, lines ...string) error {
	cmd := exec.CommandContext(ctx, "nsenter", "-t", strconv.Itoa(n.proc.PID), "-n", "ip", "-batch", "-") //nolint:gosec // a number of ours
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("set up the network of %s: %w: %s", n.name, err, strings.TrimSpace(errs.String()))
	}
	return nil
}

// gateway is the router as every machine sees it.
const (
	gateway4 = "169.254.1.1"
	gateway6 = "fe80::1"
)

// connect puts a cable between a machine and the router. The machine has its address and a route through the router to
// everything else; the router has a route to the machine. So any addresses can be on any machines.
func (n *node) connect(ctx context.Context, router *node, cable string) error {
	add := exec.CommandContext(ctx, "ip", "link", "add", cable, "netns", strconv.Itoa(router.proc.PID), "type", "veth", "peer", "name", "eth0", "netns", strconv.Itoa(n.proc.PID)) //nolint:gosec // names and numbers of ours
	if out, err := add.CombinedOutput(); err != nil {
		return fmt.Errorf("connect %s: %w: %s", n.name, err, strings.TrimSpace(string(out)))
	}
	a := n.addr.String()
	here := []string{"link set lo up", "link set eth0 up"}
	there := []string{"link set " + cable + " up"}
	if n.addr.Is4() {
		here = append(here, "addr add "+a+"/32 dev eth0", "route add "+gateway4+" dev eth0 scope link", "route add default via "+gateway4+" dev eth0")
		there = append(there, "addr add "+gateway4+"/32 dev "+cable, "route add "+a+"/32 dev "+cable)
	} else {
		here = append(here, "addr add "+a+"/128 dev eth0 nodad", "-6 route add default via "+gateway6+" dev eth0")
		there = append(there, "addr add "+gateway6+"/64 dev "+cable+" nodad", "-6 route add "+a+"/128 dev "+cable)
	}
	if err := router.ip(ctx, there...); err != nil {
		return err
	}
	return n.ip(ctx, here...)
}

// plain turns off what would change a machine's addresses by itself after it is up: waiting for duplicates of IPv6
// addresses. Kernels without IPv6 have none.
func (n *node) plain() error {
	var errs []error
	err := In(n.proc, func() {
		for _, which := range []string{"all", "default"} {
			name := "/proc/sys/net/ipv6/conf/" + which + "/accept_dad"
			if _, err := os.Stat(name); err == nil {
				errs = append(errs, os.WriteFile(name, []byte("0\n"), 0o644)) //nolint:gosec // a setting of the kernel
			}
		}
	})
	return errors.Join(append(errs, err)...)
}

// forward has a machine pass packets on.
func (n *node) forward() error {
	var errs []error
	err := In(n.proc, func() {
		errs = append(errs, os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1\n"), 0o644)) //nolint:gosec // a setting of the kernel
		if _, err := os.Stat("/proc/sys/net/ipv6/conf/all/forwarding"); err == nil {
			errs = append(errs, os.WriteFile("/proc/sys/net/ipv6/conf/all/forwarding", []byte("1\n"), 0o644)) //nolint:gosec // a setting of the kernel
		}
	})
	return errors.Join(append(errs, err)...)
}
