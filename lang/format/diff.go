package format

import (
	"fmt"
	"strings"
)

// context is how many unchanged lines stand around a change.
const context = 3

// maxEdits bounds how long a shortest difference is looked for. Beyond it, everything between the first and
// the last changed line counts as replaced.
const maxEdits = 2000

// Diff is the difference between two texts in unified form, which `patch -p1` understands; empty if they are
// the same.
func Diff(a, b []byte, name string) string {
	if string(a) == string(b) {
		return ""
	}
	la, lb := lines(string(a)), lines(string(b))
	var out strings.Builder
	fmt.Fprintf(&out, "--- a/%s\n+++ b/%s\n", name, name)
	for _, h := range hunks(edits(la, lb)) {
		h.write(&out)
	}
	return out.String()
}

// lines splits a text into lines with their ends.
func lines(s string) []string {
	out := strings.SplitAfter(s, "\n")
	if out[len(out)-1] == "" {
		out = out[:len(out)-1]
	}
	return out
}

// edit is a line that is kept (' '), taken away ('-') or added ('+').
type edit struct {
	op   byte
	line string
}

// edits turns a into b.
func edits(a, b []string) []edit {
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	var out []edit
	for _, l := range a[:head] {
		out = append(out, edit{' ', l})
	}
	out = append(out, shortest(a[head:len(a)-tail], b[head:len(b)-tail])...)
	for _, l := range a[len(a)-tail:] {
		out = append(out, edit{' ', l})
	}
	return out
}

// shortest is a shortest list of edits, found with the greedy algorithm of Myers: reach[k] is how far in a one
// gets with d edits on the diagonal k, which is that of places x in a and x-k in b.
func shortest(a, b []string) []edit {
	limit := min(len(a)+len(b), maxEdits)
	reach := make([]int, 2*limit+3)
	at := func(k int) int { return k + limit + 1 }
	var trace [][]int
	for d := 0; d <= limit; d++ {
		trace = append(trace, append([]int(nil), reach[at(-d-1):at(d+1)+1]...))
		for k := -d; k <= d; k += 2 {
			x := reach[at(k-1)] + 1
			if k == -d || k != d && reach[at(k-1)] < reach[at(k+1)] {
				x = reach[at(k+1)]
			}
			for x < len(a) && x-k < len(b) && a[x] == b[x-k] {
				x++
			}
			reach[at(k)] = x
			if x >= len(a) && x-k >= len(b) {
				return backtrack(a, b, trace)
			}
		}
	}
	var out []edit
	for _, l := range a {
		out = append(out, edit{'-', l})
	}
	for _, l := range b {
		out = append(out, edit{'+', l})
	}
	return out
}

// backtrack walks from the end to the beginning along what trace remembers of each round.
func backtrack(a, b []string, trace [][]int) []edit {
	var back []edit
	x, y := len(a), len(b)
	for d := len(trace) - 1; d > 0; d-- {
		reach := func(k int) int { return trace[d][k+d+1] }
		k := x - y
		from := k - 1
		if k == -d || k != d && reach(k-1) < reach(k+1) {
			from = k + 1
		}
		px := reach(from)
		py := px - from
		for x > px && y > py {
			x, y = x-1, y-1
			back = append(back, edit{' ', a[x]})
		}
		if from == k+1 {
			y--
			back = append(back, edit{'+', b[y]})
		} else {
			x--
			back = append(back, edit{'-', a[x]})
		}
	}
	for x > 0 {
		x--
		back = append(back, edit{' ', a[x]})
	}
	out := make([]edit, len(back))
	for i, e := range back {
		out[len(back)-1-i] = e
	}
	return out
}

// hunk is a run of edits with unchanged lines around it.
type hunk struct {
	a, b  int // the lines before it
	edits []edit
}

// hunks cuts edits where more than twice the context is unchanged.
func hunks(es []edit) []hunk {
	var out []hunk
	a, b := 0, 0
	last := -1 // the index behind the last change
	for i, e := range es {
		if e.op != ' ' {
			if last < 0 || i-last > 2*context {
				from := max(i-context, 0)
				if last >= 0 {
					h := &out[len(out)-1]
					h.edits = append(h.edits, es[last:last+context]...)
				}
				out = append(out, hunk{a: a - (i - from), b: b - (i - from), edits: append([]edit(nil), es[from:i]...)})
			} else {
				h := &out[len(out)-1]
				h.edits = append(h.edits, es[last:i]...)
			}
			h := &out[len(out)-1]
			h.edits = append(h.edits, e)
			last = i + 1
		}
		if e.op != '+' {
			a++
		}
		if e.op != '-' {
			b++
		}
	}
	if last >= 0 {
		h := &out[len(out)-1]
		h.edits = append(h.edits, es[last:min(last+context, len(es))]...)
	}
	return out
}

func (h hunk) write(out *strings.Builder) {
	na, nb := 0, 0
	for _, e := range h.edits {
		if e.op != '+' {
			na++
		}
		if e.op != '-' {
			nb++
		}
	}
	fmt.Fprintf(out, "@@ -%s +%s @@\n", span(h.a, na), span(h.b, nb))
	for _, e := range h.edits {
		out.WriteByte(e.op)
		out.WriteString(e.line)
		if !strings.HasSuffix(e.line, "\n") {
			out.WriteString("\n\\ No newline at end of file\n")
		}
	}
}

// span is how unified form counts: an empty piece stands behind the line before it.
func span(before, n int) string {
	switch n {
	case 0:
		return fmt.Sprintf("%d,0", before)
	case 1:
		return fmt.Sprintf("%d", before+1)
	}
	return fmt.Sprintf("%d,%d", before+1, n)
}
