package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/xdc-project/xdc/cmd/internal/load"
	"github.com/xdc-project/xdc/cmd/internal/session"
	"github.com/xdc-project/xdc/engine/plan"
	"github.com/xdc-project/xdc/providers/script"
	"github.com/xdc-project/xdc/providers/standin"
	"github.com/xdc-project/xdc/providers/twin"
	"github.com/xdc-project/xdc/providers/twin/api"
)

// TwinCmd are the commands about twins.
type TwinCmd struct {
	Serve TwinServe `cmd:"" help:"Serve a twin of a plan's targets in real time until it is stopped."`
	Page  TwinPage  `cmd:"" help:"Print the link of the page that shows a twin."`
	Set   TwinSet   `cmd:"" help:"Have a service of a twin be slow, refuse, drop connections, stall, or be wrong about the time."`
	Stop  TwinStop  `cmd:"" help:"Stop the twin of a folder."`
}

// Help has examples.
func (TwinCmd) Help() string {
	return "A twin is a model of both data centres behind the real API.\n\nExamples:\n\n    xdc twin serve examples/network-partition --dir /tmp/twin\n    xdc twin page /tmp/twin\n    xdc twin stop /tmp/twin\n"
}

// TwinServe serves a twin.
type TwinServe struct {
	PlanArgs
	APIArgs
	ScriptArgs
	Dir  string  `name:"dir" required:"" placeholder:"DIR" help:"Folder for stand-in.json, the certificates, the passwords and the truth."`
	Seed *uint64 `name:"seed" placeholder:"N" help:"Where everything random in the twin comes from. Random if not given."`
}

// APIArgs say what the management API of twins is like.
type APIArgs struct {
	API    int    `name:"api" enum:"7,5" default:"7" placeholder:"7" help:"5 serves the REST API of releases 5.x beside that of 7.2, and is the one that xdc is pointed to."`
	Errors string `name:"errors" enum:"single,listed" default:"single" placeholder:"single" help:"The shape of errors of the API of 7.2: single has one id and message, listed a list of messages, as in API 5."`
}

// ScriptArgs say what passive sides of stand-ins launch.
type ScriptArgs struct {
	Script string `name:"script" placeholder:"FILE" help:"What passive sides run when the other side is down, to submit the job: a file that can be executed. Without it the job is launched as if the toolkit's own sample had run."`
}

// path finds the script of a plan's passive sides.
func (a ScriptArgs) path(p *plan.Plan) (string, error) {
	if a.Script == "" {
		return "", nil
	}
	if !slices.ContainsFunc(p.Steps, func(s *plan.Step) bool { return s.Job != nil && s.Job.Launched != "" }) {
		return "", errors.New("--script is for passive sides, and the plan has none: no job has launched = \"...\"")
	}
	full, err := filepath.Abs(a.Script)
	if err != nil {
		return "", err
	}
	return full, script.Check(full)
}

// shape is that of the errors.
func (a APIArgs) shape() api.Shape {
	if a.Errors == "listed" {
		return api.Listed
	}
	return api.Single
}

// Help has examples.
func (TwinServe) Help() string {
	return "Prints one JSON line when everything answers, and serves until SIGTERM, an interrupt, or xdc twin stop.\n\nExamples:\n\n    xdc twin serve examples/network-partition --dir /tmp/twin &\n    xdc apply --on /tmp/twin --auto-approve examples/network-partition\n    xdc twin serve examples/network-partition --dir /tmp/older --api 5\n" +
		"    xdc twin serve examples/toolkit-failover --dir /tmp/passive --script examples/toolkit-failover/launch.sh\n"
}

// Run serves.
func (t *TwinServe) Run(c *Context) error {
	o := c.Loader(t.PlanArgs)
	o.Mode, o.StandIn = "rehearse", true
	frozen, set, found := load.Plan(o)
	if err := c.Report(set, found.Errors()); err != nil {
		return err
	}
	launched, err := t.path(frozen)
	if err != nil {
		return err
	}
	seed := randomSeed()
	if t.Seed != nil {
		seed = *t.Seed
	}
	ctx, stop := signal.NotifyContext(c.Context, os.Interrupt, syscall.SIGTERM)
	defer stop()
	var said error
	model := session.Model(frozen, seed, nil)
	model.API, model.Errors, model.Script = t.API, t.shape(), launched
	err = twin.Serve(ctx, model, t.Dir, func(s *standin.StandIn) {
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

// TwinPage prints the link of a stand-in's page.
type TwinPage struct {
	Dir string `arg:"" name:"dir" help:"The folder it serves."`
}

// Help says what the link is.
func (TwinPage) Help() string {
	return "The link has the twin's token in it: whoever has it sees the twin and can make faults on it. The page shows both data centres live.\n\nExample:\n\n    xdc twin page /tmp/twin\n"
}

// Run prints it.
func (t *TwinPage) Run(c *Context) error {
	s, err := standin.Load(t.Dir)
	if err != nil {
		return err
	}
	token, err := os.ReadFile(s.Path(s.TokenFile))
	if err != nil {
		return fmt.Errorf("read the stand-in's token: %w", err)
	}
	_, err = fmt.Fprintf(c.Out, "%s/#%s\n", s.Control, strings.TrimSpace(string(token)))
	return err
}

// TwinStop stops a twin.
type TwinStop struct {
	Dir string `arg:"" name:"dir" help:"The folder it serves."`
}

// Help has an example.
func (TwinStop) Help() string { return "Example:\n\n    xdc twin stop /tmp/twin\n" }

// Run stops it.
func (t *TwinStop) Run(c *Context) error {
	ctx, cancel := context.WithTimeout(c.Context, 30*time.Second)
	defer cancel()
	return twin.Stop(ctx, t.Dir)
}
