// Package plans has the plans that come with xdc, for `source = "xdc:NAME"`.
package plans

import (
	"embed"
	"io/fs"
	"slices"

	"github.com/xdc-project/xdc/lang/source"
)

//go:embed */*.xdc.hcl
var files embed.FS

// Names lists the plans, sorted.
func Names() []string {
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		return nil // an embedded folder can always be read
	}
	var out []string
	for _, e := range entries {
		if e.IsDir() {
			out = append(out, e.Name())
		}
	}
	slices.Sort(out)
	return out
}

// Find returns the files of a plan.
func Find(name string) (*source.Set, bool) {
	if !slices.Contains(Names(), name) {
		return nil, false
	}
	return source.FS(files, name, "xdc:"+name), true
}
