package cli

import (
	_ "embed" // the scaffold
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"

	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/cmd/internal/view"
)

//go:embed scaffold.xdc.hcl.tmpl
var scaffold string

// Init scaffolds a plan.
type Init struct {
	Dir       string `arg:"" optional:"" default:"." help:"Folder to write to; the working directory if none is given."`
	Name      string `name:"name" placeholder:"NAME" help:"Name of the plan (${default})." default:"failover_drill"`
	First     string `name:"first" placeholder:"URL" help:"Address of the Streams REST API of the first data centre."`
	Second    string `name:"second" placeholder:"URL" help:"Address of the Streams REST API of the second data centre."`
	Instance  string `name:"instance" placeholder:"NAME" help:"Name of the Streams instance in both (${default})." default:"streams1"`
	Job       string `name:"job" placeholder:"NAME" help:"Name under which the application already runs in both (${default})." default:"orders"`
	Objective string `name:"objective" placeholder:"DURATION" help:"How long recovery may take (${default})." default:"60s"`
	Force     bool   `name:"force" help:"Write over files that are there."`
}

// Help has examples.
func (Init) Help() string {
	return "Asks for what was not given, on a terminal; in a script it takes the defaults. The plan it writes can be rehearsed at once.\n\n" +
		"Examples:\n\n    xdc init drills\n    xdc init drills --first https://streams.dc1.example.com:8443 --second https://streams.dc2.example.com:8443 --job orders\n"
}

// The values in a script that gives no addresses: names that exist nowhere.
const (
	exampleFirst  = "https://streams.dc1.example.com:8443"
	exampleSecond = "https://streams.dc2.example.com:8443"
)

var (
	planName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)
	period   = regexp.MustCompile(`^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$`)
)

// Run writes the plan.
func (i *Init) Run(c *Context) error {
	if c.Interactive() {
		if err := i.ask(c); err != nil {
			return err
		}
	}
	i.First, i.Second = orElse(i.First, exampleFirst), orElse(i.Second, exampleSecond)
	if err := i.check(); err != nil {
		return err
	}
	text, err := i.text()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(i.Dir, 0o755); err != nil { //nolint:gosec // a plan is shared with others
		return fmt.Errorf("make the folder for the plan: %w", err)
	}
	name := filepath.Join(i.Dir, i.Name+".xdc.hcl")
	flag := os.O_CREATE | os.O_WRONLY | os.O_EXCL
	if i.Force {
		flag = os.O_CREATE | os.O_WRONLY | os.O_TRUNC
	}
	f, err := os.OpenFile(name, flag, 0o644) //nolint:gosec // a plan is shared with others
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s is there already: give another --name, or --force to write over it", name)
	}
	if err != nil {
		return fmt.Errorf("write the plan: %w", err)
	}
	if _, err = f.Write(text); err != nil {
		_ = f.Close() // the first error counts
		return fmt.Errorf("write the plan: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("write the plan: %w", err)
	}
	shown := view.Clean(name)
	_, err = fmt.Fprintf(c.Out, "Wrote %s. Next:\n\n    xdc plan %s\n    xdc rehearse %s\n", shown, shown, shown)
	return err
}

// ask asks for everything, offering what was given or the default.
func (i *Init) ask(c *Context) error {
	for _, q := range []struct {
		question, fallback string
		to                 *string
	}{
		{"Name of the plan", i.Name, &i.Name},
		{"Streams REST API of the first data centre", orElse(i.First, exampleFirst), &i.First},
		{"Streams REST API of the second data centre", orElse(i.Second, exampleSecond), &i.Second},
		{"Name of the Streams instance in both", i.Instance, &i.Instance},
		{"Name of the job under test", i.Job, &i.Job},
		{"How long may recovery take", i.Objective, &i.Objective},
	} {
		answer, err := c.Ask(q.question, q.fallback)
		if err != nil {
			return err
		}
		*q.to = answer
	}
	return nil
}

func orElse(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

func (i *Init) check() error {
	if !planName.MatchString(i.Name) {
		return fmt.Errorf("%q is no name for a plan: letters, digits, _ and -, beginning with a letter", i.Name)
	}
	if !period.MatchString(i.Objective) {
		return fmt.Errorf("%q is not a duration: write it as 60s, 5m or 1m30s", i.Objective)
	}
	for _, u := range []string{i.First, i.Second} {
		p, err := url.Parse(u)
		if err != nil || p.Scheme != "https" || p.Host == "" || p.User != nil {
			return fmt.Errorf("%q is not the address of a REST API: write it as https://host:8443, without a user in it", u)
		}
	}
	return nil
}

// text is the plan, with every value quoted as HCL has it.
func (i *Init) text() ([]byte, error) {
	quote := func(s string) string { return string(hclwrite.TokensForValue(cty.StringVal(s)).Bytes()) }
	t, err := template.New("scaffold").Funcs(template.FuncMap{"quote": quote}).Parse(scaffold)
	if err != nil {
		return nil, fmt.Errorf("read the scaffold: %w", err)
	}
	var b strings.Builder
	if err := t.Execute(&b, i); err != nil {
		return nil, fmt.Errorf("make the plan: %w", err)
	}
	return hclwrite.Format([]byte(b.String())), nil
}
