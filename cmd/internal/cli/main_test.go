package cli_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/xdc-project/xdc/cmd/internal/cli"
	"github.com/xdc-project/xdc/providers"
)

func run(t *testing.T, args ...string) (code int, out, side string) {
	t.Helper()
	var o, s bytes.Buffer
	p := cli.Program{Registry: func() *providers.Registry { return providers.NewRegistry() }, Version: cli.Version{Number: "1.2.3"}}
	code = p.Main(args, strings.NewReader(""), &o, &s, func(string) (string, bool) { return "", false })
	return code, o.String(), s.String()
}

var commandLine = regexp.MustCompile(`(?m)^  (\w+)(?: .*)?$`)

func TestHelpOfEveryCommandHasAnExample(t *testing.T) {
	code, out, _ := run(t, "--help")
	if code != 0 {
		t.Fatalf("xdc --help ends with %d", code)
	}
	_, list, _ := strings.Cut(out, "Commands:")
	list, _, _ = strings.Cut(list, "Flags:")
	seen := 0
	for _, m := range commandLine.FindAllStringSubmatch(list, -1) {
		seen++
		code, help, side := run(t, m[1], "--help")
		if code != 0 || !strings.Contains(help, "Example") || !strings.Contains(help, "    xdc "+m[1]) {
			t.Errorf("xdc %s --help (%d) has no example:\n%s%s", m[1], code, help, side)
		}
	}
	if seen < 8 {
		t.Errorf("only %d commands were found in:\n%s", seen, out)
	}
}

func TestWrongUsageEndsWithOneAndSaysWhereHelpIs(t *testing.T) {
	for _, args := range [][]string{{"plam"}, {"plan", "--nonsense"}, {"plan", "--var", "x"}, {"graph", "--format", "png"}} {
		code, out, side := run(t, args...)
		if code != 1 || out != "" || !strings.Contains(side, "--help") {
			t.Errorf("xdc %v: %d, %q, %q", args, code, out, side)
		}
	}
}

func TestCompletionNamesEveryCommand(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		code, out, _ := run(t, "completion", shell)
		for _, want := range []string{"validate", "console", "schema", "var-file"} {
			if code != 0 || !strings.Contains(out, want) {
				t.Errorf("%s: %d, no %q", shell, code, want)
			}
		}
	}
}
