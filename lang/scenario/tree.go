package scenario

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"go.yaml.in/yaml/v3"

	"github.com/xdc-project/xdc/lang/diag"
)

// Bounds on what is read. Scenarios have a hundred keys; these leave room for those that a program wrote.
const (
	MaxFile  = 256 << 10 // bytes of a file
	maxDepth = 32        // levels, aliases followed
	maxNodes = 5_000     // keys and values, aliases followed
)

// document is a YAML file as a tree whose nodes know where they stand.
type document struct {
	root  *node
	shown []byte // the text without secrets
}

// node is a value of a YAML file.
type node struct {
	path        string // "pre_failover_data.batch_size"; empty for the root
	rng, keyRng hcl.Range
	keyed       bool // keyRng is set
	scalar      bool
	text        string // of a scalar, as it is written
	yaml        *yaml.Node
	order       []string // keys of a mapping
	kids        map[string]*node
	items       []*node
	null        bool
	secret      bool // by its name

	read  bool     // somebody asked for it
	whole bool     // and for all in it
	told  bool     // a secret that has been reported
	asked []string // keys that somebody asked for
	// known keys that nobody asked for are reported with this reason.
	known []string
	why   string
}

func (n *node) line() int {
	if n.keyed {
		return n.keyRng.Start.Line
	}
	return n.rng.Start.Line
}

// secretName are keys whose values are never shown.
var secretName = regexp.MustCompile(`(?i)(passw|passphrase|secret|token|credential|api_?key|private_?key)`)

// notSecret are keys that only look like it: they name files and fields.
var notSecret = regexp.MustCompile(`(?i)(_path|_file|_field)$`)

