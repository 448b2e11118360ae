package cli

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

// commandPage is the reference page of the command line, made from the grammar itself.
func commandPage(app *kong.Application) []byte {
	var b strings.Builder
	b.WriteString("# Commands\n\nThis page is generated from the program.\n\nFlags of every command:\n\n")
	flags(&b, app.Node)
	for _, n := range leaves(app.Node) {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", n.FullPath(), n.Help)
		fmt.Fprintf(&b, "\n    %s %s\n", app.Name, n.Summary())
		if n.Detail != "" {
			fmt.Fprintf(&b, "\n%s\n", strings.TrimSpace(n.Detail))
		}
		if len(n.Positional) > 0 {
			b.WriteString("\n| argument | |\n| --- | --- |\n")
			for _, p := range n.Positional {
				fmt.Fprintf(&b, "| `%s` | %s |\n", p.Name, cell(p.Help))
			}
		}
		if len(n.Flags) > 0 {
			b.WriteString("\n")
			flags(&b, n)
		}
	}
	return []byte(b.String())
}

// leaves are the commands that do something, in the order of the grammar.
func leaves(n *kong.Node) []*kong.Node {
	var out []*kong.Node
	for _, c := range n.Children {
		switch {
		case c.Hidden:
		case len(c.Children) == 0:
			out = append(out, c)
		default:
			out = append(out, leaves(c)...)
		}
	}
	return out
}

func flags(b *strings.Builder, n *kong.Node) {
	b.WriteString("| flag | |\n| --- | --- |\n")
	for _, f := range n.Flags {
		if f.Hidden {
			continue
		}
		name := "`--" + f.Name
		if !f.IsBool() {
			name += "=" + f.FormatPlaceHolder()
		}
		name += "`"
		if f.Short != 0 {
			name += fmt.Sprintf(", `-%c`", f.Short)
		}
		fmt.Fprintf(b, "| %s | %s |\n", cell(name), cell(f.Help))
	}
}

func cell(s string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(s), " "), "|", `\|`)
}
