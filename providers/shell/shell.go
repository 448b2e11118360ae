// Package shell makes POSIX shell programs out of constant text and quoted values.
//
// It holds the one function that quotes (Quote) and the one form in which a program reaches a machine (Script): the
// text of a program is written by a programmer, values come in as variables, and the whole travels on standard input.
// So nothing of a plan is ever on a command line, and a login shell of any kind sees the same constant words.
package shell

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Quote writes a value so that a POSIX shell reads it back as one word, byte for byte. A value with a zero byte
// cannot be a word of any shell: it is refused with ErrZero.
func Quote(s string) (string, error) {
	if strings.IndexByte(s, 0) >= 0 {
		return "", ErrZero
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'", nil
}

// ErrZero is returned for values with a zero byte in them.
var ErrZero = errors.New("a zero byte cannot be handed to a shell")

// List quotes values and joins them with spaces: an argument list.
func List(values []string) (string, error) {
	parts := make([]string, len(values))
	for i, v := range values {
		q, err := Quote(v)
		if err != nil {
			return "", err
		}
		parts[i] = q
	}
	return strings.Join(parts, " "), nil
}

// Script is a program for a POSIX shell: variables, then a text that uses them. It is JSON, so that the undo of a
// fault can travel in a handle.
type Script struct {
	// Name says what it does, for logs and errors: "arm", "undo network_partition".
	Name string `json:"name,omitempty"`
	Vars []Var  `json:"vars,omitempty"`
	// Text is constant: no value is ever spliced into it. It may use functions and `return`, and runs with standard
	// input closed, `set -u` on, and messages in the C locale.
	Text string `json:"text"`
	// Plain runs it as the user who logs in, without the host's `become`.
	Plain bool `json:"plain,omitempty"`
	// Input is handed to the text as the file that $INPUT names, line by line as it is: what may be secret or large.
	// It is never in a handle.
	Input []byte `json:"-"`
}

// Var is a variable of a script. With List, it is an argument list: `eval "set -- $NAME"` restores it.
type Var struct {
	Name  string   `json:"name"`
	Value string   `json:"value,omitempty"`
	List  []string `json:"list,omitempty"`
}

// Set returns a copy with one more variable.
func (s Script) Set(name, value string) Script {
	s.Vars = append(append([]Var(nil), s.Vars...), Var{Name: name, Value: value})
	return s
}

// SetList returns a copy with one more argument list.
func (s Script) SetList(name string, values []string) Script {
	if values == nil {
		values = []string{}
	}
	s.Vars = append(append([]Var(nil), s.Vars...), Var{Name: name, List: values})
	return s
}

// Program is the script as a whole program, for a file on the host or for Wrap. It ends with the status that the
// text returned.
func (s Script) Program() (string, error) {
	var b strings.Builder
	// What runs faults is in the sbin folders, which a login may not have in its path.
	b.WriteString("LC_ALL=C; PATH=${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin; export LC_ALL PATH; set -u\n")
	for _, v := range s.Vars {
		if !isName(v.Name) {
			return "", fmt.Errorf("%q is not the name of a shell variable", v.Name)
		}
		value := v.Value
		if v.List != nil {
			l, err := List(v.List)
			if err != nil {
				return "", fmt.Errorf("%s: %w", v.Name, err)
			}
			value = l
		}
		q, err := Quote(value)
		if err != nil {
			return "", fmt.Errorf("%s: %w", v.Name, err)
		}
		fmt.Fprintf(&b, "%s=%s\n", v.Name, q)
	}
	b.WriteString("xdc_main() {\n")
	b.WriteString(strings.TrimRight(s.Text, "\n"))
	b.WriteString("\n}\nxdc_main </dev/null\n")
	return b.String(), nil
}

func isName(s string) bool {
	for i, r := range s {
		if r != '_' && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}

// Wrap makes what is written to the standard input of `/bin/sh -s`: nothing of it runs before all of it has
// arrived, and the output stands between marks made of nonce, so that greetings of the login shell cannot be taken for
// it, and an answer that was cut off is told from one that ended.
func (s Script) Wrap(nonce string) ([]byte, error) {
	p, err := s.Program()
	if err != nil {
		return nil, fmt.Errorf("script %q: %w", s.Name, err)
	}
	var b bytes.Buffer
	b.WriteString("xdc_all() {\n")
	if s.Input != nil {
		in, err := Quote(string(s.Input))
		if err != nil {
			return nil, fmt.Errorf("script %q: its input: %w", s.Name, err)
		}
		// A file without a name would be better, but POSIX has none; only its owner can read it while it is there.
		fmt.Fprintf(&b, "umask 077; INPUT=$(mktemp) || return 125; export INPUT; trap 'rm -f \"$INPUT\"' 0 1 2 15\nprintf %%s %s >\"$INPUT\" || return 125\n", in)
	}
	fmt.Fprintf(&b, "printf '\\n%s\\n'\n(\n%s)\nxdc_s=$?\nprintf '\\n%s %%d\\n' \"$xdc_s\"\n}\nxdc_all\nexit 0\n", begin(nonce), p, end(nonce))
	return b.Bytes(), nil
}

func begin(nonce string) string { return "xdc-begin-" + nonce }
func end(nonce string) string   { return "xdc-end-" + nonce }

// Output is what a script left.
type Output struct {
	Stdout string
	Stderr string
	Exit   int
}

// ErrCut is returned when a script's end was not seen: it may have run in part, in full, or not at all.
var ErrCut = errors.New("the connection ended before the script's end was seen")

// Unwrap finds the output of a wrapped script and its exit status.
func Unwrap(stdout, stderr []byte, nonce string) (Output, error) {
	out := Output{Stderr: string(stderr)}
	_, rest, ok := bytes.Cut(stdout, []byte("\n"+begin(nonce)+"\n"))
	if !ok {
		return out, ErrCut
	}
	i := bytes.LastIndex(rest, []byte("\n"+end(nonce)+" "))
	if i < 0 {
		return out, ErrCut
	}
	line, _, ok := bytes.Cut(rest[i+len(end(nonce))+2:], []byte("\n"))
	if !ok {
		return out, ErrCut
	}
	code, err := strconv.Atoi(string(line))
	if err != nil {
		return out, ErrCut
	}
	out.Stdout, out.Exit = string(rest[:i]), code
	return out, nil
}

// Show writes an argument list for people, as it would be typed; control characters are made visible. Nothing is run from
// it.
func Show(args []string) string {
	parts := make([]string, len(args))
	for i, a := range args {
		switch {
		case strings.ContainsFunc(a, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\uFFFD' }):
			parts[i] = "$'" + strings.ReplaceAll(strings.Trim(strconv.QuoteToASCII(a), `"`), "'", `\'`) + "'"
		case a == "" || strings.ContainsFunc(a, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_./:=,@%+", r)
		}):
			parts[i] = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		default:
			parts[i] = a
		}
	}
	return strings.Join(parts, " ")
}
