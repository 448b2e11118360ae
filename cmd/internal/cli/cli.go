// Package cli is the command line: one small file a command, flags in, options out, results to exit codes.
//
// No rule of xdc lives here. What is shown is up to cmd/internal/view, how a plan is read to cmd/internal/load, how
// it runs to cmd/internal/session.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/hashicorp/go-hclog"

	"github.com/xdc-project/xdc/cmd/internal/session"
	"github.com/xdc-project/xdc/cmd/internal/view"
	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/exec"
	"github.com/xdc-project/xdc/lang/source"
	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
)

// Globals are the flags of every command.
type Globals struct {
	Chdir    string `name:"chdir" short:"C" placeholder:"DIR" help:"Work in this folder."`
	NoColor  bool   `name:"no-color" help:"No colours and no animation; NO_COLOR in the environment does the same."`
	JSON     bool   `name:"json" help:"Machine-readable output, where a command has one."`
	LogLevel string `name:"log-level" enum:"off,error,warn,info,debug,trace" default:"off" env:"XDC_LOG" help:"Logs for developers, on standard error: off, error, warn, info, debug, trace."`
}

// Commands is the grammar. Every command is a struct in a file of its own.
type Commands struct {
	Globals

	Init       Init       `cmd:"" help:"Scaffold a plan."`
	Fmt        Fmt        `cmd:"" help:"Bring plan files into the canonical layout."`
	Validate   Validate   `cmd:"" help:"Check a plan without a network."`
	Plan       Plan       `cmd:"" help:"Show what a plan would do and how it would be undone; touches nothing."`
	Report     Report     `cmd:"" help:"Write the reports of a run again."`
	Graph      Graph      `cmd:"" help:"Draw a plan's steps and what they wait for."`
	Console    Console    `cmd:"" help:"Evaluate expressions and conditions of a plan."`
	Test       Test       `cmd:"" help:"Run tests of conditions."`
	Providers  Providers  `cmd:"" help:"List what is built in."`
	Explain    Explain    `cmd:"" help:"Explain the code of a finding."`
	Completion Completion `cmd:"" help:"Print a completion script for a shell."`
	Version    VersionCmd `cmd:"" help:"Print the version."`
	Internal   Internal   `cmd:"" hidden:"" help:"For building xdc itself."`

	Runs
}

// Program is what main knows and everything else is given.
type Program struct {
	Registry func() *providers.Registry
	// Shipped finds the plans that come with xdc.
	Shipped func(name string) (*source.Set, bool)
	Version Version
	// Way says from which address of this machine an address would be reached, sending nothing.
	Way func(address string) (netip.Addr, bool)
	// Hooks are for fault tests; nil in the program itself.
	Hooks *Hooks
}

// Hooks let a test see, and end, a run at every step that leaves a mark.
type Hooks struct {
	// Journal is called before and after each event is written to the journal.
	Journal func(e event.Event, when string)
	// Command is called before and after every script on a machine.
	Command func(place, script, when string)
	// Request is called before and after every request that changes something at a target.
	Request func(target, what, when string)
	// Lease is how long leases are.
	Lease exec.LeaseTimes
	// Registry takes the place of the program's own; nil: it does not.
	Registry func() *providers.Registry
}

// Main runs one command and returns its exit code. args are those after the program's name; env looks up an
// environment variable. A panic is a bug; it is not caught.
func (p Program) Main(args []string, stdin io.Reader, stdout, stderr io.Writer, env func(string) (string, bool)) int {
	redactor := value.NewRedactor()
	out, side := redactor.Writer(stdout), redactor.Writer(stderr)
	code := p.main(args, redactor, out, side, files{stdin, stdout, stderr}, env)
	if err := errors.Join(out.Flush(), side.Flush()); err != nil && code == OK {
		code = Failure
	}
	return int(code)
}

// files are the streams themselves, for finding out whether they are terminals.
type files struct {
	in       io.Reader
	out, err io.Writer
}

func (p Program) main(args []string, redactor *value.Redactor, out, side io.Writer, fs files, env func(string) (string, bool)) Exit {
	var grammar Commands
	parser, err := newParser(&grammar, out, side)
	if err != nil {
		fmt.Fprintln(side, "xdc:", err)
		return Failure
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parse(parser, args)
	if errors.Is(err, errHelped) {
		return OK
	}
	if err != nil {
		fmt.Fprintf(side, "xdc: %s\n", view.Clean(err.Error()))
		fmt.Fprintf(side, "Run %q for what there is.\n", helpFor(err))
		return Failure
	}
	if dir := grammar.Chdir; dir != "" {
		if err := os.Chdir(dir); err != nil {
			fmt.Fprintf(side, "xdc: change the folder: %v\n", err)
			return Failure
		}
	}
	get := func(name string) string { v, _ := env(name); return v }
	if p.Hooks != nil && p.Hooks.Registry != nil {
		p.Registry = p.Hooks.Registry
	}
	ctx := &Context{
		Context: context.Background(), In: fs.in, Out: out, Side: side, Env: env, Registry: p.Registry(), Redactor: redactor,
		OutStyle:  view.Detect(fs.out, get, grammar.NoColor),
		SideStyle: view.Detect(fs.err, get, grammar.NoColor),
		Shipped:   p.Shipped, parser: parser,
		Version: p.Version, Way: p.Way, Hooks: p.Hooks, JSON: grammar.JSON, Log: logger(grammar.LogLevel, side),
	}
	code, err := codeOf(parsed.Run(ctx))
	if err != nil {
		view.Failure(side, err, ctx.SideStyle)
	}
	return code
}

func logger(level string, w io.Writer) hclog.Logger {
	if level == "off" || level == "" {
		return hclog.NewNullLogger()
	}
	return hclog.New(&hclog.LoggerOptions{Name: "xdc", Level: hclog.LevelFromString(level), Output: w, DisableTime: false})
}

// errHelped says that help was asked for and printed.
var errHelped = errors.New("helped")

// stopped is thrown by kong's exit hook and caught in parse.
type stopped struct{ code int }

func newParser(grammar *Commands, out, side io.Writer) (*kong.Kong, error) {
	return kong.New(grammar,
		kong.Name("xdc"),
		kong.Description("Failover tests across two data centres, written as a file.\n\nA plan says what is broken, what is waited for and what is expected; xdc shows it (plan), tries it on a twin (rehearse), runs it (apply), heals everything, and reports."),
		kong.Vars{"run_dir": session.DefaultRuns},
		kong.Writers(out, side),
		kong.Exit(func(code int) { panic(stopped{code}) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true, NoExpandSubcommands: true, WrapUpperBound: 100}),
	)
}

// parse turns kong's way of ending the program after --help into an error.
func parse(k *kong.Kong, args []string) (ctx *kong.Context, err error) {
	defer func() {
		if r := recover(); r != nil {
			s, ok := r.(stopped)
			if !ok {
				panic(r)
			}
			if err = errHelped; s.code != 0 {
				err = fmt.Errorf("exit code %d", s.code)
			}
		}
	}()
	return k.Parse(args)
}

// helpFor is the command whose help says how to do it right.
func helpFor(err error) string {
	var p *kong.ParseError
	if !errors.As(err, &p) || p.Context == nil {
		return "xdc --help"
	}
	words := []string{"xdc"}
	for _, t := range p.Context.Path {
		if t.Command != nil {
			words = append(words, t.Command.Name)
		}
	}
	return strings.Join(append(words, "--help"), " ")
}
