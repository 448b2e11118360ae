package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/xdc-project/xdc/providers/shell"
)

// Completion prints a completion script.
type Completion struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Help has examples.
func (Completion) Help() string {
	return "Examples:\n\n    source <(xdc completion bash)\n    xdc completion zsh > \"${fpath[1]}/_xdc\"\n    xdc completion fish > ~/.config/fish/completions/xdc.fish\n"
}

// Run prints it.
func (k *Completion) Run(c *Context) error {
	words := completions(c.parser.Model.Node)
	var text string
	switch k.Shell {
	case "bash":
		text = bashScript(words)
	case "zsh":
		text = "#compdef xdc\nautoload -U +X bashcompinit && bashcompinit\n" + bashScript(words)
	default:
		text = fishScript(words)
	}
	_, err := io.WriteString(c.Out, text)
	return err
}

// completed is a command with what may follow it.
type completed struct {
	path  string // "" for xdc itself, "providers schema"
	words []suggestion
	plans bool // takes plan files or folders
}

type suggestion struct{ word, help string }

// completions lists every command of the grammar.
func completions(n *kong.Node) []completed {
	var out []completed
	var walk func(n *kong.Node, path []string, inherited []*kong.Flag)
	walk = func(n *kong.Node, path []string, inherited []*kong.Flag) {
		c := completed{path: strings.Join(path, " "), plans: len(n.Positional) > 0}
		for _, child := range n.Children {
			if !child.Hidden {
				c.words = append(c.words, suggestion{child.Name, child.Help})
			}
		}
		all := append(append([]*kong.Flag(nil), inherited...), n.Flags...)
		for _, f := range all {
			if !f.Hidden {
				c.words = append(c.words, suggestion{"--" + f.Name, f.Help})
			}
		}
		for _, p := range n.Positional {
			if p.Enum != "" {
				c.plans = false
				for _, v := range p.EnumSlice() {
					c.words = append(c.words, suggestion{v, ""})
				}
			}
		}
		out = append(out, c)
		for _, child := range n.Children {
			if !child.Hidden {
				walk(child, append(append([]string(nil), path...), child.Name), all)
			}
		}
	}
	walk(n, nil, nil)
	return out
}

// bashScript completes by the longest known command among the words already typed.
func bashScript(all []completed) string {
	var b strings.Builder
	b.WriteString("# bash completion for xdc\n_xdc() {\n  local cur=${COMP_WORDS[COMP_CWORD]} path='' w words='' files=''\n")
	b.WriteString("  for w in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n    case \"$path $w\" in\n")
	for _, c := range all {
		if c.path != "" {
			parent, last := "", c.path
			if i := strings.LastIndex(c.path, " "); i >= 0 {
				parent, last = c.path[:i], c.path[i+1:]
			}
			fmt.Fprintf(&b, "      %s) path=%s ;;\n", shellQuote(parent+" "+last), shellQuote(c.path))
		}
	}
	b.WriteString("    esac\n  done\n  case \"$path\" in\n")
	for _, c := range all {
		var words []string
		for _, s := range c.words {
			words = append(words, s.word)
		}
		files := ""
		if c.plans {
			files = "yes"
		}
		fmt.Fprintf(&b, "    %s) words=%s files=%s ;;\n", shellQuote(c.path), shellQuote(strings.Join(words, " ")), shellQuote(files))
	}
	b.WriteString("  esac\n  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n")
	b.WriteString("  if [[ -n $files && $cur != -* ]]; then COMPREPLY+=($(compgen -f -- \"$cur\")); fi\n}\ncomplete -o filenames -F _xdc xdc\n")
	return b.String()
}

func fishScript(all []completed) string {
	var b strings.Builder
	b.WriteString("# fish completion for xdc\n")
	for _, c := range all {
		words := strings.Fields(c.path)
		when := "__fish_use_subcommand"
		if len(words) > 0 {
			when = "__fish_seen_subcommand_from " + strings.Join(words, "; and __fish_seen_subcommand_from ")
		}
		for _, s := range c.words {
			fmt.Fprintf(&b, "complete -c xdc -n %s", shellQuote(when))
			if flag, ok := strings.CutPrefix(s.word, "--"); ok {
				fmt.Fprintf(&b, " -l %s", flag)
			} else {
				fmt.Fprintf(&b, " -f -a %s", shellQuote(s.word))
			}
			fmt.Fprintf(&b, " -d %s\n", shellQuote(s.help))
		}
	}
	return b.String()
}

// shellQuote quotes one of the program's own words, none of which has a zero byte.
func shellQuote(s string) string {
	q, _ := shell.Quote(s)
	return q
}
