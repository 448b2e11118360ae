package wire

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/xdc-project/xdc/providers"
)

// inForce is a rule in force, read once.
type inForce struct {
	providers.LinkRule
	host     netip.Addr
	networks []netip.Prefix
	shapers  *[2]shaper // of a rate, towards the host and away from it
}

// Limits of what a rule may ask for.
const (
	maxLatency = time.Hour
	minRate    = 8 // bits a second
)

func newRule(r providers.LinkRule) (inForce, error) {
	out := inForce{LinkRule: r, shapers: new([2]shaper)}
	var err error
	if out.host, err = netip.ParseAddr(r.Host); err != nil {
		return inForce{}, fmt.Errorf("rule %s: its host: %w", r.Name, err)
	}
	out.host = out.host.Unmap()
	for _, s := range r.Networks {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return inForce{}, fmt.Errorf("rule %s: its networks: %w", r.Name, err)
		}
		out.networks = append(out.networks, p.Masked())
	}
	switch {
	case r.Name == "":
		return inForce{}, fmt.Errorf("a rule at %s has no name", r.Host)
	case !slices.Contains([]string{"", "both", "in", "out"}, r.Direction):
		return inForce{}, fmt.Errorf("rule %s: direction %q is none of both, in, out", r.Name, r.Direction)
	case !slices.Contains([]string{"", "connections", "packets"}, r.Match):
		return inForce{}, fmt.Errorf("rule %s: match %q is neither connections nor packets", r.Name, r.Match)
	case math.IsNaN(r.Loss) || r.Loss < 0 || r.Loss > 1:
		return inForce{}, fmt.Errorf("rule %s: loss %v is not between 0 and 1", r.Name, r.Loss)
	case !bounded(r.LatencyMS) || !bounded(r.JitterMS):
		return inForce{}, fmt.Errorf("rule %s: latency and jitter must be between 0 and %s", r.Name, maxLatency)
	case r.RateBPS != 0 && r.RateBPS < minRate:
		return inForce{}, fmt.Errorf("rule %s: a rate of %d bits a second is less than %d", r.Name, r.RateBPS, minRate)
	}
	return out, nil
}

func bounded(ms float64) bool { return ms >= 0 && ms <= float64(maxLatency/time.Millisecond) }

func (r inForce) key() string { return r.Host + " " + r.Name }

// effect is what the rules together do to one flow of a connection. The zero effect does nothing.
type effect struct {
	drop, reject  bool
	delay, jitter time.Duration
	loss          float64
	lines         []line
}

// shapes reports whether the effect changes when something arrives.
func (e effect) shapes() bool { return e.delay > 0 || e.jitter > 0 || e.loss > 0 || len(e.lines) > 0 }

// line is a rate and the queue in front of it, which all flows under the rule share.
type line struct {
	rate  int64
	queue *shaper
}

// effects adds up the rules that apply to a flow; outward is from the opener to the other side. n.mu is held.
func (n *Network) effects(l *link, outward bool) effect {
	var e effect
	for _, k := range sortedKeys(n.rules) {
		r := n.rules[k]
		away, ok := r.matches(l, outward)
		if !ok {
			continue
		}
		e.drop = e.drop || r.Drop
		e.reject = e.reject || r.Reject
		e.delay += milliseconds(r.LatencyMS)
		e.jitter += milliseconds(r.JitterMS)
		e.loss = 1 - (1-e.loss)*(1-r.Loss)
		if r.RateBPS > 0 {
			e.lines = append(e.lines, line{r.RateBPS, &r.shapers[away]})
		}
	}
	e.drop = e.drop || e.loss >= 1
	return e
}

func milliseconds(f float64) time.Duration { return time.Duration(f * float64(time.Millisecond)) }

// matches reports whether a rule acts on a flow, and whether the flow leads away from the rule's host (1) or towards it
// (0). By connections, what counts is who opened them: a one-way cut does not touch the other way's replies. By
// packets, what counts is which way the bytes go.
func (r inForce) matches(l *link, outward bool) (away int, ok bool) {
	if len(r.Ports) > 0 && !slices.Contains(r.Ports, l.port) {
		return 0, false
	}
	if r.Protocol != "" && r.Protocol != "tcp" && r.Protocol != "all" {
		return 0, false
	}
	opened := r.isHost(l.src) && r.covers(l.dst)   // by the host
	accepted := r.isHost(l.dst) && r.covers(l.src) // by the host
	if !opened && !accepted {
		return 0, false
	}
	if opened == outward {
		away = 1
	}
	if r.Match == "packets" {
		return away, r.Direction == "" || r.Direction == "both" || (r.Direction == "out") == (away == 1)
	}
	switch r.Direction {
	case "out":
		return away, opened
	case "in":
		return away, accepted
	}
	return away, true
}

func (r inForce) isHost(n *Node) bool { return n != nil && slices.Contains(n.Addrs, r.host) }

func (r inForce) covers(n *Node) bool {
	return n != nil && slices.ContainsFunc(r.networks, func(p netip.Prefix) bool { return slices.ContainsFunc(n.Addrs, p.Contains) })
}

// shaper is the queue in front of a line of limited rate.
type shaper struct {
	mu   sync.Mutex
	busy time.Time
}

// take puts a piece on the line behind what is there and returns when its last bit has left.
func (s *shaper) take(now time.Time, size int, rate int64) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy.Before(now) {
		s.busy = now
	}
	s.busy = s.busy.Add(time.Duration(float64(size) * 8 / float64(rate) * float64(time.Second)))
	return s.busy
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
