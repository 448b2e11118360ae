package main

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/xdc-project/xdc/providers/lab"
)

func TestMain(m *testing.M) {
	lab.Main()
	testscript.Main(m, map[string]func(){"xdc": func() {
		hooks, way = killHooks(), wayOfTests
		main()
	}})
}

// wayOfTests says that XDC_TEST_WAY is the address from which every address is reached; without it nobody can tell.
func wayOfTests(address string) (netip.Addr, bool) {
	from, err := netip.ParseAddr(os.Getenv("XDC_TEST_WAY"))
	_, bad := netip.ParseAddr(address)
	return from, err == nil && bad == nil
}

// The scripts are the command line as users see it; XDC_UPDATE=1 rewrites the files that they compare with.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", UpdateScripts: os.Getenv("XDC_UPDATE") != "",
		RequireExplicitExec: true, RequireUniqueNames: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "has": has, "same": same, "nosecret": noSecret, "appears": appears},
		Condition: func(cond string) (bool, error) {
			if cond != "race" {
				return false, fmt.Errorf("there is no condition %q", cond)
			}
			return raced, nil
		},
		Setup: func(e *testscript.Env) error {
			e.Setenv("NO_COLOR", "1")
			e.Setenv("HOME", e.WorkDir)
			return nil
		},
	})
}

// exits runs a command that must end with a code: exits CODE COMMAND ARG...
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND ARG...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	code := 0
	if e, ok := err.(*exec.ExitError); ok { //nolint:errorlint // testscript returns it as it is
		code = e.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if code != want {
		ts.Fatalf("ends with %d, want %d", code, want)
	}
}
