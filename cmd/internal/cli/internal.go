package cli

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
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
	if c.docs == nil {
		return errors.New("this build of xdc has no reference")
	}
	pages, err := c.docs(c.Registry)
	if err != nil {
		return fmt.Errorf("make the reference: %w", err)
	}
	pages["commands.md"] = commandPage(c.parser.Model)
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		path := filepath.Join(d.Dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("write the reference: %w", err)
		}
		if err := os.WriteFile(path, pages[name], 0o644); err != nil {
			return fmt.Errorf("write the reference: %w", err)
		}
	}
	return nil
}
