package plan

import (
	"regexp"
	"slices"
	"strconv"

	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/providers"
)

// usualJobStart is how long a submission is taken to last where nothing is known: for the timeline only.
const usualJobStart = 10.0

// predict asks the providers what must happen by arithmetic.
func (b *builder) predict() {
	var names []string
	for _, t := range b.plan.Targets {
		names = append(names, t.Name)
	}
	for _, st := range b.plan.Steps {
		if st.Fault == nil {
			continue
		}
		q := providers.Question{
			Fault: st.Address, Type: st.Type, Held: st.Fault.Duration.D().Seconds(), Effect: st.Description, Jobs: b.plan.Jobs, Targets: names,
		}
		for _, p := range b.reg.Providers() {
			if p.Predict != nil {
				b.plan.Predicted = append(b.plan.Predicted, p.Predict(q)...)
			}
		}
	}
}

// predicted returns a prediction of a quantity for a fault, at a target or at any ("").
func (b *builder) predicted(fault, quantity, target string) (providers.Prediction, bool) {
	for _, p := range b.plan.Predicted {
		if p.Fault == fault && p.Quantity == quantity && (target == "" || p.Target == target) {
			return p, true
		}
	}
	return providers.Prediction{}, false
}

// timeline says when each step is expected to run: the start from what it needs, the length from its own arithmetic.
// Where a length cannot be said, everything behind it starts at the earliest.
func (b *builder) timeline() {
	ready := map[string]map[program.Point]float64{}
	length := map[string]float64{}
	for _, st := range b.plan.Steps {
		start := 0.0
		for _, n := range st.Needs {
			if n.Order {
				continue
			}
			start = max(start, ready[n.Step.String()][n.Point])
		}
		if st.When != nil {
			start = max(start, b.whenAt(st))
		}
		start += st.Delay.D().Seconds()
		if st.Audit != nil {
			start = b.steps[st.Audit.SeedAt].Expected.Start
		}
		long, known := b.length(st)
		st.Expected.Start = start
		end := start + long
		if st.Audit != nil {
			seed := b.steps[st.Audit.SeedAt]
			end, known = start, seed.Expected.End != nil
			if known {
				end = *seed.Expected.End + st.Audit.Settle.D().Seconds()
			}
		}
		if known {
			st.Expected.End = &end
		}
		if st.Timeout > 0 && st.Audit == nil {
			latest := start + st.Timeout.D().Seconds()
			st.Expected.Latest = &latest
		}
		length[st.Address] = max(end-start, 0)
		ready[st.Address] = map[program.Point]float64{
			program.Started: start, program.Injected: start, program.Running: end, program.Healed: end, program.Finished: end,
		}
	}
	b.heldFaults(ready)
	whole := 0.0
	for _, st := range b.plan.Steps {
		if st.Expected.End != nil {
			whole = max(whole, *st.Expected.End)
		} else {
			whole = max(whole, st.Expected.Start)
		}
	}
	b.plan.Expected = Window{End: &whole}
	if b.graph.Len() > 0 {
		b.plan.Critical, _ = b.graph.LongestPath(func(a string) float64 { return length[a] })
		b.plan.Critical = slices.DeleteFunc(b.plan.Critical, func(a string) bool { return b.steps[a].Expect != nil })
	}
}

// heldFaults ends the faults without a duration with the last of their holders.
func (b *builder) heldFaults(map[string]map[program.Point]float64) {
	for _, st := range b.plan.Steps {
		if len(st.Holders) == 0 {
			continue
		}
		end, known := 0.0, true
		for _, h := range st.Holders {
			e := b.steps[h].Expected.End
			if e == nil {
				known = false
				continue
			}
			end = max(end, *e)
		}
		if known {
			st.Expected.End = &end
		}
	}
}

// length is how long a step is expected to take, in seconds.
func (b *builder) length(st *Step) (float64, bool) {
	switch {
	case st.Seed != nil:
		return SeedLength(st.Seed)
	case st.Fault != nil && st.Fault.Duration > 0:
		return st.Fault.Duration.D().Seconds(), true
	case st.Fault != nil:
		return 0, false
	case st.Job != nil:
		return usualJobStart, true
	case st.Wait != nil && st.Wait.Since != nil:
		for _, q := range []string{"takeover", "detection"} {
			if p, ok := b.predicted(st.Wait.Since.Step.String(), q, ""); ok && p.Possible {
				return p.High + st.Wait.Hold.D().Seconds(), true
			}
		}
		return 0, false
	case st.Wait != nil:
		return b.pairing(st), true
	case st.Action != nil && st.Action.Approve != nil:
		return 0, false
	}
	return 0, true
}

// pairing is how long a precondition is expected to take: where the toolkit must speak first, its initial delay.
func (b *builder) pairing(st *Step) float64 {
	long := st.Wait.Hold.D().Seconds()
	for _, s := range st.Wait.Until.Formula.Subjects() {
		for _, j := range b.plan.Jobs {
			if j.Toolkit != nil && s.Name == j.Target+"."+j.Path+".toolkit.remote" {
				long = max(long, j.Toolkit.InitDelay.D().Seconds()+j.Toolkit.HeartbeatInterval.D().Seconds()+st.Wait.Hold.D().Seconds())
			}
		}
	}
	return long
}

// SeedLength is how long a seed sends, in seconds, from its rate, stages, records and duration.
func SeedLength(s *program.Seed) (float64, bool) {
	byTime := s.Duration.D().Seconds()
	if len(s.Stages) > 0 {
		sum := 0.0
		for _, sg := range s.Stages {
			sum += sg.Duration.D().Seconds()
		}
		if byTime == 0 || sum < byTime {
			byTime = sum
		}
	}
	byCount := 0.0
	if s.Records > 0 && s.Rate > 0 && len(s.Stages) == 0 {
		byCount = float64(s.Records) / s.Rate
	}
	switch {
	case byTime > 0 && byCount > 0:
		return min(byTime, byCount), true
	case byTime > 0:
		return byTime, true
	}
	return byCount, byCount > 0
}

// threshold reads `seed.T.N.acked >= 2000`, the most common of all whens.
var threshold = regexp.MustCompile(`^(seed\.\S+)\.(?:acked|sent) >=? ([0-9.]+)$`)

// whenAt is when a condition on a seed's count is expected to come true.
func (b *builder) whenAt(st *Step) float64 {
	m := threshold.FindStringSubmatch(st.When.Formula.String())
	if m == nil {
		return 0
	}
	seed := b.steps[m[1]]
	n, err := strconv.ParseFloat(m[2], 64)
	if seed == nil || seed.Seed == nil || err != nil || seed.Seed.Rate <= 0 {
		return 0
	}
	return seed.Expected.Start + n/seed.Seed.Rate
}
