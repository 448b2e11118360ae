package execaction

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/shell"
)

// longest is how long a command on a host may run when the step has no time limit.
const longest = 24 * time.Hour

// runOnHost runs a command in a session of its own, with its input from a file and its environment from variables, and
// kills the session when its time is over, whoever is still there to ask for it.
const runOnHost = `
[ -z "$DIR" ] || cd -- "$DIR" || return 126
eval "set -- $ENV"
for e in "$@"; do export "$e"; done
eval "set -- $COMMAND"
XDC_FAULT="$XDC_NAME" setsid "$@" <"$INPUT" &
p=$!
setsid /bin/sh -c 'w=0
while kill -0 "$1"; do
	[ "$w" -lt "$2" ] || { kill -KILL "-$1"; exit; }
	sleep 1
	w=$((w + 1))
done' sh "$p" "$LIMIT" </dev/null >/dev/null 2>&1 &
d=$!
wait "$p"
s=$?
kill -KILL "-$d" 2>/dev/null || kill -KILL "$d" 2>/dev/null
return "$s"
`

// endOnHost kills what a command that is not waited for any more has started.
const endOnHost = `
k=0
while [ "$k" -lt 20 ]; do
	f=$(grep -ls -- "XDC_FAULT=$XDC_NAME" /proc/[0-9]*/environ 2>/dev/null) || return 0
	for e in $f; do e=${e#/proc/}; kill -KILL "${e%/environ}" 2>/dev/null; done
	k=$((k + 1)); sleep 0.1 2>/dev/null || sleep 1
done
return 1
`

// place is where a command runs.
func (a *arguments) place() providers.Place {
	target, host, _ := strings.Cut(a.Host, ".")
	return providers.Place{Target: target, Host: host}
}

// doOnHost runs the command on a host.
func (a *action) doOnHost(ctx context.Context, id providers.StepID, args *arguments) (providers.ActionResult, error) {
	m, err := a.machine(args)
	if err != nil {
		return providers.ActionResult{}, err
	}
	env, err := args.environment(a.env)
	if err != nil {
		return providers.ActionResult{}, err
	}
	stdin, err := args.Stdin.Reveal(a.env)
	if err != nil {
		return providers.ActionResult{}, fmt.Errorf("read what is handed over on standard input: %w", err)
	}
	limit := longest
	if end, ok := ctx.Deadline(); ok {
		limit = max(time.Until(end), time.Second)
	}
	name := providers.UniqueName(id.Run, id.Step)
	s := shell.Script{Name: "exec", Text: runOnHost, Input: []byte(stdin), Plain: args.Plain}
	if s.Input == nil {
		s.Input = []byte{}
	}
	s = s.Set("XDC_NAME", name).Set("DIR", args.Directory).SetList("ENV", env).SetList("COMMAND", args.Command).Set("LIMIT", strconv.Itoa(int(limit/time.Second)+1))
	doing := "run " + Quote(args.Command) + " on " + args.Host
	out, err := m.Run(ctx, s)
	if err != nil || ctx.Err() != nil && !args.expected(out.Exit) {
		if ctx.Err() != nil { // it may still run there
			after, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
			defer cancel()
			end := shell.Script{Name: "end exec", Text: endOnHost, Plain: args.Plain}.Set("XDC_NAME", name)
			if e, bad := m.Run(after, end); bad != nil || e.Exit != 0 {
				return providers.ActionResult{}, fmt.Errorf("%s: %w; it could not be killed, and ends there when its time is over", doing, context.Cause(ctx))
			}
			return providers.ActionResult{}, fmt.Errorf("%s: it was killed: %w", doing, context.Cause(ctx))
		}
		return providers.ActionResult{}, fmt.Errorf("%s: %w", doing, err)
	}
	kept := &output{}
	_, _ = kept.Write([]byte(out.Stdout + out.Stderr)) // it cannot fail
	res := providers.ActionResult{Output: kept.String(), ExitCode: &out.Exit}
	if !args.expected(out.Exit) {
		return res, fmt.Errorf("%s: it ended with exit code %d, and %s was expected%s", doing, out.Exit, args.wanted(), kept.last())
	}
	return res, nil
}

func (a *action) machine(args *arguments) (providers.Machine, error) {
	if a.env.Machine == nil {
		return nil, fmt.Errorf("run a command on %s: there is no machine to run it on here: %w", args.Host, providers.ErrUnsupported)
	}
	m, err := a.env.Machine(args.place())
	if err != nil {
		return nil, fmt.Errorf("reach %s: %w", args.Host, err)
	}
	return m, nil
}

// checkOnHost looks whether the program is there.
func (a *action) checkOnHost(ctx context.Context, args *arguments) error {
	m, err := a.machine(args)
	if err != nil {
		return err
	}
	f, err := m.Facts(ctx)
	if err != nil {
		return fmt.Errorf("look what %s is: %w", args.Host, err)
	}
	if f.System != "Linux" || !f.Has("setsid") {
		return fmt.Errorf("%s is a %s machine without setsid: commands on hosts need Linux and util-linux or busybox: %w", args.Host, f.System, providers.ErrUnsupported)
	}
	out, err := m.Run(ctx, shell.Script{Name: "find the program", Text: `command -v -- "$PROGRAM" >/dev/null 2>&1 || { [ -f "$PROGRAM" ] && [ -x "$PROGRAM" ]; }`, Plain: args.Plain}.Set("PROGRAM", args.Command[0]))
	if err != nil {
		return fmt.Errorf("find the program %s on %s: %w", args.Command[0], args.Host, err)
	}
	if out.Exit != 0 {
		return fmt.Errorf("find the program %s on %s: it is not there; give its full path, or install it there", args.Command[0], args.Host)
	}
	return nil
}

// environment are the variables to add, NAME=VALUE.
func (a *arguments) environment(env providers.Env) ([]string, error) {
	out := []string{}
	for _, k := range slices.Sorted(maps.Keys(a.Env)) {
		v, err := a.Env[k].Reveal(env)
		if err != nil {
			return nil, fmt.Errorf("read the environment variable %s: %w", k, err)
		}
		if strings.ContainsRune(v, 0) {
			return nil, fmt.Errorf("the environment variable %s has a zero byte in it", k)
		}
		out = append(out, k+"="+v)
	}
	return out, nil
}

var errSecretInBackground = errors.New("a background command takes no sensitive values: its undo is kept on disk. Have it read them from a file")
