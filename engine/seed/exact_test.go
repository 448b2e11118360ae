package seed

import (
	"encoding/json"
	"math/big"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/xdc-project/xdc/lang/value"
)

// Whatever its bounds are, an exact number is a JSON number within them, with as many digits behind the point as were asked for,
// and the same again for the same record.
func TestExactNumbersAreWithinTheirBoundsToTheLastDigit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bound := rapid.Custom(func(t *rapid.T) *big.Int {
			n, _ := new(big.Int).SetString(rapid.StringMatching(`[0-9]{1,34}`).Draw(t, "digits"), 10)
			if rapid.Bool().Draw(t, "negative") {
				n.Neg(n)
			}
			return n
		})
		low, high := bound.Draw(t, "low"), bound.Draw(t, "high")
		if low.Cmp(high) > 0 {
			low, high = high, low
		}
		scale := rapid.IntRange(0, 34).Draw(t, "scale")
		spec := &value.Generator{Kind: "object", Names: []string{"n"}, Fields: []value.Generator{{Kind: "exact", Low: low.String(), High: high.String(), Scale: scale}}}
		g, err := newGenerated(spec, rapid.Uint64().Draw(t, "seed"), "seed.x.y")
		if err != nil {
			t.Fatal(err)
		}
		seq := rapid.Int64Range(0, 1e9).Draw(t, "seq")
		it, err := g.next(seq, time.Unix(0, 0))
		if err != nil {
			t.Fatal(err)
		}
		again, err := g.next(seq, time.Unix(0, 0))
		if err != nil || string(again.raw) != string(it.raw) {
			t.Errorf("first %s, then %s: %v", it.raw, again.raw, err)
		}
		var out struct{ N json.Number }
		if err := json.Unmarshal(it.raw, &out); err != nil {
			t.Fatalf("%s: %v", it.raw, err)
		}
		text := out.N.String()
		_, fraction, _ := strings.Cut(text, ".")
		n, ok := new(big.Int).SetString(strings.Replace(text, ".", "", 1), 10)
		if !ok || len(fraction) != scale || n.Cmp(low) < 0 || n.Cmp(high) > 0 || !regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.|$)`).MatchString(text) {
			t.Errorf("%s is not between %s and %s with %d digits behind the point", text, low, high, scale)
		}
	})
}

func TestExactNumbersReachBothEnds(t *testing.T) {
	for _, scale := range []int{0, 2} {
		fn, err := compileExact(value.Generator{Low: "-1", High: "1", Scale: scale})
		if err != nil {
			t.Fatal(err)
		}
		g, err := newGenerated(&value.Generator{Kind: "object", Names: []string{"n"}, Fields: []value.Generator{{Kind: "seq"}}}, 1, "x")
		if err != nil {
			t.Fatal(err)
		}
		m, seen := g.maker(nil), map[string]int{}
		for range 300 {
			seen[string(fn(nil, &m.r))]++
		}
		if len(seen) != 3 {
			t.Errorf("scale %d: %v", scale, seen)
		}
		for text, n := range seen {
			if n < 60 {
				t.Errorf("scale %d: %s came %d times of 300", scale, text, n)
			}
		}
	}
}

func TestExactNumbersThatDoNotExistAreRefused(t *testing.T) {
	for _, g := range []value.Generator{
		{Low: "2", High: "1"},
		{Low: "", High: "1"},
		{Low: "0", High: "1.5"},
		{Low: "0", High: "1", Scale: 35},
		{Low: "0", High: "1", Scale: -1},
		{Low: "0", High: strings.Repeat("9", 50)},
	} {
		if _, err := compileExact(g); err == nil {
			t.Errorf("%+v was taken", g)
		}
	}
}
