package exec

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/providers"
)

// conclusions looks at every target once, as a run does again and again, and says what follows from that look about jobs
// that are adopted: those are there already. It changes nothing.
func (r *run) conclusions(ctx context.Context) []providers.Finding {
	var adopted bool
	for _, st := range r.order {
		if st.Job == nil || st.Job.Adopt == "" || r.leftOut(st) != "" {
			continue
		}
		deed := r.opt.Registry.Jobs().Job(r.env)
		h, err := deed.Prepare(ctx, providers.StepID{Run: r.env.Run, Step: st.Address}, st.Args)
		if err != nil {
			continue // the step's own line says so
		}
		if e, err := deed.Verify(ctx, h); err == nil && r.track(st, e.Result) == nil {
			adopted = true
		}
	}
	if !adopted {
		return nil
	}
	last := map[string]signal.Sample{}
	began := time.Now()
	for _, k := range r.connections() {
		s, err := r.env.Session(k[0], k[1])
		if err != nil {
			continue
		}
		o, ok := s.(providers.Observer)
		if !ok {
			continue
		}
		var seen []providers.Reading
		if err := o.Observe(ctx, func(rd providers.Reading) { seen = append(seen, rd) }); err != nil {
			continue // what keeps it from answering was said
		}
		for _, rd := range seen {
			at := signal.Sample{Signal: k[0] + "." + rd.Path, Value: rd.Value, Low: max(rd.Low.Sub(began), 0), High: max(rd.High.Sub(began), 0), Evidence: rd.Evidence}
			r.concluded(at, func(s signal.Sample) { last[s.Signal] = s })
		}
	}
	var out []providers.Finding
	for _, name := range slices.Sorted(maps.Keys(last)) {
		s := last[name]
		if s.Strength == "" || s.Value.Kind == signal.Number {
			continue
		}
		target, rest, _ := strings.Cut(name, ".")
		out = append(out, providers.Finding{Subject: target + " " + rest, OK: true, Text: fmt.Sprintf("%s (%s evidence: %s)", s.Value, s.Strength, s.Evidence)})
	}
	return out
}

// concluded hands on what follows from a sample of a target.
func (r *run) concluded(s signal.Sample, take func(signal.Sample)) {
	target, _, _ := strings.Cut(s.Signal, ".")
	seen := []signal.Sample{s}
	for _, inf := range r.infer[target] {
		for _, c := range inf.Infer(s) {
			take(c)
			seen = append(seen, c)
		}
	}
	for _, o := range r.overviews {
		for _, s := range seen {
			for _, c := range o.Infer(s) {
				take(c)
			}
		}
	}
}
