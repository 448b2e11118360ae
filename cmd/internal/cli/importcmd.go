package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/xdc-project/xdc/cmd/internal/view"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/scenario"
)

// Import turns a YAML scenario of the older Python framework into a plan.
type Import struct {
	Files    []string `arg:"" name:"file" help:"The framework's config and one scenario, in any order. Without the config, the data centres in the plan are made up."`
	Out      string   `name:"out" placeholder:"DIR" default:"-" help:"Folder to write the plan to; - is standard output (${default})."`
	Username string   `name:"username" placeholder:"NAME" help:"User of the Streams REST API, which the framework's files do not have."`
}

// Help has examples.
func (Import) Help() string {
	return "Every key of both files is taken over or reported with its line. What a person has to decide stands in the plan as a comment with TODO(you). " +
		"No file is overwritten.\n\nExamples:\n\n    xdc import config.yaml scenarios/partition.yaml --out drills\n    xdc import config.yaml scenarios/partition.yaml --username xdc > partition.xdc.hcl\n"
}

// Run reads the files and writes the plan.
func (i *Import) Run(c *Context) error {
	if len(i.Files) > 2 {
		return errors.New("import takes one scenario and one config: one plan is made of them")
	}
	o := scenario.Options{Username: i.Username, Catalog: c.Registry}
	for _, name := range i.Files {
		b, err := readYAML(name)
		if err != nil {
			return err
		}
		o.Files = append(o.Files, scenario.File{Name: name, Bytes: b})
	}
	if o.Username == "" && c.Interactive() {
		name, err := c.Ask("User of the Streams REST API (empty: decide later)", "")
		if err != nil {
			return err
		}
		o.Username = name
	}
	dir := i.Out
	if dir == "-" {
		dir = "."
	}
	o.Path = func(file, p string) string { return rebase(p, filepath.Dir(file), dir) }
	res, found := scenario.Import(o)
	texts := func(name string) []byte { return res.Texts[name] }
	if err := i.report(c, texts, found); err != nil {
		return err
	}
	if i.Out == "-" {
		_, err := c.Out.Write(res.Plan)
		return err
	}
	return i.write(c, res, found)
}

// report shows the findings on standard error, also as JSON: standard output has the plan.
func (i *Import) report(c *Context, texts func(string) []byte, found diag.List) error {
	if !c.JSON {
		return c.reportText(texts, found)
	}
	if err := view.FindingsJSON(c.Side, texts, found); err != nil {
		return err
	}
	if found.HasErrors() {
		return &ExitError{Code: Failure}
	}
	return nil
}

// write puts the plan into its folder, where no file of that name may be.
func (i *Import) write(c *Context, res scenario.Result, found diag.List) error {
	if err := os.MkdirAll(i.Out, 0o755); err != nil { //nolint:gosec // a plan is shared with others
		return fmt.Errorf("make the folder for the plan: %w", err)
	}
	name := filepath.Join(i.Out, res.Name+".xdc.hcl")
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o644) //nolint:gosec // a plan is shared with others
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s is there already: give another folder with --out, or move it away", name)
	}
	if err != nil {
		return fmt.Errorf("write the plan: %w", err)
	}
	_, err = f.Write(res.Plan)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write the plan: %w", err)
	}
	shown := view.Clean(name)
	_, err = fmt.Fprintf(c.Out, "Wrote %s, with %d findings about what was imported. Look for TODO(you) in it. Next:\n\n    xdc plan %s\n    xdc rehearse %s\n",
		shown, len(found), shown, shown)
	return err
}

// readYAML reads a file, but no more of it than an import may have and one byte.
func readYAML(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("import: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, scenario.MaxFile+1))
	if err != nil {
		return nil, fmt.Errorf("import: %w", err)
	}
	return b, nil
}

// rebase turns a path that is relative to one folder into one that is relative to another.
func rebase(p, from, to string) string {
	if filepath.IsAbs(p) || p == "" || p[0] == '~' {
		return p
	}
	a, err := filepath.Abs(filepath.Join(from, p))
	if err != nil {
		return p
	}
	b, err := filepath.Abs(to)
	if err != nil {
		return p
	}
	rel, err := filepath.Rel(b, a)
	if err != nil {
		return p
	}
	return filepath.ToSlash(rel)
}
