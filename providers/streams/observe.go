package streams

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/streams/rest"
	"github.com/xdc-project/xdc/providers/throttle"
)

// defaultRefresh is how old a metric may be when nothing else is said. Assumption rest.metrics.refresh.
const defaultRefresh = 3 * time.Second

// Observe makes one round: the instance, the jobs with their PEs, and the metrics of the jobs of the plan. Where a round
// takes longer than the interval, what it reads holds until a next one as long can be there.
func (s *Session) Observe(ctx context.Context, emit func(providers.Reading)) error {
	ctx = throttle.Polling(ctx)
	began := time.Now()
	defer func() { s.lastRound = time.Since(began) }()
	valid := 3 * s.lastRound
	return s.observe(ctx, func(r providers.Reading) {
		r.ValidFor = max(r.ValidFor, valid)
		emit(r)
	})
}

func (s *Session) observe(ctx context.Context, emit func(providers.Reading)) error {
	i, err := s.inst(ctx)
	if err != nil {
		return err
	}
	o := observation{emit: emit, low: time.Now()}
	if i, err = s.client.Now(ctx, i); err != nil {
		return err
	}
	o.high = time.Now()
	o.enum("instance.status", i.Status)
	o.enum("instance.health", i.Health)
	s.observeExtras(ctx, i, nil, false, emit)
	s.observeLogs(ctx, i, nil, nil, false, observation{emit: emit})
	running := i.Status == "running" || i.Status == ""
	if i.Status == "stopped" {
		s.absent(o, "the instance is stopped")
		return nil
	}
	o.low = time.Now()
	found, err := s.client.Snapshot(ctx, i)
	if err != nil {
		if !running && rest.StatusOf(err) > 0 {
			return nil // it answers, and has nothing to say of jobs while it starts or stops
		}
		return err
	}
	o.high = time.Now()
	s.recognise(found)
	known := s.jobs()
	s.emitJobs(known, found, o)
	defer func() {
		s.reasons(ctx, i, known, found, emit)
		s.observeExtras(ctx, i, known, true, emit)
		s.observeLogs(ctx, i, known, found, true, observation{emit: emit})
		s.observeTraces(ctx, i, known, found, emit)
		s.newcomers(ctx, i, known, found)
	}()
	var ids []string
	for _, t := range known {
		if t.id != "" && contains(found, t.id) {
			ids = append(ids, t.id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	m := observation{emit: emit, low: time.Now()}
	metrics, read, err := s.client.Metrics(ctx, i, ids)
	if err != nil {
		return err
	}
	m.high = time.Now()
	s.emitMetrics(known, found, metrics, m, read)
	return nil
}

func (s *Session) jobs() []tracked {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]tracked(nil), s.tracked...)
}

// recognise finds launched jobs among those that were not there at the first look, and jobs that were submitted again
// under their old name.
func (s *Session) recognise(found []rest.JobSnapshot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.before == nil {
		s.before = map[string]bool{}
		for _, j := range found {
			s.before[string(j.ID)] = true
		}
	}
	taken := map[string]bool{}
	for _, t := range s.tracked {
		taken[t.id] = true
	}
	for n := range s.tracked {
		t := &s.tracked[n]
		if t.id != "" && contains(found, t.id) {
			continue
		}
		for _, j := range found {
			id := string(j.ID)
			if taken[id] || j.Status == "canceling" || j.Status == "canceled" {
				continue
			}
			again := t.name != "" && j.Name == t.name
			started := t.launched != nil && !s.before[id] && !strings.HasPrefix(j.Name, "xdc_") &&
				(t.launched.MatchString(j.Name) || t.launched.MatchString(j.ApplicationName))
			if again || started {
				t.id, t.name, taken[id] = id, j.Name, true
				break
			}
		}
	}
}

func contains(jobs []rest.JobSnapshot, id string) bool {
	for _, j := range jobs {
		if string(j.ID) == id {
			return true
		}
	}
	return false
}

// absent says of every known job that it is gone: the server answered, and there is none.
func (s *Session) absent(o observation, why string) {
	for _, t := range s.jobs() {
		if t.id != "" {
			o.gone(t, why)
		}
	}
}

func (s *Session) emitJobs(known []tracked, found []rest.JobSnapshot, o observation) {
	for _, t := range known {
		if t.id == "" {
			continue
		}
		if !contains(found, t.id) {
			o.gone(t, "the server's list of jobs does not have it")
			continue
		}
		for _, j := range found {
			if string(j.ID) == t.id {
				o.job(t.info.Path, j)
				s.remember(t.info.Path, look{o.low, j.PEs})
			}
		}
	}
}

func (s *Session) remember(path string, l look) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.latest == nil {
		s.latest = map[string]look{}
	}
	s.latest[path] = l
}

