package testfile

import (
	"maps"
	"slices"
	"strings"

	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/signal"
)

// names are the signals and events that a file declares, by their canonical names.
type names map[string]cond.Subject

// declare notes a name that was declared; it reports whether the name was free.
func (n names) declare(path string, s cond.Subject) bool {
	if _, taken := n[path]; taken {
		return false
	}
	s.Name = path
	n[path] = s
	return true
}

// Resolve finds what a path of a condition was declared as.
func (n names) Resolve(p cond.Path) (cond.Subject, *cond.Problem) {
	if s, ok := n[p.String()]; ok {
		return s, nil
	}
	return cond.Subject{}, &cond.Problem{Code: diag.CondUnknownName, Summary: "Name not declared", Detail: n.hint(p.String())}
}

// hint says how a name that is not declared may have been meant.
func (n names) hint(name string) string {
	if near := diag.Suggest(name, slices.Sorted(maps.Keys(n))); near != "" {
		return strings.TrimSpace(near)
	}
	return "Declare it at the beginning of the file, as in `signal " + name + " : number` or `event " + name + "`."
}

// canonical brings a name that stands in a test into the form in which conditions know it.
func canonical(text string) (string, bool) {
	found := ""
	f, _ := cond.Compile(text, cond.Instant, finder{&found})
	return found, f != nil && found != "" && f.String() == found
}

// finder takes any single path for something true or false.
type finder struct{ name *string }

func (f finder) Resolve(p cond.Path) (cond.Subject, *cond.Problem) {
	*f.name = p.String()
	return cond.Subject{Name: p.String(), Type: signal.Type{Kind: signal.Bool}, Moment: schema.Live}, nil
}
