package cond_test

import (
	"strings"
	"testing"
	"time"

	"github.com/xdc-project/xdc/lang/cond"
)

// Nothing that fits into the bounds takes longer than its length explains: a blow-up would take hours.
func TestLargeConditionsAreReadQuickly(t *testing.T) {
	nots := strings.Repeat("not ", 100)
	for name, text := range map[string]string{
		"long":          "x.a" + strings.Repeat(" or x.a", 2300),
		"deep":          strings.Repeat("(", 100) + "x.a" + strings.Repeat(")", 100),
		"deep in signs": strings.Repeat(nots+"(", 100) + "x.a" + strings.Repeat(")", 100),
		"deep sums":     strings.Repeat("- (1 + ", 99) + "x.n" + strings.Repeat(")", 99) + " > 1",
		"deep, broken":  strings.Repeat("(not ", 100) + "x.a" + strings.Repeat(")", 99) + " or",
		"too long":      strings.Repeat("x.a or ", 3_000),
		"one word":      strings.Repeat("a", 16_000),
		"one path":      "x" + strings.Repeat(".a", 8_000),
		"pattern":       `x.s matches "` + strings.Repeat("(a{1,1000}){1,1000}", 20) + `"`,
	} {
		began := time.Now()
		f, problems := cond.Compile(text, cond.Verdict, small)
		if spent := time.Since(began); spent > time.Minute {
			t.Errorf("%s took %s", name, spent)
		}
		if f == nil && len(problems) == 0 {
			t.Errorf("%s: neither read nor explained", name)
		}
	}
}
