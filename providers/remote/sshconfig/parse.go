// Package sshconfig reads OpenSSH's client configuration (ssh_config) and says what it holds for one host.
//
// It knows the words that xdc follows and passes over all others. Match blocks other than `Match all` are skipped and
// noted, because whether they apply may depend on a command. What is read is bounded, and nothing is ever run.
package sshconfig

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
)

// Bounds of what is read. A configuration that exceeds them is refused.
const (
	maxBytes = 4 << 20 // in all
	maxFiles = 128     // files in all, the first included
	maxDepth = 16      // Include inside Include, as in OpenSSH
)

// Source is how files are found and read.
type Source struct {
	// Read returns a file's content. For what Include names, fs.ErrNotExist and syscall.EISDIR mean an empty file.
	Read func(name string) ([]byte, error)
	// Glob lists the files that a pattern of Include means; nil: Include reads names without wildcards only.
	Glob func(pattern string) ([]string, error)
	// Home is the user's home folder, for ~ in Include.
	Home string
	// Folder is what relative names in Include start from: ~/.ssh for the user's configuration.
	Folder string
}

// Config is a configuration that was read. The zero value is an empty one.
type Config struct {
	lines []line
	// Notes says what was passed over although it may matter, each with its file and line.
	Notes []string
}

// line is one statement; an Include holds the statements of the files that it names.
type line struct {
	word   string // in lower case
	args   []string
	file   string
	number int
	lines  []line
}

func (l line) at() string { return fmt.Sprintf("%s:%d", l.file, l.number) }

// Parse reads the configuration in a file. The error says where it cannot be understood.
func Parse(name string, src Source) (*Config, error) {
	p := parser{src: src}
	lines, err := p.file(name, 0)
	if err != nil {
		return nil, err
	}
	return &Config{lines: lines, Notes: p.notes}, nil
}

type parser struct {
	src   Source
	files int
	bytes int
	notes []string
}

func (p *parser) file(name string, depth int) ([]line, error) {
	if p.files++; p.files > maxFiles {
		return nil, fmt.Errorf("read %s: the configuration includes more than %d files", name, maxFiles)
	}
	if depth > maxDepth {
		return nil, fmt.Errorf("read %s: Include stands inside Include more than %d times; does a file include itself?", name, maxDepth)
	}
	b, err := p.src.Read(name)
	switch {
	case err != nil && depth > 0 && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.EISDIR)):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read the ssh configuration: %w", err)
	}
	if p.bytes += len(b); p.bytes > maxBytes {
		return nil, fmt.Errorf("read %s: the configuration is larger than 4 MiB with all that it includes", name)
	}
	var out []line
	for i, text := range strings.Split(string(b), "\n") {
		l := line{file: name, number: i + 1}
		var ok bool
		if l.word, l.args, ok, err = split(text); err != nil {
			return nil, fmt.Errorf("%s: %w", l.at(), err)
		}
		if !ok {
			continue
		}
		if err := p.check(&l, depth); err != nil {
			return nil, fmt.Errorf("%s: %w", l.at(), err)
		}
		out = append(out, l)
	}
	return out, nil
}

// check looks at the statements that shape the file and at the forms of values.
func (p *parser) check(l *line, depth int) error {
	k, known := words[l.word]
	switch {
	case l.word == "match":
		if !matchesAll(l.args) {
			p.notes = append(p.notes, fmt.Sprintf("%s: the Match block is skipped: only `Match all` is followed", l.at()))
		}
		return nil
	case !known:
		if why := missed[l.word]; why != "" {
			p.notes = append(p.notes, fmt.Sprintf("%s: %s is not followed: %s", l.at(), l.word, why))
		}
		return nil
	case len(l.args) == 0 || l.args[0] == "":
		return fmt.Errorf("%s has no value", l.word)
	case l.word == "include":
		return p.include(l, depth)
	case k.check != nil:
		if err := k.check(l.args[0]); err != nil {
			return fmt.Errorf("%s: %w", l.word, err)
		}
	}
	return nil
}

func (p *parser) include(l *line, depth int) error {
	for _, arg := range l.args {
		name := arg
		switch rest, tilde := strings.CutPrefix(name, "~/"); {
		case tilde:
			name = p.src.Home + "/" + rest
		case !strings.HasPrefix(name, "/"):
			name = p.src.Folder + "/" + name
		}
		found := []string{name}
		if strings.ContainsAny(name, "*?[") {
			if p.src.Glob == nil {
				continue
			}
			var err error
			if found, err = p.src.Glob(name); err != nil {
				return fmt.Errorf("include %s: %w", arg, err)
			}
		}
		for _, f := range found {
			lines, err := p.file(f, depth+1)
			if err != nil {
				return err
			}
			l.lines = append(l.lines, lines...)
			// A Host block ends with the file that it stands in.
			l.lines = append(l.lines, line{word: endOfFile})
		}
	}
	return nil
}

// endOfFile is no word of a file: it ends the last Host block of an included one.
const endOfFile = "\x00end"

func matchesAll(args []string) bool { return len(args) == 1 && strings.EqualFold(args[0], "all") }

// split reads one line: a word and its arguments, which may be quoted; `word=value` is the same. ok is false for lines
// that say nothing.
func split(text string) (word string, args []string, ok bool, err error) {
	text = strings.Trim(text, " \t\r\f")
	if text == "" || text[0] == '#' {
		return "", nil, false, nil
	}
	i := strings.IndexAny(text, " \t=\"")
	if i < 0 {
		return strings.ToLower(text), nil, true, nil
	}
	word, text = strings.ToLower(text[:i]), strings.TrimLeft(text[i:], " \t")
	text = strings.TrimLeft(strings.TrimPrefix(text, "="), " \t")
	if word == "proxycommand" { // the rest of the line, as it is
		return word, []string{text}, true, nil
	}
	args, err = arguments(text)
	return word, args, true, err
}

// arguments splits at blanks outside of quotes; # before an argument begins a comment.
func arguments(text string) ([]string, error) {
	var (
		out   []string
		cur   strings.Builder
		in    bool // inside an argument
		quote byte
	)
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '\\' && i+1 < len(text) && (text[i+1] == '"' || text[i+1] == '\'' || text[i+1] == '\\' || quote == 0 && text[i+1] == ' '):
			i++
			cur.WriteByte(text[i])
			in = true
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote, in = c, true
		case quote == 0 && (c == ' ' || c == '\t'):
			if in {
				out = append(out, cur.String())
				cur.Reset()
				in = false
			}
		case quote == 0 && c == '#' && !in:
			return out, nil
		default:
			cur.WriteByte(c)
			in = true
		}
	}
	if quote != 0 {
		return nil, errors.New("a quoted value does not end")
	}
	if in {
		out = append(out, cur.String())
	}
	return out, nil
}
