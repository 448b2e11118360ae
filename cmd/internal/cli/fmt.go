package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/xdc-project/xdc/cmd/internal/view"
	"github.com/xdc-project/xdc/lang/format"
)

// Fmt formats plan files.
type Fmt struct {
	Paths     []string `arg:"" optional:"" name:"path" help:"Files or folders; the working directory if none is given; - is standard input."`
	Check     bool     `name:"check" help:"Write nothing; list the files that are not in the canonical layout, and end with 1 if there are any."`
	Diff      bool     `name:"diff" help:"Show the differences."`
	Recursive bool     `name:"recursive" short:"r" help:"Also the folders in folders."`
}

// Help has examples.
func (Fmt) Help() string {
	return "Lists the files that it changed. Files in JSON syntax are left alone.\n\nExamples:\n\n    xdc fmt\n    xdc fmt --check --diff --recursive examples\n    xdc fmt - < drill.xdc.hcl\n"
}

// stdinName is what findings call standard input.
const stdinName = "stdin"

// maxPlanFile bounds a plan file.
const maxPlanFile = 16 << 20

// Run formats them.
func (f *Fmt) Run(c *Context) error {
	if len(f.Paths) == 0 {
		f.Paths = []string{"."}
	}
	if len(f.Paths) == 1 && f.Paths[0] == "-" {
		return f.stdin(c)
	}
	files, err := f.files()
	if err != nil {
		return err
	}
	changed, failed := false, false
	for _, name := range files {
		diff, err := f.file(c, name)
		if _, unsaid := codeOf(err); unsaid != nil {
			view.Failure(c.Side, unsaid, c.SideStyle)
		}
		failed = failed || err != nil
		changed = changed || diff
	}
	if failed || f.Check && changed {
		return &ExitError{Code: Failure}
	}
	return nil
}

func (f *Fmt) stdin(c *Context) error {
	src, err := io.ReadAll(io.LimitReader(c.In, maxPlanFile))
	if err != nil {
		return fmt.Errorf("read standard input: %w", err)
	}
	out, found := format.Source(src, stdinName)
	if found.HasErrors() {
		return c.reportText(oneText(src), found)
	}
	if f.Check {
		if bytes.Equal(src, out) {
			return nil
		}
		return &ExitError{Code: Failure}
	}
	_, err = c.Out.Write(out)
	return err
}

// file formats one file and reports whether it differs.
func (f *Fmt) file(c *Context, name string) (changed bool, err error) {
	src, err := os.ReadFile(name)
	if err != nil {
		return false, fmt.Errorf("format: %w", err)
	}
	out, found := format.Source(src, name)
	if found.HasErrors() {
		return false, c.reportText(oneText(src), found)
	}
	if bytes.Equal(src, out) {
		return false, nil
	}
	fmt.Fprintln(c.Out, view.Clean(name))
	if f.Diff {
		if err := view.Diff(c.Out, format.Diff(src, out, name), c.OutStyle); err != nil {
			return true, err
		}
	}
	if f.Check {
		return true, nil
	}
	info, err := os.Stat(name)
	if err != nil {
		return true, fmt.Errorf("format: %w", err)
	}
	if err := os.WriteFile(name, out, info.Mode().Perm()); err != nil { //nolint:gosec // the same file
		return true, fmt.Errorf("format: %w", err)
	}
	return true, nil
}

// files lists the files in native syntax.
func (f *Fmt) files() ([]string, error) {
	var out []string
	for _, p := range f.Paths {
		info, err := os.Stat(p)
		if err != nil {
			return nil, fmt.Errorf("format: %w", err)
		}
		if !info.IsDir() {
			out = append(out, p)
			continue
		}
		err = filepath.WalkDir(p, func(name string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && name != p && (!f.Recursive || strings.HasPrefix(d.Name(), ".")):
				return fs.SkipDir
			case !d.IsDir() && (strings.HasSuffix(name, ".xdc.hcl") || strings.HasSuffix(name, ".xdcvars")):
				out = append(out, name)
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("format: %w", err)
		}
	}
	if len(out) == 0 {
		return nil, errors.New("there are no *.xdc.hcl files to format")
	}
	return out, nil
}
