package cli

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/xdc-project/xdc/lang/reference"
	"github.com/xdc-project/xdc/providers"
)

// Internal has commands for building xdc itself.
type Internal struct {
	Docs InternalDocs `cmd:"" help:"Write the generated pages of the reference."`
}

// InternalDocs writes the reference.
type InternalDocs struct {
	Dir string `arg:"" help:"Folder to write to."`
}

// Help has an example.
func (InternalDocs) Help() string { return "Example:\n\n    xdc internal docs docs/reference\n" }

// Run writes it.
func (d *InternalDocs) Run(c *Context) error {
	pages := referencePages(c)
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		path := filepath.Join(d.Dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // pages of documentation
			return fmt.Errorf("write the reference: %w", err)
		}
		if err := os.WriteFile(path, pages[name], 0o644); err != nil { //nolint:gosec // pages of documentation
			return fmt.Errorf("write the reference: %w", err)
		}
	}
	return nil
}

// referencePages is every generated page by its path below docs/reference. The pages of the commands and the one
// that is written by hand are added to the index.
func referencePages(c *Context) map[string][]byte {
	pages := reference.Pages(known(c.Registry))
	pages["commands.md"] = commandPage(c.parser.Model)
	more := "- [Commands and their flags](commands.md)\n- [The machine-readable report](report-json.md)\n"
	const last = "](assumptions.md)\n"
	pages["README.md"] = bytes.Replace(pages["README.md"], []byte(last), []byte(last+more), 1)
	return pages
}

// known is what the providers bring, in the words of the reference.
func known(r *providers.Registry) reference.Providers {
	out := reference.Providers{Signals: r.Signals()}
	for _, p := range r.Providers() {
		if p.Connection != nil {
			out.Connections = append(out.Connections, reference.Entry{Name: p.Name, Provider: p.Name, Doc: p.Doc, Block: *p.Connection, Signals: p.Signals})
		}
		for _, f := range p.Faults {
			out.Faults = append(out.Faults, reference.Entry{Name: f.Name, Provider: p.Name, Doc: f.Doc, Block: *f.Schema, Example: f.Example, Twin: f.Twin, Stages: f.Stages})
		}
		for _, a := range p.Actions {
			out.Actions = append(out.Actions, reference.Entry{Name: a.Name, Provider: p.Name, Doc: a.Doc, Block: *a.Schema, Example: a.Example, Twin: a.Twin})
		}
		for _, s := range p.Seeds {
			out.Seeds = append(out.Seeds, reference.Entry{Name: s.Name, Provider: p.Name, Doc: s.Doc, Block: *s.Schema, Audit: s.Audit, Probe: s.Probe, Example: s.Example, Twin: true})
		}
		for _, a := range p.Assumptions {
			out.Assumptions = append(out.Assumptions, reference.Assumption{Provider: p.Name, ID: a.ID, Statement: a.Statement, Basis: a.Basis})
		}
	}
	return out
}
