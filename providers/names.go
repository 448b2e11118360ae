package providers

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// UniqueName is the name under which a step of a run puts something on a target: "xdc_", 8 characters of the run,
// "_", 8 hex digits of the step's digest. It is 21 characters of [a-z0-9_], and the same in every process.
func UniqueName(run, step string) string {
	return "xdc_" + runPart(run) + "_" + digest(step)
}

// runPart is the random end of a RUN_ID in lower case.
func runPart(run string) string {
	kept := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(run))
	if len(kept) < 8 {
		return digest(run)
	}
	return kept[len(kept)-8:]
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:4])
}
