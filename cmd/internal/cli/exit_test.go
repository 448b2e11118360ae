package cli_test

import (
	"errors"
	"testing"

	"github.com/xdc-project/xdc/cmd/internal/cli"
	"github.com/xdc-project/xdc/engine/exec"
)

func TestTheFirstCodeThatAppliesWins(t *testing.T) {
	order := []cli.Exit{cli.Owed, cli.Interrupted, cli.Broken, cli.NotMet, cli.Failure, cli.OK}
	for i, a := range order {
		for _, b := range order[i:] {
			if got := cli.First(b, a, cli.OK); got != a {
				t.Errorf("of %d and %d, %d applies; want %d", a, b, got, a)
			}
		}
	}
	if got := cli.First(); got != cli.OK {
		t.Errorf("with no code, %d; want 0", got)
	}
}

func TestExitCodeOfARun(t *testing.T) {
	reasons := func(codes ...exec.Code) (o exec.Outcome) {
		for _, c := range codes {
			o.Reasons = append(o.Reasons, exec.Reason{Code: c, Text: "because"})
		}
		return o
	}
	lost := errors.New("disk full")
	for _, c := range []struct {
		name   string
		out    exec.Outcome
		report error
		want   cli.Exit
	}{
		{"every must met", reasons(), nil, cli.OK},
		{"a must not met", reasons(exec.NotMet), nil, cli.NotMet},
		{"broken and not met", reasons(exec.NotMet, exec.Broken), nil, cli.Broken},
		{"interrupted and broken", reasons(exec.Broken, exec.Interrupted, exec.NotMet), nil, cli.Interrupted},
		{"owed whatever else", reasons(exec.Broken, exec.Interrupted, exec.NotMet, exec.Owed), nil, cli.Owed},
		{"not started", reasons(exec.NotStarted), nil, cli.Failure},
		{"report lost after success", reasons(), lost, cli.Broken},
		{"report lost after a failure changes nothing", reasons(exec.NotMet), lost, cli.NotMet},
		{"report lost while owed", reasons(exec.Owed), lost, cli.Owed},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := cli.OfRun(c.out, c.report); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
			if o := c.out; c.report == nil {
				var codes []cli.Exit
				for _, r := range o.Reasons {
					codes = append(codes, cli.Exit(r.Code))
				}
				if got := cli.First(codes...); got != c.want {
					t.Errorf("First disagrees: %d", got)
				}
			}
		})
	}
}
