package reference_test

import (
	"bytes"
	"maps"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/reference"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/lang/value"
)

var health = &signal.Enum{Name: "health", Values: []string{"healthy", "unhealthy"}, Open: true}

func sample() reference.Providers {
	return reference.Providers{
		Connections: []reference.Entry{{
			Name: "streams", Provider: "streams", Doc: "The REST Management API. It needs a user.",
			Block: schema.Block{Name: "streams", Description: "How to reach it.", Attributes: []schema.Attribute{
				{Name: "url", Type: cty.String, Required: true, Description: "The address.", Example: `"https://x:8443"`},
				{Name: "password", Type: cty.String, Credential: true, Description: "The password.", Example: "var.password"},
			}},
			Example: `url = "https://x:8443"`,
			Signals: []schema.Signal{{Path: "job.*.health", Type: signal.Type{Kind: signal.EnumKind, Enum: health}, Description: "Its health.", Provider: "streams"}},
		}},
		Faults: []reference.Entry{{
			Name: "network_loss", Provider: "network", Doc: "Loses packets. As many as asked for.", Twin: true, Stages: true,
			Block: schema.Block{Name: "network_loss", Attributes: []schema.Attribute{
				{Name: "hosts", Type: cty.List(cty.String), Form: schema.HostRef, Required: true, Description: "Where.", Example: "[target.dc1.host.edge]"},
				{Name: "loss", Type: cty.Number, Form: schema.Percent, Description: "How much.", Min: new(0.0), Max: new(0.5)},
				{Name: "pause", Type: cty.String, Form: schema.Duration, Description: "How long.", Min: new(0.25), Default: cty.StringVal("1s")},
				{Name: "direction", Type: cty.String, Enum: []string{"in", "out"}, Default: cty.StringVal("in"), Description: "Which way."},
				{Name: "ports", Type: cty.List(cty.Number), Description: "Which ports."},
				{Name: "after", Type: cty.String, Form: schema.StepRef, Kinds: []addr.Kind{addr.Wait, addr.Action}, Description: "After what."},
			}, Blocks: []schema.Nested{{Max: 1, Block: schema.Block{Name: "burst", Description: "Bursts.", Attributes: []schema.Attribute{{Name: "size", Type: cty.Number, Form: schema.Size, Description: "How big."}}}}}},
			Example: "hosts=[target.dc1.host.edge]\n  loss =  \"1%\"",
		}},
		Actions: []reference.Entry{{Name: "exec", Provider: "exec", Doc: "Runs a command.", Block: schema.Block{Name: "exec"}}},
		Seeds:   []reference.Entry{{Name: "data_exchange", Provider: "data_exchange", Doc: "Posts records.", Audit: &schema.Block{Attributes: []schema.Attribute{{Name: "endpoint", Type: cty.String, Description: "Where from."}}}}},
		Signals: []schema.Signal{
			{Path: "job.*.health", Type: signal.Type{Kind: signal.EnumKind, Enum: health}, Description: "Its health.", Provider: "streams"},
			{Path: "endpoint[*].buffered", Type: signal.Type{Kind: signal.Number}, Description: "Records waiting.", Provider: "data_exchange"},
		},
		Assumptions: []reference.Assumption{{"streams", "rest.b", "Second.", "The manual."}, {"streams", "rest.a", "First.", ""}},
	}
}

