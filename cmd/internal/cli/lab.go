package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/xdc-project/xdc/cmd/internal/load"
	"github.com/xdc-project/xdc/cmd/internal/session"
	"github.com/xdc-project/xdc/providers/lab"
	"github.com/xdc-project/xdc/providers/standin"
	"github.com/xdc-project/xdc/providers/twin"
)

// LabCmd are the commands about labs.
type LabCmd struct {
	Up   LabUp   `cmd:"" help:"Bring up a lab for a plan's targets: network namespaces with SSH servers, firewalls and processes."`
	Down LabDown `cmd:"" help:"Take down the lab of a folder."`
}

// Help has examples.
func (LabCmd) Help() string {
	return "A lab has a machine for each host of the plan: network namespaces of this Linux machine, joined by a router, with real SSH servers, firewalls and processes; " +
		"the platform in it is the twin. It needs root. Faults in it are made as on real hosts.\n\nExamples:\n\n    xdc lab up examples/network-partition --dir /tmp/lab\n" +
		"    xdc apply --on /tmp/lab --auto-approve examples/network-partition\n    xdc lab down /tmp/lab\n"
}

// LabUp brings up a lab.
type LabUp struct {
	PlanArgs
	APIArgs
	ScriptArgs
	Dir        string  `name:"dir" required:"" placeholder:"DIR" help:"Folder for stand-in.json, the keys, the passwords, the log and the truth."`
	Seed       *uint64 `name:"seed" placeholder:"N" help:"Where everything random in the twin comes from. Random if not given."`
	Foreground bool    `name:"foreground" help:"Stay, until SIGTERM, an interrupt or xdc lab down."`
}

// Help has examples.
func (LabUp) Help() string {
	return "Prints one JSON line when everything answers, and returns; the lab stays until xdc lab down.\n\nExamples:\n\n    xdc lab up examples/network-partition --dir /tmp/lab\n" +
		"    xdc lab up examples/toolkit-failover --dir /tmp/passive --script examples/toolkit-failover/launch.sh\n"
}

// Run brings it up.
func (l *LabUp) Run(c *Context) error {
	o := c.Loader(l.PlanArgs)
	o.Mode, o.StandIn = "rehearse", true
	frozen, set, found := load.Plan(o)
	if err := c.Report(set, found.Errors()); err != nil {
		return err
	}
	if err := lab.Possible(); err != nil {
		return err
	}
	launched, err := l.path(frozen)
	if err != nil {
		return err
	}
	if !l.Foreground {
		return l.background(c)
	}
	seed := randomSeed()
	if l.Seed != nil {
		seed = *l.Seed
	}
	ctx, stop := signal.NotifyContext(c.Context, os.Interrupt, syscall.SIGTERM)
	defer stop()
	var said error
	model := session.Model(frozen, seed, nil)
	model.API, model.Errors, model.Script = l.API, l.shape(), launched
	err = lab.Serve(ctx, model, l.Dir, func(s *standin.StandIn) {
		b, err := json.Marshal(s)
		if err == nil {
			_, err = fmt.Fprintf(c.Out, "%s\n", b)
		}
		said = err
		if f, ok := c.Out.(interface{ Flush() error }); ok {
			said = errors.Join(said, f.Flush())
		}
	})
	return errors.Join(err, said)
}

// background runs the same command again, apart from this terminal, and returns when it is ready.
func (l *LabUp) background(c *Context) error {
	if err := os.MkdirAll(l.Dir, 0o700); err != nil {
		return fmt.Errorf("make the lab's folder: %w", err)
	}
	log, err := os.OpenFile(filepath.Join(l.Dir, lab.LogFile), os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("open the lab's log: %w", err)
	}
	defer log.Close()
	cmd := again(append(os.Args[1:], "--foreground"))
	cmd.Stderr = log
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the lab: %w", err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err == nil {
		_, err = io.WriteString(c.Out, line)
		return errors.Join(err, cmd.Process.Release())
	}
	_ = cmd.Wait() // what it said counts
	if _, err := log.Seek(0, io.SeekStart); err != nil {
		return err
	}
	said, _ := io.ReadAll(io.LimitReader(log, 64<<10)) // as much as there is
	text := strings.TrimPrefix(strings.TrimSpace(string(said)), "Error: ")
	return fmt.Errorf("the lab did not come up: %s", strings.TrimPrefix(text, "xdc: "))
}

// again is this program with other arguments, in a session of its own.
func again(args []string) *exec.Cmd {
	program, err := os.Executable()
	if err != nil {
		program = os.Args[0]
	}
	cmd := exec.Command(program, args...) //nolint:gosec,noctx // this program, which outlives the one that starts it
	cmd.Args[0] = os.Args[0]
	detach(cmd)
	return cmd
}

// LabDown takes down a lab.
type LabDown struct {
	Dir string `arg:"" name:"dir" help:"The lab's folder."`
}

// Help has an example.
func (LabDown) Help() string {
	return "Ends the lab's processes, and with them its networks, and removes what the lab has put into the folder. The truth and the log stay.\n\nExample:\n\n    xdc lab down /tmp/lab\n"
}

// Run takes it down.
func (l *LabDown) Run(c *Context) error {
	ctx, cancel := context.WithTimeout(c.Context, 30*time.Second)
	defer cancel()
	return twin.Stop(ctx, l.Dir)
}
