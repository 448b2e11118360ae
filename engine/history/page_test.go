package history_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/xdc-project/xdc/engine/history"
	"github.com/xdc-project/xdc/engine/report"
)

var inf = math.Inf(1)

// pageOf compares and draws.
func pageOf(t interface {
	Helper()
	Fatal(args ...any)
}, now, before []report.Summary, o history.Options,
) string {
	t.Helper()
	c, err := history.Compare(now, before, o)
	if err != nil {
		t.Fatal(err)
	}
	b, err := history.HTML(c, o)
	if err != nil {
		t.Fatal(err)
	}
	again, err := history.HTML(c, o)
	if err != nil || !bytes.Equal(b, again) {
		t.Fatal("the same comparison gives another page", err)
	}
	return string(b)
}

func TestThePageShowsWhatIsWorse(t *testing.T) {
	steady := func(i int) float64 { return 10 + float64(i%5)/10 }
	slower := func(i int) float64 {
		if i == 3 {
			return math.NaN()
		}
		return 15 + float64(i%5)/10
	}
	now := series(10, slower)
	for i := range now {
		now[i].Run.ID = "slow" + now[i].Run.ID
	}
	now[4] = made(4, math.Inf(1), 2)
	page := pageOf(t, now, series(10, steady), usual)
	for _, want := range []string{
		`<p class="headline">Worse than the baseline: wait.takeover rto`, `<span class="pill bad">worse</span>`,
		"<title>slowrun3: in doubt</title>", "<title>run4: never</title>", "<title>slowrun0: 15.000s</title>",
		"Difference of the medians: &#43;5.", "covers 71.7% of all runs", `<th scope="row">slowrun3</th><td>in doubt</td>`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if strings.Contains(page, "Difference of the means") {
		t.Error("what never came has no mean, and so no difference of means")
	}
	same := pageOf(t, series(10, steady), series(10, steady), usual)
	if !strings.Contains(same, "There is no evidence that anything is worse than the baseline") || !strings.Contains(same, "That is no proof") || strings.Contains(same, `"pill bad"`) {
		t.Error("noise is shown as evidence")
	}
}

// Whatever was measured and whatever things are called, the page is one file that loads nothing, with drawings that are
// well-formed and numbers that are numbers, and no name becomes markup.
func TestThePageOfAnything(t *testing.T) {
	elsewhere := regexp.MustCompile(`(?i)<script|<link|<img|<iframe|https?://|url\(|NaN|[^a-z]Inf`)
	drawing := regexp.MustCompile(`(?s)<svg.*?</svg>`)
	rapid.Check(t, func(t *rapid.T) {
		figure := rapid.SampledFrom([]float64{0, 0.0001, 1, 1, 1.5, 3, 27.25, 1e9, inf, math.NaN()})
		name := rapid.SampledFrom([]string{"plain", `<script>alert(1)</script>`, "\"'&</title>", "\x1b[31m\x00\xff", "{{.Plan}}"}).Draw(t, "name")
		draw := func(what string) (out []report.Summary) {
			for i, x := range rapid.SliceOfN(figure, 1, 12).Draw(t, what) {
				s := made(i, x, int64(i%2))
				s.Run.ID, s.Run.Plan, s.Recoveries[0].Step, s.Expects[0].Step = name+s.Run.ID, name, name, name
				out = append(out, s)
			}
			return out
		}
		var before []report.Summary
		if rapid.Bool().Draw(t, "baseline") {
			before = draw("before")
		}
		page := pageOf(t, draw("now"), before, usual)
		if found := elsewhere.FindString(page); found != "" {
			t.Fatalf("the page has %q", found)
		}
		if strings.ContainsAny(page, "\x1b\x00") {
			t.Fatal("the page has control characters")
		}
		for _, svg := range drawing.FindAllString(page, -1) {
			for d := xml.NewDecoder(strings.NewReader(svg)); ; {
				if _, err := d.Token(); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatalf("%v in %s", err, svg)
				}
			}
		}
	})
}
