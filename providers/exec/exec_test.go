//go:build unix

package execaction

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/xdc-project/xdc/providers"
)

func env() providers.Env {
	return providers.Env{Secret: func(slot string) (string, error) {
		if slot != "var.token" {
			return "", errors.New("no such secret")
		}
		return "t0ken", nil
	}}
}

func do(t *testing.T, args map[string]any) (providers.ActionResult, error) {
	t.Helper()
	raw, err := json.Marshal(args)
	if err != nil {
		t.Fatal(err)
	}
	return (&action{env()}).Do(t.Context(), providers.StepID{}, raw)
}

func TestACommandGetsItsArgumentsAsTheyAre(t *testing.T) {
	res, err := do(t, map[string]any{"command": []string{"printf", "%s|", "a b", "$HOME", "'\"; rm -rf /", ""}})
	if err != nil || res.Output != "a b|$HOME|'\"; rm -rf /||" || *res.ExitCode != 0 {
		t.Errorf("got %+v, %v", res, err)
	}
}

func TestSecretsGoInByStandardInputAndEnvironment(t *testing.T) {
	secret := map[string]string{"secret": "var.token"}
	res, err := do(t, map[string]any{"command": []string{"sh", "-c", `cat; printf " %s" "$T"; pwd >&2`}, "stdin": secret, "env": map[string]any{"T": secret}, "directory": t.TempDir()})
	if err != nil || !strings.HasPrefix(res.Output, "t0ken t0ken") || !strings.Contains(res.Output, "TestSecretsGoIn") {
		t.Errorf("got %+v, %v", res, err)
	}
}

func TestExitCodes(t *testing.T) {
	res, err := do(t, map[string]any{"command": []string{"sh", "-c", "echo no such pool >&2; exit 3"}})
	if err == nil || *res.ExitCode != 3 || !strings.Contains(err.Error(), "exit code 3, and 0 was expected; it wrote: no such pool") {
		t.Errorf("got %+v, %v", res, err)
	}
	if res, err := do(t, map[string]any{"command": []string{"sh", "-c", "exit 3"}, "expect_exit": []int{0, 3}}); err != nil || *res.ExitCode != 3 {
		t.Errorf("got %+v, %v", res, err)
	}
	if _, err := do(t, map[string]any{"command": []string{"sh", "-c", "kill -9 $$"}}); err == nil || !strings.Contains(err.Error(), "signal") {
		t.Errorf("got %v", err)
	}
}

// What a command started dies with it when its time is over.
func TestATimeoutKillsTheWholeGroup(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "alive")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 300*time.Millisecond, errors.New("the step's time is over"))
	defer cancel()
	raw, _ := json.Marshal(map[string]any{"command": []string{"sh", "-c", `(sleep 1; touch "$1") & echo started; wait`, "sh", mark}})
	res, err := (&action{env()}).Do(ctx, providers.StepID{}, raw)
	if err == nil || !strings.Contains(err.Error(), "the step's time is over") || !strings.Contains(err.Error(), "it wrote: started") || res.ExitCode != nil {
		t.Errorf("got %+v, %v", res, err)
	}
	<-time.After(1200 * time.Millisecond) // a real process: there is no virtual time for it
	if _, err := os.Stat(mark); err == nil {
		t.Error("the command's child lived on")
	}
}

func TestOutputIsBounded(t *testing.T) {
	res, err := do(t, map[string]any{"command": []string{"sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' x"}})
	if err != nil || len(res.Output) > maxOutput+100 || !strings.Contains(res.Output, "bytes more were not kept") {
		t.Errorf("%d bytes, %v", len(res.Output), err)
	}
}

func TestWhatCannotRunIsSaidBefore(t *testing.T) {
	for args, word := range map[string]string{
		`{"command":["no-such-program-at-all"]}`: "no-such-program-at-all",
		`{"command":[]}`:                         "no program",
		`{"command":["true"],"host":"dc1.edge"}`: "no machine",
		`{"command":["true"],"env":{"A=B":"x"}}`: "environment variable",
		`{"command":"true"}`:                     "arguments",
	} {
		if err := (&action{env()}).Check(t.Context(), providers.StepID{}, json.RawMessage(args)); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%s: %v", args, err)
		}
	}
	if err := (&action{}).Check(t.Context(), providers.StepID{}, json.RawMessage(`{"command":["true"],"host":"dc1.edge"}`)); !errors.Is(err, providers.ErrUnsupported) {
		t.Errorf("got %v", err)
	}
}

func TestTheDryRunShowsTheCommandAsItWouldBeTyped(t *testing.T) {
	d, ds := describe(providers.Scope{}, json.RawMessage(`{"command":["echo","a b","it's","x\ny",""],"stdin":{"secret":"var.token"}}`))
	if want := `echo 'a b' 'it'\''s' $'x\ny' ''  (with standard input)`; len(ds) != 0 || d.Effects[0].Text != want {
		t.Errorf("got %s, %v", d.Effects[0].Text, ds)
	}
	if d, ds := describe(providers.Scope{}, json.RawMessage(`{"command":["true"],"host":"dc1.edge","background":true}`)); ds.HasErrors() || len(d.Undo) != 1 || len(d.Places) != 1 {
		t.Errorf("got %+v, %v", d, ds)
	}
}
