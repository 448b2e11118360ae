package httpcheck

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/xdc-project/xdc/providers/endpoint"
)

const (
	// maxSteps and maxPath bound a path; maxPath is in bytes.
	maxSteps = 32
	maxPath  = 500
	// maxText bounds a text that is found, and maxShown what is shown of one, in bytes.
	maxText  = 4 << 10
	maxShown = 200
)

// Path leads to a place in a JSON value.
type Path []Step

// Step is one step of a path: the member of an object, or an element of a list.
type Step struct {
	Name  string
	Index int // -1: Name counts
}

// ParsePath reads names with dots between them and [N] behind them: "checks[0].backlog", "[2].state". An empty path is
// the whole value.
func ParsePath(text string) (Path, error) {
	bad := func(why string) (Path, error) {
		return nil, fmt.Errorf("`json_path` is %q: %s; write names with dots between them, and [N] for elements of lists", endpoint.Clip(text, maxShown), why)
	}
	if len(text) > maxPath {
		return bad("it is too long")
	}
	var p Path
	for rest := text; rest != ""; {
		if len(p) == maxSteps {
			return bad("it has too many steps")
		}
		if inner, ok := strings.CutPrefix(rest, "["); ok {
			digits, after, closed := strings.Cut(inner, "]")
			n, err := strconv.ParseUint(digits, 10, 31)
			if !closed || err != nil {
				return bad("[ ] holds a number, from 0")
			}
			p, rest = append(p, Step{Index: int(n)}), after
			if rest != "" && rest[0] != '.' && rest[0] != '[' {
				return bad("behind ] comes a dot or nothing")
			}
			continue
		}
		if len(p) > 0 {
			if rest[0] != '.' {
				return bad("a dot is missing")
			}
			rest = rest[1:]
		}
		end := strings.IndexAny(rest, ".[")
		if end < 0 {
			end = len(rest)
		}
		if end == 0 || strings.Contains(rest[:end], "]") {
			return bad("a name is missing")
		}
		p, rest = append(p, Step{Name: rest[:end], Index: -1}), rest[end:]
	}
	return p, nil
}

// Found is what stands at a path.
type Found struct {
	Text     string
	Number   float64
	IsNumber bool
}

// Find looks a path up in a JSON document. It returns nil where null stands there, and an error where the document is
// none, has no such place, or has an object or a list there.
func (p Path) Find(doc []byte) (*Found, error) {
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	var x any
	if err := d.Decode(&x); err != nil {
		return nil, fmt.Errorf("it is not JSON: %q", endpoint.Clip(strings.ToValidUTF8(string(doc), "?"), maxShown))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("it is not JSON alone: something comes behind the value")
	}
	at := "the top"
	for _, s := range p {
		if s.Index < 0 {
			m, ok := x.(map[string]any)
			if !ok {
				return nil, fmt.Errorf("there is no object at %s", at)
			}
			if x, ok = m[s.Name]; !ok {
				return nil, fmt.Errorf("there is no %q at %s", s.Name, at)
			}
			at = strconv.Quote(s.Name)
			continue
		}
		l, ok := x.([]any)
		if !ok || s.Index >= len(l) {
			return nil, fmt.Errorf("there is no list with an element [%d] at %s", s.Index, at)
		}
		x, at = l[s.Index], fmt.Sprintf("[%d]", s.Index)
	}
	switch x := x.(type) {
	case nil:
		return nil, nil //nolint:nilnil // null: nothing is there, and nothing is wrong
	case bool:
		return &Found{Text: strconv.FormatBool(x)}, nil
	case json.Number:
		n, err := x.Float64()
		if len(x) > maxShown {
			return nil, fmt.Errorf("the number at %s has %d digits", at, len(x))
		}
		return &Found{Text: x.String(), Number: n, IsNumber: err == nil && !math.IsInf(n, 0)}, nil
	case string:
		if len(x) > maxText {
			return nil, fmt.Errorf("the text at %s has %d bytes, and %d are the most that is kept", at, len(x), maxText)
		}
		return &Found{Text: x}, nil
	}
	return nil, fmt.Errorf("there is an object or a list at %s: let `json_path` lead to what is meant inside it", at)
}
