package cond

// near returns the candidate that differs least from word, if it differs little enough to be meant.
func near(word string, candidates []string) string {
	best, at := 3, ""
	if len(word) < 4 {
		best = 2
	}
	for _, c := range candidates {
		if d := distance(word, c); d > 0 && d < best {
			best, at = d, c
		}
	}
	return at
}

// distance is the Levenshtein distance.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		prev := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			prev, row[j] = row[j], min(row[j]+1, row[j-1]+1, prev+cost)
		}
	}
	return row[len(b)]
}
