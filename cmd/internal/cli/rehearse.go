package cli

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"

	"github.com/xdc-project/xdc/cmd/internal/load"
	"github.com/xdc-project/xdc/cmd/internal/session"
	"github.com/xdc-project/xdc/cmd/internal/view"
	"github.com/xdc-project/xdc/engine/plan"
	"github.com/xdc-project/xdc/engine/virtual"
)

// Rehearse runs a plan against a twin.
type Rehearse struct {
	PlanArgs
	APIArgs
	Seed     *uint64 `name:"seed" placeholder:"N" help:"Where everything random comes from; the same seed gives the same result. Random if not given."`
	RealTime bool    `name:"real-time" help:"Run in real time over loopback, with the live display, instead of in virtual time."`
	Truth    string  `name:"truth" placeholder:"FILE" help:"Write down what really happened in the twin, one JSON object a line."`
	Repeat   int     `name:"repeat" placeholder:"N" default:"1" help:"Rehearse N times, with one seed after the other, and compare."`
	RunDir
}

// Help has examples.
func (Rehearse) Help() string {
	return "The whole plan against a twin of its own targets. Nothing leaves this machine, no privileges and no secrets are needed, and in virtual time a " +
		"fifteen-minute plan takes a second or two.\n\nExit codes as those of apply.\n\nExamples:\n\n    xdc rehearse examples/network-partition\n" +
		"    xdc rehearse --seed 7 --truth truth.jsonl drill.xdc.hcl\n    xdc rehearse --real-time drill.xdc.hcl\n    xdc rehearse --api 5 drill.xdc.hcl\n"
}

// Run rehearses.
func (r *Rehearse) Run(c *Context) error {
	o := c.Loader(r.PlanArgs)
	o.Mode, o.StandIn = "rehearse", true
	frozen, set, found := load.Plan(o)
	if err := c.Report(set, found); err != nil {
		return err
	}
	seed := randomSeed()
	if r.Seed != nil {
		seed = *r.Seed
	}
	if r.Repeat > 1 {
		if r.Truth != "" {
			return errors.New("--truth is of one rehearsal: leave out --repeat")
		}
		return c.repeat(r.Repeat, r.RunDir, func(i int) error { return c.again(r.args(seed + uint64(i))) })
	}
	if !c.JSON {
		fmt.Fprintf(c.Side, "Rehearsing %s with seed %d.\n", view.Clean(frozen.Name), seed)
	}
	mode := view.Plainly
	if r.RealTime {
		mode = view.InPlace
	}
	return c.run(frozen, mode, func(q session.Request) (session.Result, error) {
		q.Runs, q.Seed, q.RealTime, q.Truth, q.Bubble = r.RunDir.RunDir, seed, r.RealTime, r.Truth, virtual.Run
		q.API, q.Errors = r.API, r.shape()
		return session.Rehearse(c.Context, q)
	})
}

// args are those of one rehearsal of several. Each is a process of its own: virtual time is entered once in a process.
func (r *Rehearse) args(seed uint64) []string {
	out := []string{"rehearse", "--seed", strconv.FormatUint(seed, 10), "--run-dir", r.RunDir.RunDir, "--api", strconv.Itoa(r.API), "--errors", r.Errors}
	if r.RealTime {
		out = append(out, "--real-time")
	}
	for _, v := range r.Var {
		out = append(out, "--var", v)
	}
	for _, f := range r.VarFile {
		out = append(out, "--var-file", f)
	}
	return append(append(out, "--"), r.Paths...)
}

// randomSeed is a seed that is easy to type again.
func randomSeed() uint64 {
	var b [4]byte
	if _, err := rand.Read(b[:]); err != nil {
		return 1
	}
	return uint64(binary.BigEndian.Uint32(b[:]))
}

// run makes a run of a plan, shows it, writes the reports and ends with its exit code.
func (c *Context) run(p *plan.Plan, mode view.Mode, start func(session.Request) (session.Result, error)) error {
	if c.JSON {
		mode = view.AsJSON
	}
	shown := view.NewRun(mode, c.Out, c.Side, c.SideStyle, len(p.Steps))
	stops := session.CatchStops()
	defer stops.Close()
	q := session.Request{
		Plan: p, Registry: c.Registry, Version: c.Version.Number, Log: c.Log, Redactor: c.Redactor, Interrupts: stops.Count,
		Samples: shown.Sample,
	}
	q.Watchers = append(q.Watchers, shown)
	if h := c.Hooks; h != nil {
		q.Journalled, q.Commands, q.Requests, q.Lease = h.Journal, h.Command, h.Request, h.Lease
	}
	res, err := start(q)
	if err != nil {
		return &ExitError{Code: Failure, Err: err}
	}
	summary, rerr := res.Folder.WriteReports(c.Redactor.String)
	if rerr == nil {
		rerr = res.ReportErr
	}
	code := OfRun(res.Outcome, rerr)
	if rerr != nil {
		fmt.Fprintf(c.Side, "Warning: %s\n", view.Clean(rerr.Error()))
	}
	out := c.Out
	if c.JSON {
		out = c.Side // standard output has the events
	}
	if err := view.Closing(out, summary, int(code), res.Folder.File(session.ReportHTML), c.OutStyle); err != nil {
		return err
	}
	return Silently(code)
}