func TestPagesOfProviders(t *testing.T) {
	pages := reference.Pages(sample())
	for _, name := range []string{"faults/network_loss.md", "connections/streams.md", "seeds/data_exchange.md", "signals.md", "assumptions.md", "README.md"} {
		file := filepath.Join("testdata", strings.ReplaceAll(name, "/", "_"))
		if os.Getenv("XDC_UPDATE") != "" {
			if err := os.MkdirAll("testdata", 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, pages[name], 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(pages[name])); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestNothingOfTheLanguageIsLeftOut(t *testing.T) {
	pages := reference.Pages(sample())
	language := string(pages["language.md"])
	var walk func(b schema.Block, where string)
	walk = func(b schema.Block, where string) {
		for _, a := range b.Attributes {
			if !strings.Contains(language, "- `"+a.Name+"` (") || !strings.Contains(language, strings.Join(strings.Fields(a.Description), " ")) {
				t.Errorf("%s%s.%s is not described", where, b.Name, a.Name)
			}
		}
		for _, n := range b.Blocks {
			walk(n.Block, where+b.Name+".")
		}
	}
	for _, b := range schema.Core() {
		walk(b, "")
		if !strings.Contains(language, "\n## `"+b.Name+"`\n") && b.Name != schema.ApproveType {
			t.Errorf("%s has no section", b.Name)
		}
	}
	for _, k := range addr.Kinds() {
		for _, a := range schema.Meta(k) {
			if !strings.Contains(language, "### `"+a.Name+"`\n") {
				t.Errorf("the meta-argument %s is not described", a.Name)
			}
		}
		for _, r := range schema.Results(k) {
			if !strings.Contains(string(pages["conditions-names.md"]), "- `"+r.Name+"` (") {
				t.Errorf("%s.%s is not described", k, r.Name)
			}
		}
	}
	for _, d := range value.FunctionDocs() {
		if !bytes.Contains(pages["functions.md"], []byte("### `"+d.Name+"`\n")) {
			t.Errorf("the function %s is not described", d.Name)
		}
	}
	for _, i := range diag.Codes() {
		if !bytes.Contains(pages["diagnostics.md"], []byte("## "+string(i.Code)+": "+i.Title+"\n\n"+i.Help)) {
			t.Errorf("%s is not described", i.Code)
		}
	}
}

func TestFindingsAsJSONAreDescribedWhole(t *testing.T) {
	page := string(reference.Pages(sample())["diagnostics.md"])
	var walk func(ty reflect.Type, prefix string)
	walk = func(ty reflect.Type, prefix string) {
		for ty.Kind() == reflect.Pointer || ty.Kind() == reflect.Slice {
			ty = ty.Elem()
		}
		if ty.Kind() != reflect.Struct {
			return
		}
		for f := range ty.Fields() {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			plain := strings.Replace(prefix, "related.", "", 1) // what is like the first place
			if !strings.Contains(page, plain+name) && !strings.Contains(page, "`"+name+"`") {
				t.Errorf("%s%s is not described", prefix, name)
			}
			next := prefix + name
			if f.Type.Kind() == reflect.Slice {
				next += "[]"
			}
			walk(f.Type, next+".")
		}
	}
	walk(reflect.TypeFor[diag.Report](), "")
}

func TestPagesAreTheSameEveryTime(t *testing.T) {
	a, b := reference.Pages(sample()), reference.Pages(sample())
	if diff := cmp.Diff(a, b); diff != "" {
		t.Error(diff)
	}
}

var (
	link    = regexp.MustCompile(`\]\(([^)#]*)(#[^)]*)?\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
)

// slug is the anchor that hosts of Markdown make of a heading.
func slug(h string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ' || r == '-':
			return '-'
		case r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z':
			return r
		}
		return -1
	}, strings.ToLower(h))
}

func TestLinksLeadSomewhere(t *testing.T) {
	pages := reference.Pages(sample())
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		text := string(pages[name])
		if n := len(regexp.MustCompile(`(?m)^# `).FindAllString(text, -1)); n != 1 {
			t.Errorf("%s has %d titles", name, n)
		}
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			to := name
			if m[1] != "" {
				to = path.Join(path.Dir(name), m[1])
			}
			page, ok := pages[to]
			if !ok {
				t.Errorf("%s: the link to %s leads nowhere", name, m[1])
				continue
			}
			if m[2] == "" {
				continue
			}
			found := false
			for _, h := range heading.FindAllStringSubmatch(string(page), -1) {
				found = found || "#"+slug(h[1]) == m[2]
			}
			if !found {
				t.Errorf("%s: %s has no heading %s", name, to, m[2])
			}
		}
		for i, line := range strings.Split(text, "\n") {
			if strings.HasSuffix(line, " ") || strings.Contains(line, "\t") {
				t.Errorf("%s line %d has stray white space: %q", name, i+1, line)
			}
		}
	}
}
