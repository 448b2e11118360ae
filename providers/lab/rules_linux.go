package lab

import (
	"bufio"
	"context"
	"io"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// watchRules writes into the truth when a table of xdc comes and goes in a machine's firewall, as the kernel tells it.
// Without nft there is none.
func (l *lab) watchRules(ctx context.Context, n *node) {
	nft, err := exec.LookPath("nft")
	if err != nil || n == l.router || n == l.runner {
		return
	}
	inside := func(args ...string) *exec.Cmd {
		return exec.CommandContext(ctx, "nsenter", append([]string{"-t", strconv.Itoa(n.proc.PID), "-n", nft}, args...)...) //nolint:gosec // names and numbers of ours
	}
	cmd := inside("monitor", "tables")
	// It would not notice that the lab is gone, and keep the machine's network: it ends with the thread that started it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return
	}
	started := make(chan error)
	l.wg.Go(func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with this
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		l.tell(out, n.name, func() string { b, _ := inside("list", "tables").Output(); return string(b) })
		_ = cmd.Wait() // it was ended
	})
	if <-started != nil {
		return // without it, the truth says nothing of this machine's rules
	}
}

// tell says which tables have come and gone. One transaction may take a table away and bring it back: what counts is
// what is there after it.
func (l *lab) tell(news io.Reader, machine string, tables func() string) {
	there := map[string]bool{}
	in := bufio.NewScanner(news)
	for in.Scan() {
		at := time.Now()
		f := strings.Fields(in.Text())
		if len(f) < 4 || f[1] != "table" || !strings.HasPrefix(f[3], "xdc_") {
			continue
		}
		is := strings.Contains(tables(), " "+f[3]+"\n")
		switch was := there[f[3]]; {
		case is && !was:
			l.twin.Say(at, "fault_in_effect", f[3], machine)
		case was && !is:
			l.twin.Say(at, "fault_gone", f[3], machine)
		}
		there[f[3]] = is
	}
}