// parse reads one file.
func parse(f File) (*document, diag.List) {
	text := bytes.TrimPrefix(f.Bytes, []byte("\xef\xbb\xbf"))
	stop := func(line int, code diag.Code, summary, detail string) (*document, diag.List) {
		pos := hcl.Pos{Line: max(line, 1), Column: 1}
		return nil, diag.List{{Severity: diag.Error, Code: code, Summary: summary, Detail: detail, Subject: &hcl.Range{Filename: f.Name, Start: pos, End: pos}}}
	}
	switch {
	case len(text) > MaxFile:
		return stop(1, diag.TooMuch, "The file is too large", fmt.Sprintf("A scenario or config has at most %d KiB. Data belongs in files of its own.", MaxFile>>10))
	case !utf8.Valid(text):
		return stop(1, diag.NotText, "The file is not text in UTF-8", "Save it as UTF-8.")
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var top yaml.Node
	if err := dec.Decode(&top); err != nil && !errors.Is(err, io.EOF) {
		line, why := yamlError(err)
		return stop(line, diag.ImportNotYAML, "The file is not YAML", why)
	}
	if top.Kind != yaml.DocumentNode || len(top.Content) != 1 || top.Content[0].Kind != yaml.MappingNode {
		return stop(top.Line, diag.ImportNotYAML, "The file has no keys", "A scenario or config is a YAML mapping: KEY: VALUE lines.")
	}
	var second yaml.Node
	if err := dec.Decode(&second); !errors.Is(err, io.EOF) {
		return stop(second.Line, diag.ImportNotYAML, "The file goes on after its first document", "A scenario or config is one YAML document. Cut the file where --- stands.")
	}
	b := &builder{file: f.Name, text: text, lines: lineStarts(text)}
	root := b.node(top.Content[0], "", false, 0)
	if b.found.HasErrors() {
		return nil, b.found
	}
	root.read = true
	return &document{root: root, shown: b.blot()}, nil
}

// yamlLine finds the line in an error of the YAML library, which has it in its text only.
var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

func yamlError(err error) (line int, why string) {
	text := err.Error()
	m := yamlLine.FindStringSubmatch(text)
	if m != nil {
		line, _ = strconv.Atoi(m[1]) // nought if there is none
		text = text[len(m[0]):]
	}
	return line, "The YAML reader says: " + shown(text) + "."
}

// builder makes nodes of the library's.
type builder struct {
	file    string
	text    []byte
	lines   []int // where lines begin
	count   int
	starts  []int // where nodes begin
	secrets []int // where nodes begin that are not to be shown
	last    hcl.Pos
	found   diag.List
}

func (b *builder) fail(y *yaml.Node, summary, detail string) {
	if b.found.HasErrors() {
		return // one is enough: the file is not read
	}
	r := b.rangeOf(y)
	b.found = append(b.found, diag.Diagnostic{Severity: diag.Error, Code: diag.ImportNotYAML, Summary: summary, Detail: detail, Subject: &r})
}

func (b *builder) node(y *yaml.Node, path string, secret bool, depth int) *node {
	n := &node{path: path, yaml: y, rng: b.rangeOf(y), secret: secret}
	b.count++
	switch {
	case b.count > maxNodes:
		b.fail(y, "The file has too many values", fmt.Sprintf("A scenario or config has at most %d, those that aliases repeat included.", maxNodes))
		return n
	case depth > maxDepth:
		b.fail(y, "The file is nested too deep", fmt.Sprintf("There are at most %d levels, and no alias stands inside what it names.", maxDepth))
		return n
	}
	start := n.rng.Start.Byte
	b.starts = append(b.starts, start)
	switch y.Kind {
	case yaml.AliasNode:
		if y.Alias != nil {
			kid := b.node(y.Alias, path, secret, depth+1)
			kid.rng = n.rng
			return kid
		}
		n.null = true
	case yaml.ScalarNode:
		n.scalar, n.text, n.null = true, y.Value, y.ShortTag() == "!!null"
		reference := strings.HasPrefix(n.text, "$ENV:") || strings.HasPrefix(n.text, "$CRED:")
		if !n.null && (secret && !reference || userinfo.MatchString(n.text)) {
			b.secrets = append(b.secrets, start)
		}
	case yaml.SequenceNode:
		for i, item := range y.Content {
			n.items = append(n.items, b.node(item, fmt.Sprintf("%s[%d]", path, i), secret, depth+1))
		}
	case yaml.DocumentNode: // never inside a document
	case yaml.MappingNode:
		b.mapping(n, y, secret, depth)
	}
	return n
}

// userinfo finds a user in a URL.
var userinfo = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*@`)

func (b *builder) mapping(n *node, y *yaml.Node, secret bool, depth int) {
	n.kids = map[string]*node{}
	var merges []*yaml.Node
	for i := 0; i+1 < len(y.Content) && !b.found.HasErrors(); i += 2 {
		k, v := y.Content[i], y.Content[i+1]
		b.starts = append(b.starts, b.rangeOf(k).Start.Byte)
		if k.ShortTag() == "!!merge" {
			merges = append(merges, v)
			continue
		}
		if k.Kind == yaml.AliasNode && k.Alias != nil {
			k = k.Alias
		}
		if k.Kind != yaml.ScalarNode {
			b.fail(k, "A key that is no word", "Keys of a scenario or config are words.")
			return
		}
		if old, ok := n.kids[k.Value]; ok {
			b.fail(k, fmt.Sprintf("The key %s stands there twice", shown(k.Value)), fmt.Sprintf("It stands in line %d as well. Which one is meant? Remove the other.", old.line()))
			return
		}
		kid := b.node(v, joined(n.path, k.Value), secret || n.path != "pre_failover_data.schema" && secretName.MatchString(k.Value) && !notSecret.MatchString(k.Value), depth+1)
		kid.keyRng, kid.keyed = b.rangeOf(k), true
		n.order = append(n.order, k.Value)
		n.kids[k.Value] = kid
	}
	for _, m := range merges {
		b.merge(n, m, secret, depth)
	}
}

// merge takes over the keys of `<<: *other` that are not there.
func (b *builder) merge(n *node, y *yaml.Node, secret bool, depth int) {
	from := b.node(y, n.path, secret, depth+1)
	list := []*node{from}
	if len(from.items) > 0 {
		list = from.items
	}
	for _, m := range list {
		for _, k := range m.order {
			if _, ok := n.kids[k]; !ok {
				n.order = append(n.order, k)
				n.kids[k] = m.kids[k]
			}
		}
	}
}

func joined(path, key string) string {
	if path == "" {
		return shown(key)
	}
	return path + "." + shown(key)
}

// lineStarts are where lines begin, as YAML counts lines.
func lineStarts(text []byte) []int {
	out := []int{0}
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		i += size
		switch r {
		case '\r':
			if i < len(text) && text[i] == '\n' {
				i++
			}
			out = append(out, i)
		case '\n', '\u0085', '\u2028', '\u2029':
			out = append(out, i)
		}
	}
	return out
}

// rangeOf is where a node stands: of a scalar its text on the first line, else its beginning.
func (b *builder) rangeOf(y *yaml.Node) hcl.Range {
	line, column := max(y.Line, 1), max(y.Column, 1)
	at := len(b.text)
	if line <= len(b.lines) {
		at = b.lines[line-1]
	}
	last := &b.last // nodes mostly come in the order of the text: a long line is walked once
	if last.Line == line && last.Column <= column {
		at = b.forward(last.Byte, column-last.Column)
	} else {
		at = b.forward(at, column-1)
	}
	*last = hcl.Pos{Line: line, Column: column, Byte: at}
	start := hcl.Pos{Line: line, Column: column, Byte: at}
	length := 0
	if y.Kind == yaml.ScalarNode && !strings.ContainsAny(y.Value, "\r\n") && y.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0 && y.Anchor == "" {
		length = utf8.RuneCountInString(y.Value)
		if y.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
			length += 2
		}
	}
	end := b.forward(at, length)
	return hcl.Range{Filename: b.file, Start: start, End: hcl.Pos{Line: line, Column: column + utf8.RuneCount(b.text[at:end]), Byte: end}}
}

// forward goes n characters on, but never past the end of the line.
func (b *builder) forward(at, n int) int {
	for ; n > 0 && at < len(b.text); n-- {
		r, size := utf8.DecodeRune(b.text[at:])
		if r == '\n' || r == '\r' {
			break
		}
		at += size
	}
	return at
}

// blot is the text with asterisks in place of secrets: from where each begins to where the next value or key does.
func (b *builder) blot() []byte {
	out := bytes.Clone(b.text)
	slices.Sort(b.starts)
	for _, from := range b.secrets {
		to := len(out)
		if i, _ := slices.BinarySearch(b.starts, from+1); i < len(b.starts) {
			to = b.starts[i]
		}
		for i := from; i < to; i++ {
			if c := out[i]; c != '\n' && c != '\r' && c != ' ' && c != '\t' {
				out[i] = '*'
			}
		}
	}
	return out
}