// emitMetrics reports metrics. Those of a PE that is not running may be stale and are left out.
func (s *Session) emitMetrics(known []tracked, found, metrics []rest.JobSnapshot, now observation, read rest.Read) {
	launches := map[string]int64{}
	for _, j := range found {
		for _, pe := range j.PEs {
			if pe.Status == "running" {
				launches[string(j.ID)+"/"+string(pe.ID)] = pe.LaunchCount.V
			}
		}
	}
	for _, t := range known {
		for _, j := range metrics {
			if t.id == "" || string(j.ID) != t.id {
				continue
			}
			short := shortNames(j)
			custom := map[string]int64{}
			var names []string
			var sum usage
			oldest := time.Duration(0)
			for _, pe := range j.PEs {
				n, ok := launches[t.id+"/"+string(pe.ID)]
				if !ok {
					continue
				}
				age := s.age(pe, read)
				oldest = max(oldest, age)
				o := now.back(age)
				u := usageOf(pe)
				o.usage(t.info.Path+".pe["+strconv.Quote(string(pe.ID))+"]", u)
				o.outlets(t.info.Path, pe)
				sum.add(u)
				for _, op := range pe.Operators {
					o.operator(t.info.Path, op, short[op.Name], n)
					for _, m := range op.Metrics {
						if m.Type == "custom" && m.Value.Set {
							if _, ok := custom[m.Name]; !ok {
								names = append(names, m.Name)
							}
							custom[m.Name] += m.Value.V
						}
					}
				}
			}
			o := now.back(oldest)
			o.usage(t.info.Path, sum)
			for _, n := range names {
				o.number(t.info.Path+".metric["+strconv.Quote(n)+"]", custom[n])
			}
		}
	}
}

// age is how old the metrics of a PE may have been when they were asked for: as old as the platform's interval of collecting
// them allows (metric_refresh), less where the server says when it collected all of them, and more where it says that it
// has not for longer.
func (s *Session) age(pe rest.PE, read rest.Read) time.Duration {
	refresh := seconds(s.cfg.MetricRefresh, defaultRefresh)
	all, most, known := true, time.Duration(0), false
	late := time.Duration(0)
	each := func(ms []rest.Metric) {
		for _, m := range ms {
			low, high, ok := read.Age(m)
			if !ok || high < 0 || low > mostAge { // clocks that do not go together say nothing
				all = false
				continue
			}
			known = true
			most, late = max(most, high), max(late, low)
		}
	}
	each(pe.Metrics)
	for _, op := range pe.Operators {
		each(op.Metrics)
		for _, p := range op.InputPorts {
			each(p.Metrics)
		}
		for _, p := range op.OutputPorts {
			each(p.Metrics)
		}
	}
	for _, p := range pe.OutputPorts {
		each(p.Metrics)
		for _, c := range p.Connections {
			each(c.Metrics)
		}
	}
	switch {
	case late > refresh:
		return most
	case all && known:
		return min(most, refresh)
	}
	return refresh
}

// mostAge is how old a metric can be said to be and be believed.
const mostAge = time.Hour

// back is an observation of something that may be older by some time.
func (o observation) back(age time.Duration) observation {
	o.low = o.low.Add(-age)
	return o
}

