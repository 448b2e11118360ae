package xdc_test

import (
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/xdc-project/xdc/engine/plan"
	"github.com/xdc-project/xdc/lang/check"
	"github.com/xdc-project/xdc/lang/config"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/source"
	"github.com/xdc-project/xdc/lang/syntax"
	"github.com/xdc-project/xdc/plans"
	"github.com/xdc-project/xdc/providers/all"
)

// documents are the texts for people: docs, README.md, CONTRIBUTING.md and the examples' own.
func documents(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"docs", "examples"} {
		err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && strings.HasSuffix(name, ".md") {
				found = append(found, name)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// planned reads, checks and plans files as xdc does, without secrets.
func planned(t *testing.T, paths ...string) {
	t.Helper()
	set, found := source.Load(paths)
	stop := func() bool { return found.HasErrors() }
	if !stop() {
		tree, ds := syntax.Parse(set)
		mod, more := config.Decode(tree)
		found = append(append(found, ds...), more...)
		if !stop() {
			found = append(found, planModule(mod)...)
		}
	}
	for _, d := range found.Errors() {
		t.Errorf("%s: %s: %s", d.Code, d.Summary, d.Detail)
	}
}

func planModule(mod *config.Module) diag.List {
	registry := all.Registry()
	prog, found := check.Run(mod, registry, check.Inputs{Version: "0.1.0", AllowMissingSecrets: true, Shipped: plans.Find})
	if found.HasErrors() {
		return found
	}
	_, more := plan.New(prog, registry, plan.Options{Mode: "rehearse", Version: "0.1.0"})
	return append(found, more...)
}

var (
	hclBlock  = regexp.MustCompile("(?ms)^```hcl([^\n]*)\n(.*?)^```$")
	wholePlan = regexp.MustCompile(`(?m)^(plan|target) "`)
)

func TestPlansInTheDocumentationWork(t *testing.T) {
	whole := 0
	for _, name := range documents(t) {
		for _, m := range hclBlock.FindAllStringSubmatch(read(t, name), -1) {
			if strings.TrimSpace(m[1]) == "fragment" || !wholePlan.MatchString(m[2]) {
				if _, ds := hclsyntax.ParseConfig([]byte(m[2]), name, hcl.InitialPos); ds.HasErrors() {
					t.Errorf("%s: %v, in\n%s", name, ds, m[2])
				}
				continue
			}
			whole++
			t.Run(name, func(t *testing.T) {
				file := filepath.Join(t.TempDir(), "p.xdc.hcl")
				if err := os.WriteFile(file, []byte(m[2]), 0o600); err != nil {
					t.Fatal(err)
				}
				planned(t, file)
			})
		}
	}
	if whole == 0 {
		t.Error("no whole plan was found: the tutorial has one")
	}
}

func TestExamplesCanBePlanned(t *testing.T) {
	dirs, err := os.ReadDir("examples")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, d := range dirs {
		if !d.IsDir() {
			continue
		}
		seen++
		t.Run(d.Name(), func(t *testing.T) { planned(t, filepath.Join("examples", d.Name())) })
	}
	if seen < 5 {
		t.Errorf("only %d examples were found", seen)
	}
}

var (
	fenced  = regexp.MustCompile("(?ms)^```.*?^```$")
	quoted  = regexp.MustCompile("`[^`\n]*`")
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
	anchor  = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
)

// anchors are the names under which a page's headings can be linked to, as forges make them.
func anchors(text string) map[string]bool {
	out := map[string]bool{}
	for _, m := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
		out[strings.ReplaceAll(anchor.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-")] = true
	}
	return out
}

func TestLinksInTheDocumentationResolve(t *testing.T) {
	seen := 0
	for _, name := range documents(t) {
		text := quoted.ReplaceAllString(fenced.ReplaceAllString(read(t, name), ""), "``")
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			u, err := url.Parse(m[1])
			if err != nil {
				t.Errorf("%s: %s: %v", name, m[1], err)
				continue
			}
			if u.Scheme != "" {
				continue
			}
			seen++
			to := name
			if u.Path != "" {
				to = filepath.Join(filepath.Dir(name), filepath.FromSlash(u.Path))
			}
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s links to %s, which is not there", name, m[1])
			} else if u.Fragment != "" && !anchors(read(t, to))[u.Fragment] {
				t.Errorf("%s links to %s: there is no such heading", name, m[1])
			}
		}
	}
	if seen < 10 {
		t.Errorf("only %d links were found: the search is broken", seen)
	}
}
