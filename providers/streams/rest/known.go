package rest

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed reference.txt
var referenceText string

// property is what is known of a property of a kind of resource.
type property struct {
	kind  string          // of the objects that it holds; empty where it holds none that are known
	words map[string]bool // that it may hold, folded; nil: any
}

// knownKinds are the properties of each kind of resource, by name, in any version of the API.
var knownKinds = sync.OnceValue(func() map[string]map[string]property {
	out := map[string]map[string]property{}
	words := map[string]map[string]bool{}
	var of map[string]property
	for line := range strings.Lines(referenceText) {
		w := strings.Fields(line)
		switch {
		case len(w) < 2 || w[0] == "#" || w[0] == "at" || w[0] == "list":
		case w[0] == "enum":
			set := map[string]bool{}
			for _, one := range w[2 : len(w)-1] { // the last says where it is from
				set[folded(one)] = true
			}
			words[w[1]] = set
		case w[0] == "kind":
			of = map[string]property{}
			out[w[1]] = of
		default:
			form := strings.TrimRight(w[1], "?*")
			p := property{}
			if name, ok := strings.CutPrefix(form, "E:"); ok {
				p.words = words[name]
			}
			if name, ok := strings.CutPrefix(strings.TrimPrefix(form, "A:"), "O:"); ok {
				p.kind = name
			}
			of[w[0]] = p
		}
	}
	return out
})

// folded is a word without what spellings of it differ in: partiallyRunning is PARTIALLY_RUNNING.
func folded(word string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "").Replace(word))
}