// shortNames gives each operator its last name component, where no other operator of the job has the same.
func shortNames(j rest.JobSnapshot) map[string]string {
	count := map[string]int{}
	short := map[string]string{}
	for _, pe := range j.PEs {
		for _, op := range pe.Operators {
			last := op.Name[strings.LastIndex(op.Name, ".")+1:]
			short[op.Name] = last
			count[last]++
		}
	}
	for full, last := range short {
		if count[last] > 1 || last == full {
			delete(short, full)
		}
	}
	return short
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

// gone reports a job that the server answered not to have: it is unhealthy for certain, not unknown.
func (o observation) gone(t tracked, why string) {
	evidence := fmt.Sprintf("job %s (%s) is gone: %s", t.id, t.name, why)
	for _, x := range [][2]string{{".status", "gone"}, {".health", "unhealthy"}} {
		o.emit(providers.Reading{Path: t.info.Path + x[0], Value: signal.EnumVal(x[1]), Low: o.low, High: o.high, Evidence: evidence})
	}
	o.number(t.info.Path+".pes", 0)
}

// job reports a job and its PEs.
func (o observation) job(p string, j rest.JobSnapshot) {
	o.enum(p+".status", j.Status)
	o.enum(p+".health", j.Health)
	launches, restarts := int64(0), int64(0)
	for _, pe := range j.PEs {
		q := p + ".pe[" + strconv.Quote(string(pe.ID)) + "]"
		o.enum(q+".status", pe.Status)
		o.enum(q+".health", pe.Health)
		o.state(p, pe)
		if pe.LaunchCount.Set {
			o.emit(providers.Reading{Path: q + ".launches", Value: signal.NumberVal(float64(pe.LaunchCount.V)), Low: o.low, High: o.high, News: true})
		}
		launches += pe.LaunchCount.V
		restarts += max(pe.LaunchCount.V-1, 0)
	}
	o.number(p+".pes", int64(len(j.PEs)))
	o.number(p+".launches", launches)
	o.number(p+".restarts", restarts)
}

// operator reports an operator under its full name and, where that is unambiguous, its last name. The launches of its
// PE come first: whoever draws conclusions from counters must know when they began anew. Assumption rest.counters.
func (o observation) operator(job string, op rest.Operator, short string, launches int64) {
	for _, name := range []string{op.Name, short} {
		if name == "" {
			continue
		}
		p := job + ".operator[" + strconv.Quote(name) + "]"
		o.number(p+".launches", launches)
		o.ports(op.InputPorts, "nTuplesProcessed", p+".tuples_in", p+".input", ".tuples")
		o.ports(op.OutputPorts, "nTuplesSubmitted", p+".tuples_out", p+".output", ".tuples")
		o.ports(op.InputPorts, "nTuplesQueued", p+".queued", p+".input", ".queued")
	}
}

// ports reports a metric of an operator's ports, one by one and summed. What the server does not have is not reported.
func (o observation) ports(ports []rest.Port, metric, sum, each, what string) {
	total, any := int64(0), false
	for _, p := range ports {
		for _, m := range p.Metrics {
			if m.Name != metric || !m.Value.Set {
				continue
			}
			total, any = total+m.Value.V, true
			if p.Index.Set {
				o.number(each+"["+strconv.FormatInt(p.Index.V, 10)+"]"+what, m.Value.V)
			}
		}
	}
	if any {
		o.number(sum, total)
	}
}

// maxWord bounds the words of a server that become values.
const maxWord = 100

// snake turns the platform's camelCase and UPPER_CASE into snake_case.
func snake(word string) string {
	if len(word) > maxWord {
		word = strings.ToValidUTF8(word[:maxWord], "")
	}
	if word == strings.ToUpper(word) {
		return strings.ToLower(word)
	}
	var b strings.Builder
	for i, r := range word {
		switch {
		case unicode.IsUpper(r):
			if i > 0 {
				b.WriteByte('_')
			}
			b.WriteRune(unicode.ToLower(r))
		case r == ' ' || r == '-':
			b.WriteByte('_')
		case unicode.IsPrint(r):
			b.WriteRune(r)
		}
	}
	return b.String()
}
