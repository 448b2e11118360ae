package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/xdc-project/xdc/cmd/internal/view"
	"github.com/xdc-project/xdc/providers"
)

// Providers lists providers.
type Providers struct {
	List   ProvidersList   `cmd:"" default:"1" help:"List what is built in."`
	Schema ProvidersSchema `cmd:"" help:"Print the schema of everything that plans may hold."`
}

// Help has examples.
func (Providers) Help() string {
	return "Examples:\n\n    xdc providers\n    xdc providers schema --json\n"
}

// ProvidersList is the list.
type ProvidersList struct{}

// Help has an example.
func (ProvidersList) Help() string { return "Example:\n\n    xdc providers list\n" }

// Run prints it.
func (ProvidersList) Run(c *Context) error {
	if c.JSON {
		return c.encode(providerList(c.Registry))
	}
	for i, p := range providerList(c.Registry) {
		if i > 0 {
			fmt.Fprintln(c.Out)
		}
		if err := view.Page(c.Out, p.Name, p.Description, c.OutStyle); err != nil {
			return err
		}
		for _, row := range []struct {
			name string
			all  map[string]string
		}{{"fault", p.Faults}, {"action", p.Actions}, {"seed", p.Seeds}} {
			for _, name := range slices.Sorted(maps.Keys(row.all)) {
				fmt.Fprintf(c.Out, "  %-7s %-22s %s\n", row.name, name, view.Clean(firstSentence(row.all[name])))
			}
		}
		if n := len(p.Signals); n > 0 {
			fmt.Fprintf(c.Out, "  signals %s\n", strings.Join(p.Signals, ", "))
		}
	}
	return nil
}

type providerInfo struct {
	Name        string            `json:"name"`
	Description string            `json:"description"`
	Connection  bool              `json:"connection"` // has a block inside targets
	Faults      map[string]string `json:"faults,omitempty"`
	Actions     map[string]string `json:"actions,omitempty"`
	Seeds       map[string]string `json:"seeds,omitempty"`
	Signals     []string          `json:"signals,omitempty"`
}

func providerList(r *providers.Registry) []providerInfo {
	var out []providerInfo
	for _, p := range r.Providers() {
		info := providerInfo{
			Name: p.Name, Description: p.Doc, Connection: p.Connection != nil,
			Faults: map[string]string{}, Actions: map[string]string{}, Seeds: map[string]string{},
		}
		for _, f := range p.Faults {
			info.Faults[f.Name] = f.Doc
		}
		for _, a := range p.Actions {
			info.Actions[a.Name] = a.Doc
		}
		for _, s := range p.Seeds {
			info.Seeds[s.Name] = s.Doc
		}
		for _, s := range p.Signals {
			info.Signals = append(info.Signals, s.Path)
		}
		out = append(out, info)
	}
	return out
}

func firstSentence(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if i := strings.Index(s, ". "); i > 0 {
		return s[:i+1]
	}
	return s
}
