package draw_test

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/xdc-project/xdc/cmd/internal/draw"
	"github.com/xdc-project/xdc/engine/plan"
	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/program"
)

func graph() draw.Graph {
	cut := addr.Step{Kind: addr.Fault, Type: "partition", Name: "cut"}
	after := addr.Step{Kind: addr.Wait, Name: "back"}
	expect := addr.Step{Kind: addr.Expect, Name: "e"}
	return draw.Of(&plan.Plan{Name: `a "plan"`, Steps: []*plan.Step{
		{Address: cut.String(), Kind: "fault", Held: "held 1m", Step: &program.Step{Addr: cut}},
		{Address: after.String(), Kind: "wait", Step: &program.Step{Addr: after, Needs: []program.Need{{Step: cut, Point: program.Healed}}}},
		{Address: expect.String(), Kind: "expect", Step: &program.Step{Addr: expect, Expect: &program.Expect{Severity: "must"}, Needs: []program.Need{
			{Step: cut, Point: program.Injected, Order: true}, {Step: after, Point: program.Finished},
		}}},
	}})
}

func TestDot(t *testing.T) {
	want := `digraph "a \"plan\"" {
  rankdir=LR;
  node [fontname="sans-serif" fontsize=11];
  n0 [label="fault.partition.cut\nheld 1m" shape=octagon];
  n1 [label="wait.back" shape=hexagon];
  n2 [label="expect.e\nmust" shape=diamond];
  n0 -> n1 [label="healed"];
  n0 -> n2 [style=dashed];
  n1 -> n2;
}
`
	if diff := cmp.Diff(want, draw.Dot(graph())); diff != "" {
		t.Error(diff)
	}
}

func TestMermaid(t *testing.T) {
	want := `flowchart LR
  n0{{"fault.partition.cut<br/>held 1m"}}
  n1(["wait.back"])
  n2{"expect.e<br/>must"}
  n0 -->|healed| n1
  n0 -.-> n2
  n1 --> n2
`
	if diff := cmp.Diff(want, draw.Mermaid(graph())); diff != "" {
		t.Error(diff)
	}
}

func TestSVGIsWellFormedWhateverTheNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := draw.Graph{Name: rapid.String().Draw(t, "name")}
		n := rapid.IntRange(0, 12).Draw(t, "n")
		for i := range n {
			g.Nodes = append(g.Nodes, draw.Node{Address: rapid.String().Draw(t, "address"), Kind: "fault", Note: rapid.String().Draw(t, "note")})
			for j := range i {
				if rapid.Bool().Draw(t, "edge") {
					g.Edges = append(g.Edges, draw.Edge{From: j, To: i, Label: rapid.String().Draw(t, "label")})
				}
			}
		}
		svg := draw.SVG(g)
		d := xml.NewDecoder(strings.NewReader(svg))
		rects := 0
		for {
			tok, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%v in %s", err, svg)
			}
			if e, ok := tok.(xml.StartElement); ok && e.Name.Local == "rect" {
				rects++
			}
		}
		if rects != n {
			t.Fatalf("%d boxes for %d steps", rects, n)
		}
	})
}
