// Package reference writes the reference pages of the documentation from what the program knows about itself:
// schemas, functions, names, signals and codes.
//
// It makes texts and touches no file; cmd writes them to docs/reference, and a test holds the two together.
// What providers bring is handed in, because nothing in lang imports them.
package reference

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/xdc-project/xdc/lang/schema"
)

// Providers is what the providers of a program bring to the language.
type Providers struct {
	Connections []Entry
	Faults      []Entry
	Actions     []Entry
	Seeds       []Entry
	Signals     []schema.Signal
	Assumptions []Assumption
}

// Entry is a connection or a type of step.
type Entry struct {
	Name     string // "network_partition"
	Provider string // "network"
	// Doc says in sentences what it is and does. Markdown.
	Doc   string
	Block schema.Block
	// Audit is what an audit of such a seed holds besides; nil for all but seeds.
	Audit *schema.Block
	// Probe is what a probe by this way holds besides; nil for all but seeds that probes can use.
	Probe *schema.Block
	// Example is the body of a block.
	Example string
	// Twin says that it works in rehearsals, Stages that it takes stage blocks.
	Twin, Stages bool
	// Signals are what it reports when it works as a connection; they are listed in Providers.Signals too.
	Signals []schema.Signal
}

// Assumption is a statement about a platform that a user with a real installation can check.
type Assumption struct{ Provider, ID, Statement, Basis string }

// Pages returns every page of the reference by its path below docs/reference, with slashes. The same input
// always gives the same bytes.
func Pages(p Providers) map[string][]byte {
	out := map[string][]byte{}
	add := func(path string, pg *page) { out[path] = pg.bytes() }
	add("README.md", index(p))
	add("language.md", language())
	add("functions.md", functions())
	add("conditions-names.md", names())
	add("condition-grammar.md", grammar())
	add("signals.md", signals(p.Signals))
	add("diagnostics.md", diagnostics())
	add("assumptions.md", assumptions(p.Assumptions))
	for _, e := range p.Connections {
		add("connections/"+e.Name+".md", connection(e))
	}
	for _, e := range p.Faults {
		add("faults/"+e.Name+".md", step("fault", e))
	}
	for _, e := range p.Actions {
		add("actions/"+e.Name+".md", step("action", e))
	}
	for _, e := range p.Seeds {
		add("seeds/"+e.Name+".md", step("seed", e))
	}
	return out
}

// index is the first page.
func index(p Providers) *page {
	pg := newPage("Reference")
	pg.para("Made from the program itself, and so complete for this version.")
	for _, l := range []struct{ path, text string }{
		{"language.md", "The blocks of the plan language and their arguments"},
		{"functions.md", "Functions"},
		{"conditions-names.md", "Names of steps and the run in conditions and expressions"},
		{"condition-grammar.md", "The grammar of conditions"},
		{"signals.md", "Signals: what can be observed at a target"},
		{"diagnostics.md", "Codes of findings"},
		{"assumptions.md", "What is assumed about the platform"},
	} {
		pg.item("[%s](%s)", l.text, l.path)
	}
	pg.gap()
	for _, s := range []struct {
		title, dir string
		entries    []Entry
	}{
		{"Connections", "connections", p.Connections},
		{"Faults", "faults", p.Faults},
		{"Actions", "actions", p.Actions},
		{"Seeds", "seeds", p.Seeds},
	} {
		if len(s.entries) == 0 {
			continue
		}
		pg.heading(2, s.title)
		for _, e := range byName(s.entries) {
			pg.item("[`%s`](%s/%s.md): %s", e.Name, s.dir, e.Name, firstSentence(e.Doc))
		}
		pg.gap()
	}
	return pg
}

func byName(es []Entry) []Entry {
	out := slices.Clone(es)
	slices.SortFunc(out, func(a, b Entry) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// firstSentence is what stands before the first full stop that ends a sentence.
func firstSentence(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n\n")
	s = strings.Join(strings.Fields(s), " ")
	for i := range s {
		if s[i] == '.' && (i+1 == len(s) || s[i+1] == ' ') && !strings.HasSuffix(s[:i], "e.g") && !strings.HasSuffix(s[:i], "i.e") {
			return s[:i+1]
		}
	}
	return s
}

// assumptions is the page of what nobody has confirmed.
func assumptions(as []Assumption) *page {
	pg := newPage("Assumptions about the platform")
	pg.para("What xdc takes for granted although no public source confirms it. Whoever has a real installation can check it. If one is wrong where you are, please report it with its name.")
	as = slices.Clone(as)
	slices.SortFunc(as, func(a, b Assumption) int {
		return cmp.Or(cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.ID, b.ID))
	})
	if len(as) == 0 {
		pg.para("There are none.")
	}
	last := ""
	for _, a := range as {
		if a.Provider != last {
			pg.heading(2, a.Provider)
			last = a.Provider
		}
		pg.heading(3, a.ID)
		pg.para(a.Statement)
		if a.Basis != "" {
			pg.para("Basis: " + a.Basis)
		}
	}
	return pg
}

// page is a page of Markdown under construction.
type page struct{ b strings.Builder }

func newPage(title string) *page {
	p := &page{}
	p.b.WriteString("<!-- Made by `make docs` from the program; do not edit. -->\n\n")
	p.heading(1, title)
	return p
}

func (p *page) heading(level int, text string) {
	fmt.Fprintf(&p.b, "%s %s\n\n", strings.Repeat("#", level), text)
}

func (p *page) para(text string) {
	if text = strings.TrimSpace(text); text != "" {
		p.b.WriteString(text + "\n\n")
	}
}

func (p *page) item(format string, args ...any) {
	text := strings.Join(strings.Fields(fmt.Sprintf(format, args...)), " ")
	p.b.WriteString("- " + text + "\n")
}

// gap ends a list.
func (p *page) gap() { p.b.WriteByte('\n') }

// code is a fenced block. Fragments are not plans by themselves, which their fence says.
func (p *page) code(info, text string) {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	fmt.Fprintf(&p.b, "%s%s\n%s\n%s\n\n", fence, info, strings.TrimRight(text, "\n"), fence)
}

func (p *page) bytes() []byte { return []byte(strings.TrimRight(p.b.String(), "\n") + "\n") }

// inline is text in code style, whatever is in it.
func inline(s string) string {
	if !strings.Contains(s, "`") {
		return "`" + s + "`"
	}
	return "`` " + s + " ``"
}
