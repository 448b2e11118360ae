package cli

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
)

// Version says which xdc this is.
type Version struct {
	Number string `json:"version"`
	Commit string `json:"commit,omitempty"`
	Dirty  bool   `json:"modified,omitempty"`
	Go     string `json:"go"`
	System string `json:"system"`
}

// VersionOf completes a number with what the build recorded.
func VersionOf(number string) Version {
	v := Version{Number: number, Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Commit = s.Value
		case "vcs.modified":
			v.Dirty = s.Value == "true"
		}
	}
	return v
}

// VersionCmd prints the version.
type VersionCmd struct{}

// Help has an example.
func (VersionCmd) Help() string { return "Example:\n\n    xdc version --json\n" }

// Run prints it.
func (VersionCmd) Run(c *Context) error {
	if c.JSON {
		return c.encode(c.Version)
	}
	_, err := fmt.Fprintf(c.Out, "xdc %s (%s, %s)\n", c.Version.Number, c.Version.Go, c.Version.System)
	return err
}

// encode writes v as indented JSON.
func (c *Context) encode(v any) error {
	enc := json.NewEncoder(c.Out)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
