package cli

import (
	"errors"
	"fmt"
	"os"
	"path"
	"strings"

	"github.com/xdc-project/xdc/cmd/internal/session"
	"github.com/xdc-project/xdc/cmd/internal/view"
	"github.com/xdc-project/xdc/engine/trace"
	"github.com/xdc-project/xdc/lang/signal"
)

// TraceCmd are the commands about traces.
type TraceCmd struct {
	Export TraceExport `cmd:"" help:"Write a run's samples as JSON lines, CSV or OpenMetrics."`
	Show   TraceShow   `cmd:"" help:"Show what a signal was during a run."`
}

// Help has examples.
func (TraceCmd) Help() string {
	return "A run's trace has every sample that was taken and every event. It can be read while the run goes on.\n\nExamples:\n\n    xdc trace show 'dc2.job.orders.toolkit.remote'\n    xdc trace export last --format csv --out samples.csv\n"
}

// TraceExport writes a trace in another format.
type TraceExport struct {
	Name   string   `arg:"" optional:"" name:"run" help:"The run: its name, the beginning or the end of it, its folder, or \"last\" (the default)."`
	Format string   `name:"format" short:"f" enum:"jsonl,csv,openmetrics" default:"jsonl" help:"jsonl, csv or openmetrics."`
	Signal []string `name:"signal" placeholder:"PATTERN" sep:"none" help:"Only signals whose name this pattern matches (* is anything); may be repeated."`
	Output string   `name:"out" short:"o" placeholder:"FILE" default:"-" help:"File to write to; standard output if not given."`
	RunDir
}

// Help has examples.
func (TraceExport) Help() string {
	return "Times are seconds from the start of the run; in openmetrics they are wall-clock times. What a damaged trace still has is written, and the damage is said.\n\n" +
		"Examples:\n\n    xdc trace export --format csv --signal 'dc2.job.orders.*' --out orders.csv\n    xdc trace export last --format openmetrics --out run.om\n"
}

// Run writes it.
func (t *TraceExport) Run(c *Context) (err error) {
	f, err := session.Find(t.RunDir.RunDir, t.Name)
	if err != nil {
		return err
	}
	keep, err := matching(t.Signal)
	if err != nil {
		return err
	}
	out := c.Out
	if t.Output != "-" {
		file, err := os.OpenFile(t.Output, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return fmt.Errorf("export the trace: %w", err)
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		out = c.Redactor.Writer(file)
		defer func() { err = errors.Join(err, out.(interface{ Flush() error }).Flush()) }()
	}
	return trace.Export(out, t.Format, f.Trace, f.Status().Started, keep)
}

// matching makes a test of names out of patterns; none is no test.
func matching(patterns []string) (func(string) bool, error) {
	if len(patterns) == 0 {
		return nil, nil //nolint:nilnil // everything is kept
	}
	for i, p := range patterns {
		// Names have brackets and slashes in them; only * and ? are special here.
		patterns[i] = strings.NewReplacer("[", `\[`, "]", `\]`, "/", "\x00").Replace(p)
		if _, err := path.Match(patterns[i], ""); err != nil {
			return nil, fmt.Errorf("%q is not a pattern: %w", p, err)
		}
	}
	return func(name string) bool {
		name = strings.ReplaceAll(name, "/", "\x00")
		for _, p := range patterns {
			if ok, _ := path.Match(p, name); ok {
				return true
			}
		}
		return false
	}, nil
}

// TraceShow shows signals in the terminal.
type TraceShow struct {
	Signal string `arg:"" name:"signal" help:"The signal, or a pattern (* is anything)."`
	Name   string `name:"run" placeholder:"RUN" help:"The run; the last one if not given."`
	All    bool   `name:"all" help:"Every sample instead of every change."`
	RunDir
}

// Help has examples.
func (TraceShow) Help() string {
	return "Numbers are drawn as a line of bars over the whole run, with the smallest and the largest; everything else is listed change by change, with the evidence.\n\n" +
		"Examples:\n\n    xdc trace show dc2.job.orders.toolkit.remote\n    xdc trace show 'seed.*.rate' --run k3xq7p2a\n"
}

// Run shows it.
func (t *TraceShow) Run(c *Context) error {
	f, err := session.Find(t.RunDir.RunDir, t.Name)
	if err != nil {
		return err
	}
	keep, err := matching([]string{t.Signal})
	if err != nil {
		return err
	}
	shown := view.NewSignals(t.All)
	damage := f.Trace(func(s signal.Sample) {
		shown.Saw(s.Signal)
		if keep(s.Signal) {
			shown.Sample(s)
		}
	}, nil)
	if shown.Empty() {
		if damage != nil {
			return damage
		}
		return fmt.Errorf("no sample of %q in the trace of %s%s", t.Signal, f.ID, shown.Near(t.Signal))
	}
	if err := shown.Write(c.Out, c.OutStyle); err != nil {
		return err
	}
	return damage
}
