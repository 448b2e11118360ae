package diag

import (
	"fmt"

	"github.com/agext/levenshtein"
)

// maxDistance is how many edits apart a name may be to count as near.
const maxDistance = 3

// Near returns the name nearest to the one given, or the empty string if none is near. Of names equally near the
// first one counts.
func Near(given string, names []string) string {
	best, found := maxDistance+1, ""
	for _, n := range names {
		limit := min(maxDistance, max(1, len(given)/2))
		if dist := levenshtein.Distance(given, n, nil); dist <= limit && dist < best {
			best, found = dist, n
		}
	}
	return found
}

// Suggest returns ` Did you mean "x"?` with a leading space when a name is near, else the empty string.
func Suggest(given string, names []string) string {
	if n := Near(given, names); n != "" {
		return fmt.Sprintf(" Did you mean %q?", n)
	}
	return ""
}
