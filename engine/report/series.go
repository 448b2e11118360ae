package report

import (
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/xdc-project/xdc/lang/signal"
)

// bins is about how many steps a chart has.
const bins = 150

// maxSpells bounds the changes of one signal that a report keeps.
const maxSpells = 2000

// counter are the running counts of seeds and audits; shown are the signals whose spells make the health chart.
var (
	counter = regexp.MustCompile(`^(.*\.?(?:seed\.[^.]+|audit)\..+)\.(sent|acked|delivered)$`)
	shown   = regexp.MustCompile(`^([^.]+)\.(reachable|instance\.(?:status|health)|(?:module\..+\.)?job\.[^.]+\.(?:health|toolkit\.(?:remote|takeover|role))|toolkit\.(?:remote|takeover|role))$`)
)

// collector keeps of the trace what the charts need: counters as they were and changes of state.
type collector struct {
	counters map[string][]point
	spells   map[string][]spell
	polls    map[string]*poll
	order    []string
	end      float64
	turns    turns
	parts    map[string]part // by signal
}

// part is what the samples of a signal are for, which its name says.
type part struct{ counted, shown, witness bool }

func partOf(name string) part {
	total := strings.Contains(name, ".at[") // at one target, told once at the end
	return part{
		counted: !total && counter.MatchString(name),
		shown:   !total && shown.MatchString(name),
		witness: witness.MatchString(name) && !strings.HasSuffix(name, "instance.health"),
	}
}

type point struct{ t, n float64 }

type spell struct {
	from, until float64 // until: when the last sample of it expires
	value       string
}

type poll struct {
	last  float64
	gaps  []float64
	width float64
	n     int
}

func newCollector() *collector {
	return &collector{counters: map[string][]point{}, spells: map[string][]spell{}, polls: map[string]*poll{}, parts: map[string]part{}}
}

// take adds a sample.
func (c *collector) take(s signal.Sample) {
	at := s.High.Seconds()
	c.end = max(c.end, at)
	is, known := c.parts[s.Signal]
	if !known {
		is = partOf(s.Signal)
		c.parts[s.Signal] = is
	}
	if is.witness {
		c.turns.take(s)
	}
	switch {
	case is.counted && s.Value.Kind == signal.Number:
		c.counters[s.Signal] = append(c.counters[s.Signal], point{at, s.Value.Num})
	case is.shown:
		c.spell(s, at)
	}
}

func (c *collector) spell(s signal.Sample, at float64) {
	until := infinite
	if s.ValidFor > 0 {
		until = (s.High + s.ValidFor).Seconds()
	}
	text := words(s.Value)
	all := c.spells[s.Signal]
	if len(all) == 0 {
		c.order = append(c.order, s.Signal)
	}
	if n := len(all); n > 0 && all[n-1].value == text && at <= all[n-1].until {
		all[n-1].until = until
	} else if n < maxSpells {
		c.spells[s.Signal] = append(all, spell{at, until, text})
	}
	p := c.polls[s.Signal]
	if p == nil {
		p = &poll{}
		c.polls[s.Signal] = p
	} else if at > p.last {
		p.gaps = append(p.gaps, at-p.last)
	}
	p.last = at
	p.n++
	p.width = max(p.width, (s.High - s.Low).Seconds())
}

func words(v signal.Value) string {
	switch v.Kind {
	case signal.Bool:
		if v.Bool {
			return "yes"
		}
		return "no"
	case signal.String, signal.EnumKind:
		return v.Text
	case signal.Number, signal.Duration, signal.Ratio, signal.Invalid:
	}
	return v.String()
}

// into adds the charts to a summary.
func (c *collector) into(out *Summary) {
	end := max(out.Run.Elapsed, c.end)
	slices.Sort(c.order)
	for _, name := range c.order {
		target, rest, _ := strings.Cut(name, ".")
		out.Health = append(out.Health, Band{Target: target, Signal: rest, Spells: stretches(c.spells[name], end)})
		out.Sampling = append(out.Sampling, c.polls[name].sampling(name))
	}
	out.Throughput = c.throughput(end)
}

// stretches fills the gaps between spells with what is unknown.
func stretches(all []spell, end float64) []Stretch {
	var out []Stretch
	at := 0.0
	for i, s := range all {
		if s.from > at {
			out = append(out, Stretch{From: at, To: s.from})
		}
		to := min(s.until, end)
		if i+1 < len(all) {
			to = min(to, all[i+1].from)
		}
		if to > s.from {
			out = append(out, Stretch{From: s.from, To: to, Value: s.value})
		}
		at = max(s.from, to)
	}
	if end > at {
		out = append(out, Stretch{From: at, To: end})
	}
	return out
}

func (p *poll) sampling(name string) Sampling {
	out := Sampling{Signal: name, Samples: p.n, Width: p.width}
	if len(p.gaps) > 0 {
		slices.Sort(p.gaps)
		out.Median, out.Longest = p.gaps[len(p.gaps)/2], p.gaps[len(p.gaps)-1]
	}
	return out
}

// throughput turns running counts into rates over equal steps of whole seconds.
func (c *collector) throughput(end float64) *Throughput {
	names := make([]string, 0, len(c.counters))
	for name, pts := range c.counters {
		if pts[len(pts)-1].n > 0 {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(lineKey(a), lineKey(b)) })
	width := math.Max(1, math.Ceil(end/bins))
	n := int(math.Ceil(end / width))
	out := &Throughput{Width: width}
	for _, name := range names {
		m := counter.FindStringSubmatch(name)
		out.Lines = append(out.Lines, RateSeries{Name: m[2], Step: m[1], Rate: rates(c.counters[name], width, n)})
	}
	return out
}

// lineKey orders lines: sent, acked, delivered of the seeds and audits in the order of their names.
func lineKey(name string) string {
	m := counter.FindStringSubmatch(name)
	return map[string]string{"sent": "1", "acked": "2", "delivered": "3"}[m[2]] + m[1]
}

// rates are the increases per second in n steps of a running count, which keeps its value between samples.
func rates(pts []point, width float64, n int) []float64 {
	out := make([]float64, n)
	i, before := 0, 0.0
	for b := range out {
		edge := float64(b+1) * width
		now := before
		for i < len(pts) && (pts[i].t <= edge || b == n-1) {
			now = math.Max(now, pts[i].n)
			i++
		}
		out[b] = math.Round((now-before)/width*100) / 100
		before = now
	}
	return out
}
