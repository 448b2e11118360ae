package host

import (
	"fmt"
	"strings"
)

// maxDifference bounds how many lines of a difference are shown.
const maxDifference = 40

// Difference shows which lines are gone ("-") and which are new ("+"), in the order of the texts. Lines that only
// moved are not shown, unless nothing else differs.
func Difference(old, now string) string {
	count := map[string]int{}
	for _, l := range lines(now) {
		count[l]++
	}
	var out []string
	for _, l := range lines(old) {
		if count[l]--; count[l] < 0 {
			out = append(out, "- "+l)
		}
	}
	count = map[string]int{}
	for _, l := range lines(old) {
		count[l]++
	}
	for _, l := range lines(now) {
		if count[l]--; count[l] < 0 {
			out = append(out, "+ "+l)
		}
	}
	if len(out) == 0 && old != now {
		return "the same lines in another order"
	}
	if n := len(out) - maxDifference; n > 0 {
		out = append(out[:maxDifference], fmt.Sprintf("... and %d lines more", n))
	}
	return strings.Join(out, "\n")
}

func lines(s string) []string {
	s = strings.TrimRight(s, "\n")
	if s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}
