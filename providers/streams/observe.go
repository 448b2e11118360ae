package streams

import (
	"context"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/streams/rest"
)

// Observe makes one round: the instance, the jobs with their PEs, and the metrics of those that are healthy enough
// to have any.
func (s *Session) Observe(ctx context.Context, emit func(providers.Reading)) error {
	low := time.Now()
	s.mu.Lock()
	self := s.instance
	s.mu.Unlock()
	var i rest.Instance
	var err error
	if self == nil {
		i, err = s.inst(ctx)
	} else {
		i = *self
		var now rest.Instance
		if err = s.client.Get(ctx, i.Self, &now); err == nil {
			i.Status, i.Health = now.Status, now.Health
		}
	}
	if err != nil {
		return err
	}
	o := observation{emit: emit, low: low, high: time.Now()}
	o.enum("instance.status", i.Status)
	o.enum("instance.health", i.Health)
	if i.Status == "stopped" {
		s.absent(o)
		return nil
	}
	jobs := s.jobs()
	if len(jobs) == 0 {
		return nil
	}
	low = time.Now()
	found, err := s.client.Snapshot(ctx, i)
	if err != nil {
		return err
	}
	o = observation{emit: emit, low: low, high: time.Now()}
	s.recognise(found)
	s.emitJobs(found, o)
	low = time.Now()
	metrics, err := s.client.Metrics(ctx, i)
	if err != nil {
		return err
	}
	m := observation{emit: emit, low: low.Add(-seconds(s.cfg.MetricRefresh, 3*time.Second)), high: time.Now()}
	s.emitMetrics(found, metrics, m)
	return nil
}

func (s *Session) jobs() []tracked {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]tracked(nil), s.tracked...)
}

// recognise finds the launched jobs among those that were submitted since the session was opened.
func (s *Session) recognise(found []rest.JobSnapshot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := map[string]bool{}
	for _, t := range s.tracked {
		taken[t.id] = true
	}
	for n := range s.tracked {
		t := &s.tracked[n]
		if t.launched == nil || (t.id != "" && contains(found, t.id)) {
			continue
		}
		for _, j := range found {
			if !taken[j.ID] && t.launched.MatchString(j.Name) {
				t.id, taken[j.ID] = j.ID, true
			}
		}
	}
}

func contains(jobs []rest.JobSnapshot, id string) bool {
	for _, j := range jobs {
		if j.ID == id {
			return true
		}
	}
	return false
}

// absent says of every known job that it is gone: the server answered, and an instance that is stopped has none.
func (s *Session) absent(o observation) {
	for _, t := range s.jobs() {
		if t.id != "" {
			o.gone(t.info.Path)
		}
	}
}

func (s *Session) emitJobs(found []rest.JobSnapshot, o observation) {
	for _, t := range s.jobs() {
		if t.id == "" {
			continue
		}
		if !contains(found, t.id) {
			o.gone(t.info.Path)
			continue
		}
		for _, j := range found {
			if j.ID != t.id {
				continue
			}
			p := t.info.Path
			o.enum(p+".status", j.Status)
			o.enum(p+".health", j.Health)
			launches, restarts := int64(0), int64(0)
			for _, pe := range j.PEs {
				q := p + ".pe[" + strconv.Quote(pe.ID) + "]"
				o.enum(q+".status", pe.Status)
				o.enum(q+".health", pe.Health)
				o.number(q+".launches", pe.LaunchCount)
				launches += pe.LaunchCount
				restarts += max(pe.LaunchCount-1, 0)
			}
			o.number(p+".pes", int64(len(j.PEs)))
			o.number(p+".launches", launches)
			o.number(p+".restarts", restarts)
		}
	}
}

// emitMetrics reports metrics. Those of a PE that is not running may be stale and are left out.
func (s *Session) emitMetrics(found, metrics []rest.JobSnapshot, o observation) {
	running := map[string]bool{}
	for _, j := range found {
		for _, pe := range j.PEs {
			running[j.ID+"/"+pe.ID] = pe.Status == "running"
		}
	}
	for _, t := range s.jobs() {
		for _, j := range metrics {
			if t.id == "" || j.ID != t.id {
				continue
			}
			custom := map[string]int64{}
			var names []string
			for _, pe := range j.PEs {
				if !running[j.ID+"/"+pe.ID] {
					continue
				}
				for _, op := range pe.Operators {
					o.operator(t.info.Path, op)
					for _, m := range op.Metrics {
						if m.Type == "custom" {
							if _, ok := custom[m.Name]; !ok {
								names = append(names, m.Name)
							}
							custom[m.Name] += m.Value
						}
					}
				}
			}
			for _, n := range names {
				o.number(t.info.Path+".metric["+strconv.Quote(n)+"]", custom[n])
			}
		}
	}
}

// observation is one answer of the server, with when it was true.
type observation struct {
	emit      func(providers.Reading)
	low, high time.Time
}

func (o observation) enum(path, word string) {
	if word != "" {
		o.emit(providers.Reading{Path: path, Value: signal.EnumVal(snake(word)), Low: o.low, High: o.high})
	}
}

func (o observation) number(path string, n int64) {
	o.emit(providers.Reading{Path: path, Value: signal.NumberVal(float64(n)), Low: o.low, High: o.high})
}

func (o observation) gone(path string) {
	for _, x := range [][2]string{{".status", "gone"}, {".health", "unhealthy"}} {
		o.emit(providers.Reading{Path: path + x[0], Value: signal.EnumVal(x[1]), Low: o.low, High: o.high, Evidence: "the server answered and has no such job"})
	}
}

// operator reports an operator under its full name and, if that differs, its last name.
func (o observation) operator(job string, op rest.Operator) {
	names := []string{op.Name}
	if i := strings.LastIndex(op.Name, "."); i >= 0 {
		names = append(names, op.Name[i+1:])
	}
	sum := func(ports []rest.Port, metric string, each func(index int, n int64)) (total int64) {
		for _, p := range ports {
			for _, m := range p.Metrics {
				if m.Name == metric {
					total += m.Value
					if each != nil {
						each(p.Index, m.Value)
					}
				}
			}
		}
		return total
	}
	for _, name := range names {
		p := job + ".operator[" + strconv.Quote(name) + "]"
		o.number(p+".tuples_in", sum(op.InputPorts, "nTuplesProcessed", func(i int, n int64) { o.number(p+".input["+strconv.Itoa(i)+"].tuples", n) }))
		o.number(p+".tuples_out", sum(op.OutputPorts, "nTuplesSubmitted", func(i int, n int64) { o.number(p+".output["+strconv.Itoa(i)+"].tuples", n) }))
		o.number(p+".queued", sum(op.InputPorts, "nTuplesQueued", nil))
	}
}

// snake turns the platform's camelCase into snake_case.
func snake(word string) string {
	if len(word) > 100 {
		word = word[:100]
	}
	var b strings.Builder
	for i, r := range word {
		if unicode.IsUpper(r) {
			if i > 0 {
				b.WriteByte('_')
			}
			r = unicode.ToLower(r)
		}
		b.WriteRune(r)
	}
	return b.String()
}
