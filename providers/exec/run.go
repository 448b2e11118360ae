package execaction

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/xdc-project/xdc/providers"
)

// Limits of a command.
const (
	maxOutput = 1 << 20         // bytes of output that are kept
	lastWords = 400             // bytes of output that an error quotes
	grace     = 2 * time.Second // between the kill and giving up on its output
)

// action runs the command.
type action struct{ env providers.Env }

var _ providers.Action = (*action)(nil)

// Check looks whether the program is there. It runs nothing.
func (a *action) Check(ctx context.Context, _ providers.StepID, raw json.RawMessage) error {
	args, err := decode(raw)
	if err != nil {
		return err
	}
	if args.Host != "" {
		return a.checkOnHost(ctx, args)
	}
	if _, err := exec.LookPath(args.Command[0]); err != nil {
		return fmt.Errorf("find the program %s: %w; give its full path, or install it on this machine", args.Command[0], err)
	}
	return nil
}

// Do runs the command and waits for it. When the context ends, its whole process group is killed.
func (a *action) Do(ctx context.Context, id providers.StepID, raw json.RawMessage) (providers.ActionResult, error) {
	args, err := decode(raw)
	if err != nil {
		return providers.ActionResult{}, err
	}
	if args.Host != "" {
		return a.doOnHost(ctx, id, args)
	}
	cmd, err := a.command(ctx, args)
	if err != nil {
		return providers.ActionResult{}, err
	}
	out := &output{}
	cmd.Stdout, cmd.Stderr = out, out
	doing := "run " + Quote(args.Command)
	err = cmd.Run()
	res := providers.ActionResult{Output: out.String()}
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return res, fmt.Errorf("%s: it was killed: %w%s", doing, context.Cause(ctx), out.last())
	case errors.Is(err, exec.ErrWaitDelay):
		code := cmd.ProcessState.ExitCode()
		res.ExitCode = &code
		return res, fmt.Errorf("%s: it ended, but something that it started goes on and holds its output; have it start nothing in the background", doing)
	case errors.As(err, &exit):
		code := exit.ExitCode()
		if code < 0 {
			return res, fmt.Errorf("%s: it was ended by a signal (%s)%s", doing, exit.ProcessState, out.last())
		}
		res.ExitCode = &code
	case err != nil:
		return res, fmt.Errorf("%s: %w", doing, err)
	default:
		zero := 0
		res.ExitCode = &zero
	}
	if !args.expected(*res.ExitCode) {
		return res, fmt.Errorf("%s: it ended with exit code %d, and %s was expected%s", doing, *res.ExitCode, args.wanted(), out.last())
	}
	return res, nil
}

func (a *action) command(ctx context.Context, args *arguments) (*exec.Cmd, error) {
	cmd := exec.CommandContext(ctx, args.Command[0], args.Command[1:]...) //nolint:gosec // the plan's author asks for it
	cmd.Dir = args.Directory
	env, err := args.environment(a.env)
	if err != nil {
		return nil, err
	}
	cmd.Env = append(os.Environ(), env...)
	stdin, err := args.Stdin.Reveal(a.env)
	if err != nil {
		return nil, fmt.Errorf("read what is handed over on standard input: %w", err)
	}
	cmd.Stdin = strings.NewReader(stdin)
	cmd.WaitDelay = grace
	together(cmd)
	return cmd, nil
}

func (a *arguments) expected(code int) bool {
	if len(a.ExpectExit) == 0 {
		return code == 0
	}
	return slices.Contains(a.ExpectExit, code)
}

func (a *arguments) wanted() string {
	if len(a.ExpectExit) == 0 {
		return "0"
	}
	parts := make([]string, len(a.ExpectExit))
	for i, c := range a.ExpectExit {
		parts[i] = fmt.Sprint(c)
	}
	return strings.Join(parts, " or ")
}

// output keeps the beginning of what a command writes.
type output struct {
	mu   sync.Mutex
	buf  bytes.Buffer
	lost int
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	room := max(maxOutput-o.buf.Len(), 0)
	kept := p[:min(len(p), room)]
	o.buf.Write(kept)
	o.lost += len(p) - len(kept)
	return len(p), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := strings.ToValidUTF8(o.buf.String(), string(utf8.RuneError))
	if o.lost > 0 {
		s += fmt.Sprintf("\n(%d bytes more were not kept)\n", o.lost)
	}
	return s
}

// last is the end of the output, for errors.
func (o *output) last() string {
	s := strings.TrimSpace(o.String())
	if s == "" {
		return "; it wrote nothing"
	}
	if len(s) > lastWords {
		s = "..." + strings.ToValidUTF8(s[len(s)-lastWords:], "")
	}
	return "; it wrote: " + s
}
