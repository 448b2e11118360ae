package load

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/xdc-project/xdc/engine/plan"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/source"
)

// remember notes what the plan is made from, so that a saved plan can be made again.
func (l *loading) remember() error {
	here, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("save the plan: find the working directory: %w", err)
	}
	folder, err := filepath.Abs(filepath.Dir(l.SaveAs))
	if err != nil {
		return fmt.Errorf("save the plan: %w", err)
	}
	back, err := filepath.Rel(folder, here)
	if err != nil { // on another drive
		back = here
	}
	paths := l.Paths
	if len(paths) == 0 {
		paths = []string{"."}
	}
	l.made = &plan.Source{Folder: filepath.ToSlash(back), Paths: paths, VarFiles: l.VarFiles, Now: l.in.Now}
	if l.Way != nil {
		l.Way = l.made.RecordWays(l.Way)
	}
	if l.in.Env != nil {
		l.in.Env = l.made.Record(l.in.Env)
	}
	return nil
}

// savedHead is how a saved plan begins.
var savedHead = regexp.MustCompile(`^\s*\{\s*"format"\s*:\s*"xdc\.plan/`)

// IsSaved reports whether a path is a saved plan rather than a folder or a file of the plan language.
func IsSaved(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }() // only read
	head := make([]byte, 256)
	n, err := f.Read(head)
	return err == nil && savedHead.Match(head[:n])
}

// Saved builds a saved plan again from its files and holds it against what was saved: without errors it is exactly
// what was shown. Of the options it takes secrets; paths and other variables are the saved plan's own, and giving
// them is an error.
func Saved(o Options, name string) (*plan.Plan, *source.Set, diag.List) {
	fail := func(err error) (*plan.Plan, *source.Set, diag.List) {
		return nil, source.Memory(nil), diag.List(nil).Append(err)
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		return fail(fmt.Errorf("read the saved plan: %w", err))
	}
	saved, err := plan.Load(raw)
	if err != nil {
		return fail(err)
	}
	for _, v := range o.Vars {
		if !slices.ContainsFunc(saved.Variables, func(x program.Variable) bool { return x.Name == v.Name && x.Sensitive }) {
			return fail(fmt.Errorf("--var %s: the saved plan has the values of its variables; only sensitive ones can be given with it", v.Name))
		}
	}
	values, err := saved.VarFile()
	if err != nil {
		return fail(err)
	}
	folder := filepath.FromSlash(saved.Source.Folder)
	if !filepath.IsAbs(folder) {
		folder = filepath.Join(filepath.Dir(name), folder)
	}
	own := o.VarFiles // secrets given now
	o.Paths, o.VarFiles = within(folder, saved.Source.Paths), append(within(folder, saved.Source.VarFiles), own...)
	o.Env, o.Now, o.Way, o.SaveAs = saved.Lookup(o.Env), saved.Source.Now, saved.Way, name
	l := o.begin()
	l.extra = []*source.File{values}
	p := l.plan()
	if p == nil {
		return nil, l.set, l.found.Sorted()
	}
	l.found = append(l.found, saved.Verify(p, p.Files)...)
	if l.found.HasErrors() {
		return nil, l.set, l.found.Sorted()
	}
	return p, l.set, l.found.Sorted()
}

// within are paths relative to a folder.
func within(folder string, paths []string) []string {
	var out []string
	for _, p := range paths {
		if !filepath.IsAbs(p) {
			p = filepath.Join(folder, p)
		}
		out = append(out, p)
	}
	return out
}
