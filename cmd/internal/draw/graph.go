// Package draw draws the graph of a plan as dot, Mermaid and SVG.
package draw

import (
	"fmt"
	"strings"

	"github.com/xdc-project/xdc/engine/plan"
	"github.com/xdc-project/xdc/lang/program"
)

// A Graph is the steps of a plan and what they wait for.
type Graph struct {
	Name  string
	Nodes []Node
	Edges []Edge
}

// Node is a step.
type Node struct {
	Address string
	Kind    string
	Note    string // "held 1m", "must"
}

// Edge says that To waits for a point in the life of From. Both are indexes of nodes; From is the smaller one.
type Edge struct {
	From, To int
	Label    string // empty for the usual point
	Order    bool   // it does not delay the start
}

// Of is the graph of a plan.
func Of(p *plan.Plan) Graph {
	g := Graph{Name: p.Name}
	at := map[string]int{}
	for i, s := range p.Steps {
		n := Node{Address: s.Address, Kind: s.Kind, Note: s.Held}
		if s.Step != nil && s.Expect != nil {
			n.Note = s.Expect.Severity
		}
		at[s.Address] = i
		g.Nodes = append(g.Nodes, n)
	}
	for i, s := range p.Steps {
		if s.Step == nil {
			continue
		}
		for _, need := range s.Needs {
			from, ok := at[need.Step.String()]
			if !ok || from >= i {
				continue // plans list a step after those it needs
			}
			e := Edge{From: from, To: i, Order: need.Order}
			if need.Point != program.DefaultPoint(need.Step.Kind) {
				e.Label = string(need.Point)
			}
			g.Edges = append(g.Edges, e)
		}
	}
	return g
}

var shapes = map[string]string{"job": "component", "seed": "invhouse", "audit": "house", "probe": "ellipse", "fault": "octagon", "action": "box", "wait": "hexagon", "expect": "diamond"}

// Dot is the graph for Graphviz.
func Dot(g Graph) string {
	var b strings.Builder
	fmt.Fprintf(&b, "digraph %s {\n  rankdir=LR;\n  node [fontname=\"sans-serif\" fontsize=11];\n", dotQuote(g.Name))
	for i, n := range g.Nodes {
		label := n.Address
		if n.Note != "" {
			label += "\n" + n.Note
		}
		fmt.Fprintf(&b, "  n%d [label=%s shape=%s];\n", i, dotQuote(label), orBox(shapes[n.Kind]))
	}
	for _, e := range g.Edges {
		var attrs []string
		if e.Label != "" {
			attrs = append(attrs, "label="+dotQuote(e.Label))
		}
		if e.Order {
			attrs = append(attrs, "style=dashed")
		}
		fmt.Fprintf(&b, "  n%d -> n%d", e.From, e.To)
		if len(attrs) > 0 {
			fmt.Fprintf(&b, " [%s]", strings.Join(attrs, " "))
		}
		b.WriteString(";\n")
	}
	b.WriteString("}\n")
	return b.String()
}

func orBox(s string) string {
	if s == "" {
		return "box"
	}
	return s
}

func dotQuote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", "").Replace(s) + `"`
}

var brackets = map[string][2]string{"fault": {"{{", "}}"}, "wait": {"([", "])"}, "expect": {"{", "}"}, "seed": {"[/", "/]"}, "audit": {`[\`, `\]`}, "probe": {"((", "))"}}

// Mermaid is the graph for Mermaid.
func Mermaid(g Graph) string {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	for i, n := range g.Nodes {
		br, ok := brackets[n.Kind]
		if !ok {
			br = [2]string{"[", "]"}
		}
		label := mermaidQuote(n.Address)
		if n.Note != "" {
			label += "<br/>" + mermaidQuote(n.Note)
		}
		fmt.Fprintf(&b, "  n%d%s\"%s\"%s\n", i, br[0], label, br[1])
	}
	for _, e := range g.Edges {
		arrow := "-->"
		if e.Order {
			arrow = "-.->"
		}
		if e.Label != "" {
			arrow += "|" + mermaidQuote(e.Label) + "|"
		}
		fmt.Fprintf(&b, "  n%d %s n%d\n", e.From, arrow, e.To)
	}
	return b.String()
}

// mermaidQuote writes everything that has a meaning to Mermaid or HTML as an entity.
func mermaidQuote(s string) string {
	return strings.NewReplacer("&", "#amp;", `"`, "#quot;", "<", "#lt;", ">", "#gt;", "#", "#35;", "\n", " ", "|", "#124;").Replace(s)
}
