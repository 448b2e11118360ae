package value

import "io"

// trie finds the longest of many texts at a place. The zero value has none.
type trie struct {
	nodes []trieNode
	first [256]bool
}

type trieNode struct {
	next map[byte]int32
	end  bool
	// shortest is how long the shortest text is that goes on from here.
	shortest int
}

func (t *trie) add(s string) {
	if len(s) < minSecret {
		return
	}
	if t.nodes == nil {
		t.nodes = []trieNode{{}}
	}
	t.first[s[0]] = true
	at := int32(0)
	for i := range len(s) {
		if t.nodes[at].next == nil {
			t.nodes[at].next = map[byte]int32{}
		}
		next, ok := t.nodes[at].next[s[i]]
		if !ok {
			t.nodes = append(t.nodes, trieNode{shortest: len(s)})
			next = int32(len(t.nodes) - 1)
			t.nodes[at].next[s[i]] = next
		}
		t.nodes[next].shortest = min(t.nodes[next].shortest, len(s))
		at = next
	}
	t.nodes[at].end = true
}

func (t *trie) mayMatch(s string) bool {
	for i := range len(s) {
		if t.first[s[i]] {
			return true
		}
	}
	return false
}

// at returns the length of the longest text at the beginning of b. open says that b ends within a longer one,
// whose shortest completion has want bytes.
func (t *trie) at(b []byte) (match int, open bool, want int) {
	if !t.first[b[0]] {
		return 0, false, 0
	}
	node := int32(0)
	for i, c := range b {
		next, ok := t.nodes[node].next[c]
		if !ok {
			return match, false, 0
		}
		node = next
		if t.nodes[node].end {
			match = i + 1
		}
	}
	return match, len(t.nodes[node].next) > 0, t.nodes[node].shortest
}

// ending says what comes after the bytes that are redacted.
type ending int

const (
	whole ending = iota // nothing: they are a text by themselves
	more                // more bytes, perhaps the rest of a secret
	cut                 // nothing, but a secret may have been cut short
)

// minCut is how long the beginning of a secret must be to be masked like a whole one.
const minCut = 4

// redact writes b with texts masked and returns how much of it is dealt with. With more to come, it stops where
// a text may have begun that b does not have the end of.
func (t *trie) redact(w io.Writer, b []byte, then ending) int {
	var plain int // b[plain:i] is to be written as it is
	flush := func(i int) {
		if i > plain {
			_, _ = w.Write(b[plain:i]) // a buffer
		}
	}
	i := 0
	for i < len(b) {
		n, open, want := t.at(b[i:])
		switch {
		case open && then == more:
			flush(i)
			return i
		case open && then == cut && n == 0 && len(b)-i >= minCut && 2*(len(b)-i) >= want:
			n = len(b) - i
		}
		if n == 0 {
			i++
			continue
		}
		flush(i)
		_, _ = io.WriteString(w, Mask) // a buffer
		i += n
		plain = i
	}
	flush(i)
	return i
}
