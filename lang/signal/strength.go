package signal

import "strings"

// Strength is how much a conclusion's evidence is worth. The zero value says nothing about it: a plain observation.
type Strength string

// The strengths. What is strong cannot be otherwise as far as is known of how the thing works; what is medium has other
// explanations, which are rare; what is weak is only what somebody said, or what is absent.
const (
	Weak   Strength = "weak"
	Medium Strength = "medium"
	Strong Strength = "strong"
)

var strengths = map[Strength]int{Weak: 1, Medium: 2, Strong: 3}

// Least is the weakest of some strengths: what rests on several things is worth no more than the least of them. Those that
// say nothing are left out.
func Least(all ...Strength) Strength {
	out := Strength("")
	for _, s := range all {
		if strengths[s] > 0 && (out == "" || strengths[s] < strengths[out]) {
			out = s
		}
	}
	return out
}

// Rests is the evidence of a sample in one text, with its strength in front: "strong: the job is gone".
func (s Sample) Rests() string {
	if s.Strength == "" {
		return s.Evidence
	}
	return string(s.Strength) + ": " + s.Evidence
}

// SplitEvidence is the inverse of Rests.
func SplitEvidence(text string) (Strength, string) {
	word, rest, ok := strings.Cut(text, ": ")
	if s := Strength(word); ok && strengths[s] > 0 {
		return s, rest
	}
	return "", text
}
