package process

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Bounds of what is shown of processes: people read it, and anybody on the host may have written it.
const (
	shownBytes = 160
	shownLines = 20
)

// found is a process of a machine.
type found struct {
	PID     int
	Start   string
	State   string // the kernel's letter
	Name    string
	Command string
}

// String is "4711 (/opt/orders/bin/gateway --port 80)", safe to show and not long.
func (f found) String() string {
	return fmt.Sprintf("%d (%s)", f.PID, printable(f.Command, shownBytes))
}

// id identifies the process for ever.
func (f found) id() string { return strconv.Itoa(f.PID) + ":" + f.Start }

// stopped reports whether somebody has stopped the process: by a signal (T) or a debugger (t).
func (f found) stopped() bool { return f.State == "T" || f.State == "t" }

// named lists processes for people; of many, the first.
func named(list []found) []string {
	var out []string
	for _, f := range list[:min(len(list), shownLines)] {
		out = append(out, f.String())
	}
	if n := len(list) - shownLines; n > 0 {
		out = append(out, fmt.Sprintf("and %d more", n))
	}
	return out
}

// ids are the identities of processes, as scripts take them.
func ids(list []found) string {
	out := make([]string, len(list))
	for i, f := range list {
		out[i] = f.id()
	}
	return strings.Join(out, " ")
}

// awake parts processes into those that run and those that were stopped before.
func awake(list []found) (running, stopped []found) {
	for _, f := range list {
		if f.stopped() {
			stopped = append(stopped, f)
		} else {
			running = append(running, f)
		}
	}
	return running, stopped
}

// meaning says which processes a fault means at one machine, for those who agree to it.
func (k kind) meaning(a *arguments, list, spared []found) []string {
	verb := "will get SIG" + a.Signal
	if k.hang {
		verb = "will be stopped"
	}
	var out []string
	for _, s := range named(list) {
		out = append(out, "process "+s+" "+verb)
	}
	for _, s := range named(spared) {
		out = append(out, "process "+s+" is stopped already and is left as it is")
	}
	if a.Every > 0 {
		out = append(out, "and whoever takes their place, at most "+strconv.Itoa(a.most())+" at a time")
	}
	return out
}

// printable makes what a machine has said safe to show: no control characters, at most n bytes or so.
func printable(s string, n int) string {
	cut := len(s) > n
	if cut {
		s = s[:n]
	}
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(s, "?") {
		if strconv.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		q := strconv.QuoteRuneToASCII(r)
		b.WriteString(q[1 : len(q)-1])
	}
	if cut {
		b.WriteString("...")
	}
	return b.String()
}

// picked keeps the oldest of the processes, as many as the plan says.
func (a *arguments) picked(list []found) []found {
	if a.Pick > 0 && a.Pick < len(list) {
		return slices.Clone(list[:a.Pick])
	}
	return list
}
