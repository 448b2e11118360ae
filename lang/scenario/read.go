package scenario

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/xdc-project/xdc/lang/diag"
)

// get is the value of a key; nil if there is none. Whoever asks for a key has to make something of it.
func (n *node) get(key string) *node {
	if n == nil {
		return nil
	}
	n.asked = append(n.asked, key)
	kid := n.kids[key]
	if kid == nil {
		return nil
	}
	kid.read = true
	if kid.null {
		return nil
	}
	return kid
}

// either is the value of the first of some keys that is there. The others stay unread.
func (n *node) either(keys ...string) *node {
	var out *node
	for _, k := range keys {
		if n != nil && out == nil {
			out = n.get(k)
		}
	}
	return out
}

// all marks everything in a node as dealt with.
func (n *node) all() {
	if n != nil {
		n.read, n.whole = true, true
	}
}

// section is a mapping; anything else is reported.
func (im *importer) section(n *node) *node {
	if n == nil {
		return nil
	}
	if n.kids == nil {
		im.shape(n, "keys and values")
		return nil
	}
	return n
}

// list is the elements of a list; a single value counts as a list of one.
func (im *importer) list(n *node) []*node {
	if n == nil {
		return nil
	}
	if n.items == nil {
		if n.scalar || n.kids != nil {
			return []*node{n}
		}
		return nil
	}
	for _, i := range n.items {
		i.read = true
	}
	return n.items
}

func (im *importer) shape(n *node, want string) {
	n.all()
	what := "a single value"
	switch {
	case n.kids != nil:
		what = "keys and values"
	case !n.scalar:
		what = "a list"
	}
	if what == want || n.scalar {
		what = "something else"
	}
	im.leave(n, diag.ImportShape, fmt.Sprintf("%s does not fit", shown(lastKey(n))),
		fmt.Sprintf("This key takes %s, and has %s. It was left out.", want, what))
}

// lastKey is the key of a node.
func lastKey(n *node) string {
	if i := strings.LastIndexByte(n.path, '.'); i >= 0 {
		return n.path[i+1:]
	}
	return n.path
}

// str is a text; empty if there is none.
func (im *importer) str(n *node) string {
	if n == nil {
		return ""
	}
	if !n.scalar {
		im.shape(n, "a text")
		return ""
	}
	return n.text
}

// number is a number between two bounds.
func (im *importer) number(n *node, low, high float64) (float64, bool) {
	if n == nil {
		return 0, false
	}
	want := fmt.Sprintf("a number from %s to %s", plainNumber(low), plainNumber(high))
	if !n.scalar {
		im.shape(n, want)
		return 0, false
	}
	var f float64
	if err := n.yaml.Decode(&f); err != nil {
		if f, err = strconv.ParseFloat(strings.TrimSpace(n.text), 64); err != nil {
			im.shape(n, want)
			return 0, false
		}
	}
	if math.IsNaN(f) || f < low || f > high {
		im.shape(n, want)
		return 0, false
	}
	return f, true
}

// wholeNumber is a whole number from 1.
func (im *importer) wholeNumber(n *node, high float64) (int64, bool) {
	f, ok := im.number(n, 1, high)
	if !ok {
		return 0, false
	}
	if f != math.Trunc(f) {
		im.shape(n, "a whole number")
		return 0, false
	}
	return int64(f), true
}

// longest is the longest time that any key may state, in seconds.
const longest = 30 * 24 * 3600

// seconds is a time given in seconds; nought if there is none.
func (im *importer) seconds(n *node) time.Duration {
	f, ok := im.number(n, 0.001, longest)
	if !ok {
		return 0
	}
	return time.Duration(math.Round(f*1000)) * time.Millisecond
}

// boolean is true or false.
func (im *importer) boolean(n *node) (value, ok bool) {
	if n == nil {
		return false, false
	}
	if n.scalar {
		if err := n.yaml.Decode(&value); err == nil {
			return value, true
		}
		if b, err := strconv.ParseBool(strings.ToLower(strings.TrimSpace(n.text))); err == nil {
			return b, true
		}
	}
	im.shape(n, "true or false")
	return false, false
}

// word is one of a few texts; anything else is reported and is none.
func (im *importer) word(n *node, words ...string) string {
	s := im.str(n)
	if s == "" {
		return ""
	}
	for _, w := range words {
		if strings.EqualFold(strings.TrimSpace(s), w) {
			return w
		}
	}
	n.all()
	im.leave(n, diag.ImportUnsupported, fmt.Sprintf("%s is not one of the values", shown(s)),
		fmt.Sprintf("The framework knows %s. It was left out.%s", strings.Join(words, ", "), diag.Suggest(s, words)))
	return ""
}

// plainNumber writes a number without an exponent.
func plainNumber(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// duration writes a time as a plan has it.
func duration(d time.Duration) string {
	switch {
	case d >= 2*time.Hour && d%time.Hour == 0:
		return strconv.FormatInt(int64(d/time.Hour), 10) + "h"
	case d >= 2*time.Minute && d%time.Minute == 0:
		return strconv.FormatInt(int64(d/time.Minute), 10) + "m"
	case d%time.Second == 0:
		return strconv.FormatInt(int64(d/time.Second), 10) + "s"
	}
	return strconv.FormatInt(d.Milliseconds(), 10) + "ms"
}
