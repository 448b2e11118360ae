package view

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/signal"
)

// columns is how wide a line of bars is.
const columns = 60

// maxShown bounds how many samples of a signal are kept to be shown.
const maxShown = 100_000

// Signals shows what some signals were during a run.
type Signals struct {
	all    bool
	names  []string
	by     map[string][]signal.Sample
	left   map[string]int
	others map[string]bool
}

// NewSignals shows every change, or with all every sample.
func NewSignals(all bool) *Signals {
	return &Signals{all: all, by: map[string][]signal.Sample{}, left: map[string]int{}, others: map[string]bool{}}
}

// Saw notes that a signal exists, for proposals.
func (s *Signals) Saw(name string) { s.others[name] = true }

// Empty reports whether there is nothing to show.
func (s *Signals) Empty() bool { return len(s.names) == 0 }

// Near proposes the signal that was perhaps meant.
func (s *Signals) Near(name string) string {
	best := diag.Near(name, slices.Sorted(maps.Keys(s.others)))
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %s?", Clean(best))
}

// Sample takes a sample of a signal that is shown.
func (s *Signals) Sample(x signal.Sample) {
	have, ok := s.by[x.Signal]
	if !ok {
		s.names = append(s.names, x.Signal)
	}
	if !s.all && !x.Value.Kind.Numeric() && len(have) > 0 && have[len(have)-1].Value.Equal(x.Value) {
		return
	}
	if len(have) == maxShown {
		s.left[x.Signal]++
		return
	}
	s.by[x.Signal] = append(have, x)
}

// Write prints them, in order of their names.
func (s *Signals) Write(w io.Writer, st Style) error {
	slices.Sort(s.names)
	var b strings.Builder
	for i, name := range s.names {
		if i > 0 {
			b.WriteString("\n")
		}
		samples := s.by[name]
		fmt.Fprintf(&b, "%s\n", st.ink(bold, Clean(name)))
		if samples[0].Value.Kind.Numeric() && !s.all {
			bars(&b, samples)
		} else {
			rows(&b, samples, st)
		}
		if n := s.left[name]; n > 0 {
			fmt.Fprintf(&b, "  %d samples more are not shown; xdc trace export has them\n", n)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func rows(b *strings.Builder, samples []signal.Sample, st Style) {
	for _, x := range samples {
		fmt.Fprintf(b, "  %10.3f  %s", x.High.Seconds(), Clean(x.Value.String()))
		if x.Evidence != "" {
			b.WriteString("  " + st.ink(faint, Clean(x.Evidence+strength(x.Strength))))
		}
		b.WriteString("\n")
	}
}

// bars draws numbers over time: each column is the last value up to its end, as the signal was in force.
func bars(b *strings.Builder, samples []signal.Sample) {
	from, to := samples[0].High.Seconds(), samples[len(samples)-1].High.Seconds()
	low, high := math.Inf(1), math.Inf(-1)
	for _, x := range samples {
		if !math.IsInf(x.Value.Num, 0) {
			low, high = min(low, x.Value.Num), max(high, x.Value.Num)
		}
	}
	steps := []rune("▁▂▃▄▅▆▇█")
	line := make([]rune, 0, columns)
	k := 0
	for c := range columns {
		end := from + (to-from)*float64(c+1)/columns
		for k+1 < len(samples) && samples[k+1].High.Seconds() <= end {
			k++
		}
		v := samples[k].Value.Num
		switch {
		case math.IsInf(v, 0):
			line = append(line, '?')
		case high <= low:
			line = append(line, steps[0])
		default:
			line = append(line, steps[int((v-low)/(high-low)*float64(len(steps)-1)+0.5)])
		}
	}
	word := func(f float64) string {
		return Clean(signal.Value{Kind: samples[0].Value.Kind, Num: f, Low: f, High: f}.String())
	}
	fmt.Fprintf(b, "  %s\n  %d samples from %.3fs to %.3fs; from %s to %s, last %s\n", string(line), len(samples), from, to, word(low), word(high), Clean(samples[len(samples)-1].Value.String()))
}
