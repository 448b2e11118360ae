package sshconfig

import "strings"

// Match reports whether a name matches one of OpenSSH's patterns: * is any text, ? any character.
func Match(pattern, name string) bool {
	// The last * seen and where its text ends so far: going back there is enough, so the work is bounded by the
	// product of both lengths.
	p, n, star, from := 0, 0, -1, 0
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, n
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == name[n]):
			p++
			n++
		case star >= 0:
			from++
			p, n = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// MatchList reports whether a name matches a list of patterns. One that begins with ! excludes what it matches, whatever
// the others say.
func MatchList(patterns []string, name string) bool {
	found := false
	for _, p := range patterns {
		if rest, not := strings.CutPrefix(p, "!"); not {
			if Match(rest, name) {
				return false
			}
			continue
		}
		found = found || Match(p, name)
	}
	return found
}
