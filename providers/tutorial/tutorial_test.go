//go:build linux

package tutorial_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/engine/plan"
	"github.com/xdc-project/xdc/lang/check"
	"github.com/xdc-project/xdc/lang/config"
	"github.com/xdc-project/xdc/lang/source"
	"github.com/xdc-project/xdc/lang/syntax"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/all"
	"github.com/xdc-project/xdc/providers/providertest"
	"github.com/xdc-project/xdc/providers/tutorial"
)

var id = providers.StepID{Run: "20260101T000000Z-abcdefgh", Step: "fault.file_empty.x"}

func targets() map[string]providers.Target {
	return map[string]providers.Target{"dc1": {Name: "dc1", Hosts: []providers.Host{{Name: "edge", Address: "10.0.1.10"}}}}
}

// node is a machine with a file of ours, and a link to it.
func node(t *testing.T) *providertest.Node {
	n := providertest.NewNode(t, "edge")
	n.Must(t, "sh", "-c", "echo port=25091 >/tmp/orders.conf; ln -s orders.conf /tmp/link; touch '/tmp/a b'")
	return n
}

func envOf(n *providertest.Node) providers.Env {
	return providers.Env{Run: id.Run, Targets: targets(), Machine: func(providers.Place) (providers.Machine, error) { return n, nil }}
}

func fault() providers.FaultType { return tutorial.Provider().Faults[0] }

func TestTheFaultOfTheTutorialConforms(t *testing.T) {
	t.Parallel()
	for _, sh := range [][]string{{"dash"}, {"busybox", "sh"}} {
		t.Run(sh[0], func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(sh[0]); err != nil {
				providertest.Lack(t, "needs %s: run make setup", sh[0])
			}
			providertest.Run(t, fault(), func(t *testing.T, try func(*testing.T, *providertest.World)) {
				n := node(t)
				n.Shell = sh
				try(t, world(n))
			})
		})
	}
}

// world is a machine with a file that is to look empty, as an outsider sees it.
func world(n *providertest.Node) *providertest.World {
	return &providertest.World{
		Env: envOf(n), Fresh: func() providers.Env { return envOf(n) }, ID: id, TTL: 2 * time.Second,
		Args: json.RawMessage(`{"hosts":["dc1.edge"],"path":"/tmp/link"}`), Scope: providers.Scope{Targets: targets()},
		Owned: n.Has,
		State: func(ctx context.Context) (string, error) {
			b, err := n.Command(ctx, "sh", "-c", "cat /tmp/orders.conf; sed 's/^[0-9]* [0-9]* [^ ]* //' /proc/1/mountinfo; find /run /tmp ! -name xdc.log | sort").CombinedOutput()
			return string(b), err
		},
	}
}

func TestHostileValuesAreNothingButText(t *testing.T) {
	t.Parallel()
	providertest.Hostile(t, fault(), func(t *testing.T, try func(*testing.T, *providertest.World)) {
		n := node(t)
		n.Seal(t)
		try(t, world(n))
	})
}

// TestEveryFaultGoesThroughTheSuite has a registry of this package's own: nothing elsewhere knows of it.
func TestEveryFaultGoesThroughTheSuite(t *testing.T) {
	providertest.Covered(t, providers.NewRegistry(tutorial.Provider()), map[string]string{"file_empty": "tutorial"})
}

// TestTheTutorialShowsItsTests: what the page prints of this file is in it.
func TestTheTutorialShowsItsTests(t *testing.T) {
	page, err := os.ReadFile("../../docs/tutorial-fault.md")
	if err != nil {
		t.Fatal(err)
	}
	code, err := os.ReadFile("tutorial_test.go")
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile("(?m)(^    .*\n)+").FindAllString(string(page), -1)
	found := 0
	for _, s := range shown {
		s = regexp.MustCompile("(?m)^    ").ReplaceAllString(s, "")
		if !strings.Contains(s, "func Test") {
			continue
		}
		found++
		if !strings.Contains(string(code), strings.ReplaceAll(s, "    ", "\t")) {
			t.Errorf("docs/tutorial-fault.md shows tests that tutorial_test.go does not have:\n%s", s)
		}
	}
	if found != 2 {
		t.Errorf("the page shows %d tests", found)
	}
}

func TestWhatCannotBeUndoneSafelyIsRefused(t *testing.T) {
	t.Parallel()
	n := node(t)
	for file, why := range map[string]string{
		"orders.conf": "whole path", "/tmp/none": "there is no file", "/tmp": "there is no file", "/tmp/a b": "only letters", "/bin/sh": "may be needed to undo",
		"/tmp/$(touch /tmp/pwned)": "there is no file",
	} {
		args, err := json.Marshal(map[string]any{"hosts": []string{"dc1.edge"}, "path": file})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fault().New(envOf(n)).Prepare(t.Context(), id, args); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v, not %q", file, err, why)
		}
	}
	if found := n.Must(t, "ls", "/tmp"); strings.Contains(found, "pwned") {
		t.Errorf("a path was run as a program: %s", found)
	}
}

// TestTheTutorialsPlanWorks: once the provider is in the list, the plan of the page can be planned, and so can the example.
func TestTheTutorialsPlanWorks(t *testing.T) {
	page, err := os.ReadFile("../../docs/tutorial-fault.md")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile("(?ms)^```hcl fragment\n(.*?)^```$").FindSubmatch(page)
	if m == nil {
		t.Fatal("the page has no plan")
	}
	before, _, _ := strings.Cut(string(m[1]), "fault \"")
	registry := providers.NewRegistry(append(all.Providers(), tutorial.Provider())...)
	for _, text := range []string{string(m[1]), before + "fault \"file_empty\" \"x\" {\n" + fault().Example + "\n}\n"} {
		file := filepath.Join(t.TempDir(), "p.xdc.hcl")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		set, found := source.Load([]string{file})
		tree, more := syntax.Parse(set)
		found = append(found, more...)
		mod, more := config.Decode(tree)
		found = append(found, more...)
		if err := found.Err(); err != nil {
			t.Fatal(err)
		}
		prog, found := check.Run(mod, registry, check.Inputs{Version: "0.1.0"})
		if err := found.Err(); err != nil {
			t.Fatal(err)
		}
		_, found = plan.New(prog, registry, plan.Options{Mode: "apply", Version: "0.1.0"})
		if err := found.Err(); err != nil {
			t.Error(err)
		}
	}
}

// TestTheTutorialShowsTheWholeFile: what is printed between the texts of docs/tutorial-fault.md is this package's file, in order.
func TestTheTutorialShowsTheWholeFile(t *testing.T) {
	page, err := os.ReadFile("../../docs/tutorial-fault.md")
	if err != nil {
		t.Fatal(err)
	}
	code, err := os.ReadFile("tutorial.go")
	if err != nil {
		t.Fatal(err)
	}
	var shown []string
	for _, m := range regexp.MustCompile("(?ms)^```go\n(.*?)^```$").FindAllStringSubmatch(string(page), -1) {
		shown = append(shown, m[1])
	}
	if diff := cmp.Diff(string(code), strings.Join(shown, "\n")); diff != "" {
		t.Errorf("docs/tutorial-fault.md does not show tutorial.go as it is (-file +page):\n%s", diff)
	}
}
