package cli

import (
	"io"

	"github.com/xdc-project/xdc/cmd/internal/draw"
	"github.com/xdc-project/xdc/cmd/internal/load"
)

// Graph draws a plan.
type Graph struct {
	PlanArgs
	Format string `name:"format" short:"f" enum:"dot,mermaid,svg" default:"dot" help:"dot, mermaid or svg."`
}

// Help has examples.
func (Graph) Help() string {
	return "Examples:\n\n    xdc graph examples/network-partition --format svg > plan.svg\n    xdc graph . | dot -Tpdf > plan.pdf\n"
}

// Run draws it.
func (g *Graph) Run(c *Context) error {
	o := c.Loader(g.PlanArgs)
	o.Mode = "apply"
	p, set, found := load.Plan(o)
	if err := c.Report(set, found); err != nil {
		return err
	}
	var text string
	switch graph := draw.Of(p); g.Format {
	case "mermaid":
		text = draw.Mermaid(graph)
	case "svg":
		text = draw.SVG(graph)
	default:
		text = draw.Dot(graph)
	}
	_, err := io.WriteString(c.Out, text)
	return err
}
