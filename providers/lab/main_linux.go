package lab

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The processes of a lab are this program again, told by the environment what to be.
const (
	roleVar = "XDC_LAB_ROLE"
	idVar   = "XDC_LAB_ID"
	nodeIs  = "node"
	peIs    = "pe"
	// monitorIs is the standalone program of a passive side, which runs the script in scriptVar.
	monitorIs = "monitor"
	scriptVar = "XDC_LAB_SCRIPT"
	// gateName is the socket, in a node's network, at which the lab lets its PEs work.
	gateName = "@xdc-lab-gate"
)

func init() { //nolint:gochecknoinits // before any goroutine runs, and only in the lab's own processes
	if os.Getenv(roleVar) != "" {
		runtime.LockOSThread() // the main thread bears the name that process lists show
	}
}

// Main is called first by every program that brings up labs: where the program was started to be a machine or a PE of
// one, it is that and never returns.
func Main() {
	var err error
	switch os.Getenv(roleVar) {
	case "":
		return
	case nodeIs:
		err = beNode()
	case peIs:
		err = bePE()
	case monitorIs:
		err = beMonitor()
	default:
		err = fmt.Errorf("%s is %q", roleVar, os.Getenv(roleVar))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "lab:", err)
		os.Exit(1) //nolint:forbidigo // it is a process of its own, whose main this is
	}
	os.Exit(0) //nolint:forbidigo // as above
}

func name(s string) {
	b := append([]byte(s), 0)
	_ = unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(&b[0])), 0, 0, 0) //nolint:gosec // the kernel reads it at once; a name is a nicety
}

// order asks process 1 of a machine to start a program.
type order struct {
	ID   int      `json:"id"`
	Path string   `json:"path"`
	Argv []string `json:"argv"`
	Env  []string `json:"env"`
	// Again starts it again whenever it ends, as a service manager would.
	Again bool `json:"again,omitempty"`
}

type answer struct {
	ID    int    `json:"id"`
	PID   int    `json:"pid"`
	Error string `json:"error,omitempty"`
}

// beNode is process 1 of a machine: it makes the machine's own /proc, /run and /tmp, starts what it is asked to, and
// takes away the dead. It ends, and everything in the machine with it, when the lab does.
func beNode() error {
	name("lab-node")
	signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGPIPE)
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make the mounts private: %w", err)
	}
	for _, m := range [][3]string{{"proc", "/proc", ""}, {"tmpfs", "/run", "mode=755"}, {"tmpfs", "/tmp", "mode=1777"}} {
		if err := unix.Mount(m[0], m[1], m[0], unix.MS_NOSUID|unix.MS_NODEV, m[2]); err != nil {
			return fmt.Errorf("mount %s: %w", m[1], err)
		}
	}
	if err := unix.Sethostname([]byte(os.Args[1])); err != nil {
		return fmt.Errorf("set the name: %w", err)
	}
	file := os.NewFile(3, "lab")
	defer file.Close()
	n := &keeper{again: map[int]order{}}
	go n.reap()
	out := json.NewEncoder(file)
	if err := out.Encode(answer{}); err != nil {
		return err
	}
	in := bufio.NewReader(file)
	for {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var o order
		if err := json.Unmarshal(line, &o); err != nil {
			return err
		}
		a := answer{ID: o.ID}
		if a.PID, err = n.start(o); err != nil {
			a.Error = err.Error()
		}
		if err := out.Encode(a); err != nil {
			return err
		}
	}
}

// keeper starts processes and starts services again.
type keeper struct {
	mu    sync.Mutex
	again map[int]order
}

func (n *keeper) start(o order) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer null.Close()
	pid, err := syscall.ForkExec(o.Path, o.Argv, &syscall.ProcAttr{ //nolint:gosec // the lab asks for it
		Dir: "/", Env: o.Env, Files: []uintptr{null.Fd(), null.Fd(), os.Stderr.Fd()}, Sys: &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return 0, fmt.Errorf("start %s: %w", o.Argv[0], err)
	}
	if o.Again {
		n.again[pid] = o
	}
	return pid, nil
}

// reap takes away the dead, those of others too, and starts services again.
func (n *keeper) reap() {
	died := make(chan os.Signal, 1)
	signal.Notify(died, syscall.SIGCHLD)
	for range died {
		for {
			pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
			if pid <= 0 || err != nil {
				break
			}
			n.mu.Lock()
			o, service := n.again[pid]
			delete(n.again, pid)
			n.mu.Unlock()
			if service {
				time.AfterFunc(time.Second, func() { _, _ = n.start(o) }) // the next death tries again
			}
		}
	}
}

// bePE is the process behind a PE, or behind the services of a platform: what it would work on is worked on in the lab's
// model, each piece only after this process has said that it runs.
func bePE() error {
	name("streams-pe")
	c, err := report()
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }() // the process ends with it
	_, err = io.Copy(c, c)
	return err
}

// report says at the gate that this process runs.
func report() (net.Conn, error) {
	c, err := net.Dial("unix", gateName) //nolint:forbidigo,noctx // there is nobody who could give a way
	if err != nil {
		return nil, err
	}
	if _, err := fmt.Fprintf(c, "%s\n", os.Getenv(idVar)); err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}
