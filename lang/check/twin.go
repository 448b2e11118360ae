package check

import (
	"fmt"
	"math"
	"slices"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/value"
)

// twin evaluates what the plan says of a target's twin; nil where it says nothing.
func (s *scope) twin(t *target) *program.Twin {
	if t.twin == nil {
		return nil
	}
	n, _ := t.schema.Nested("twin")
	b := s.bag(t.twin.Content, &n.Block, bagOptions{})
	if !b.ok {
		return nil
	}
	at := kid{typ: "twin", rng: t.twin.Range, bag: b}
	out := &program.Twin{Clock: s.twinClock(at)}
	for _, k := range b.kids {
		name := k.labels[0]
		if !slices.Contains(schema.TwinServices(), name) {
			s.report(diag.Diagnostic{
				Code: diag.NotInEnum, Subject: &k.rng, Summary: fmt.Sprintf("A target's twin has no service %q", name),
				Detail: fmt.Sprintf("It is one of %s.%s", quoted(schema.TwinServices()), diag.Suggest(name, schema.TwinServices())),
			})
			continue
		}
		trouble := s.twinTrouble(k, name)
		if trouble.Nothing() {
			continue // the block may be there for its arguments that are variables
		}
		out.Services = append(out.Services, trouble)
	}
	return out
}

// twinTrouble is what a block says that a service or an endpoint does wrong. It reports arguments that have no meaning.
func (s *scope) twinTrouble(k kid, service string) program.TwinTrouble {
	b := k.bag
	out := program.TwinTrouble{
		Service: service, Latency: b.dur("latency"), Jitter: b.dur("jitter"), StallRate: b.num("stall_rate"), Stall: b.dur("stall"),
		DropRate: b.num("drop_rate"), ErrorRate: b.num("error_rate"), Clock: s.twinClock(k), After: b.dur("after"), For: b.dur("duration"),
	}
	for _, n := range b.nums("statuses") {
		if n != math.Trunc(n) {
			s.report(diag.Diagnostic{Code: diag.OutOfRange, Subject: &k.rng, Summary: "A status code is a whole number", Detail: fmt.Sprintf("HTTP knows no %v. Write one from 400 to 599.", n)})
		}
		out.Statuses = append(out.Statuses, int(n))
	}
	impossible := func(summary, detail string) {
		s.report(diag.Diagnostic{Code: diag.Impossible, Subject: &k.rng, Summary: summary, Detail: detail})
	}
	switch {
	case out.Jitter > out.Latency:
		impossible("The jitter is more than the latency", fmt.Sprintf("A request cannot be served before it came: the latency is %s, and varies by %s up and down. Make `jitter` smaller, or `latency` larger.", out.Latency, out.Jitter))
	case (out.StallRate > 0) != (out.Stall > 0):
		impossible("Half a stall", "Stalls need both `stall_rate`, how many requests, and `stall`, how long. Give both or neither.")
	case len(out.Statuses) > 0 && out.ErrorRate == 0:
		impossible("Status codes without refusals", "`statuses` say how requests are refused. Give `error_rate`, too, or remove them.")
	case out.Clock != 0 && service == "toolkit":
		impossible("The toolkit says no time", "Neither heartbeats nor their answers carry a time, so that a clock that is off changes nothing. Set that of `management` or `data`, or remove it.")
	case out.Nothing() && (out.After > 0 || out.For > 0):
		impossible("Nothing goes wrong then", "`after` and `duration` say when. Say what, too: with `latency`, `stall_rate`, `drop_rate` or `error_rate`.")
	}
	return out
}

// twinClock is how far a block says that a clock is ahead.
func (s *scope) twinClock(k kid) value.Duration {
	ahead, behind := k.bag.dur("clock_ahead"), k.bag.dur("clock_behind")
	if ahead > 0 && behind > 0 {
		s.report(diag.Diagnostic{
			Code: diag.Impossible, Subject: &k.rng, Summary: "The clock is both ahead and behind",
			Detail: "Keep one of `clock_ahead` and `clock_behind`.",
		})
	}
	return ahead - behind
}
