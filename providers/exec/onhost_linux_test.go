package execaction

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/providertest"
)

var step = providers.StepID{Run: "20260101T000000Z-abcdefgh", Step: "action.exec.x"}

func onNode(n *providertest.Node) providers.Env {
	e := env()
	e.Machine = func(providers.Place) (providers.Machine, error) { return n, nil }
	e.Targets = map[string]providers.Target{"dc1": {Name: "dc1", Hosts: []providers.Host{{Name: "edge", Address: "10.0.1.10"}}}}
	return e
}

func TestACommandOnAHostGetsWhatItWouldGetHere(t *testing.T) {
	n := providertest.NewNode(t, "edge")
	a := &action{onNode(n)}
	for _, tc := range []struct{ args, out, err string }{
		{`{"host":"dc1.edge","command":["printf","%s|","a b","$HOME","'\"; rm -rf /","","-e"]}`, "a b|$HOME|'\"; rm -rf /||-e|", ""},
		{`{"host":"dc1.edge","command":["sh","-c","cat; printf \" $T\"; pwd"],"stdin":{"secret":"var.token"},"env":{"T":{"secret":"var.token"}},"directory":"/run"}`, "t0ken t0ken/run\n", ""},
		{`{"host":"dc1.edge","command":["sh","-c","echo no such pool >&2; exit 3"]}`, "no such pool\n", "exit code 3, and 0 was expected; it wrote: no such pool"},
		{`{"host":"dc1.edge","command":["sh","-c","exit 3"],"expect_exit":[0,3]}`, "", ""},
		{`{"host":"dc1.edge","command":["pwd"],"directory":"/nowhere"}`, "", "exit code 126"},
	} {
		res, err := a.Do(t.Context(), step, json.RawMessage(tc.args))
		if (err == nil) != (tc.err == "") || err != nil && !strings.Contains(err.Error(), tc.err) {
			t.Errorf("%s: %v", tc.args, err)
		}
		if tc.out != "" && res.Output != tc.out {
			t.Errorf("%s: wrote %q", tc.args, res.Output)
		}
	}
	if err := a.Check(t.Context(), step, json.RawMessage(`{"host":"dc1.edge","command":["no-such-program"]}`)); err == nil || !strings.Contains(err.Error(), "find the program no-such-program on dc1.edge") {
		t.Errorf("got %v", err)
	}
	left := ""
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); <-time.After(20 * time.Millisecond) {
		if left = n.Must(t, "sh", "-c", "ls -A /tmp; ps -eo args= | grep -c '[s]leep [0-9]*$' || true"); strings.TrimSpace(left) == "1" { // the node's own
			return
		}
	}
	t.Errorf("left behind: %s", left)
}

// What a command on a host started dies with it when its time is over.
func TestATimeoutKillsTheSessionOnTheHost(t *testing.T) {
	n := providertest.NewNode(t, "edge")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 400*time.Millisecond, context.DeadlineExceeded)
	defer cancel()
	_, err := (&action{onNode(n)}).Do(ctx, step, json.RawMessage(`{"host":"dc1.edge","command":["sh","-c","sleep 777 & sleep 778"]}`))
	if err == nil || !strings.Contains(err.Error(), "it was killed") {
		t.Errorf("got %v", err)
	}
	for end := time.Now().Add(5 * time.Second); n.Command(t.Context(), "pgrep", "-f", "sleep 77[78]").Run() == nil; <-time.After(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("its children live on")
		}
	}
}

func TestABackgroundCommandConforms(t *testing.T) {
	typ := Provider().Actions[0]
	ft := providers.FaultType{Name: "exec", Doc: typ.Doc, Schema: typ.Schema, Example: typ.Example, Describe: typ.Describe, New: typ.Deed}
	providertest.Run(t, ft, func(t *testing.T, try func(*testing.T, *providertest.World)) {
		n := providertest.NewNode(t, "edge")
		n.Must(t, "sh", "-c", "cp /bin/sleep /run/monitor")
		args := `{"host":"dc1.edge","background":true,"command":["sh","-c","sleep 0.2; exec /run/monitor 1000"],"ready":["pgrep","-x","monitor"],"stop":["pkill","-x","monitor"]}`
		try(t, &providertest.World{
			Env: onNode(n), Fresh: func() providers.Env { return onNode(n) }, ID: step, Args: json.RawMessage(args), TTL: 2 * time.Second,
			Scope: providers.Scope{Targets: onNode(n).Targets},
			State: func(context.Context) (string, error) {
				return n.Must(t, "sh", "-c", "find /run /tmp ! -name xdc.log | sort; ps -eo args= | grep '^/run/monitor' | sort"), nil //nolint:contextcheck // it has the test's
			},
		})
	})
}

func TestArgumentsThatDoNotGoTogether(t *testing.T) {
	for args, word := range map[string]string{
		`{"command":["a"],"ready":["b"]}`:                                        "background = true",
		`{"command":["a"],"background":true,"stdin":"x"}`:                        "no standard input",
		`{"command":["a"],"background":true,"env":{"A":{"secret":"var.token"}}}`: "no sensitive values",
		`{"command":["a"],"background":true,"plain":true,"host":"dc1.edge"}`:     "leave `plain` out",
		`{"command":["a"],"background":true,"expect_exit":[1]}`:                  "not waited for",
	} {
		if _, err := decode(json.RawMessage(args)); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%s: %v", args, err)
		}
		if _, ds := describe(providers.Scope{}, json.RawMessage(args)); !ds.HasErrors() {
			t.Errorf("%s is planned", args)
		}
	}
}
