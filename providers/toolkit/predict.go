package toolkit

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
)

// Allowances for what no arithmetic bounds, for timelines: reading the stored state, and the start of a launched copy.
const (
	restoreUsually = 1.0
	launchUsually  = 30.0
)

// Predict says what must follow from a fault, by the arithmetic of the toolkit's state machines.
func Predict(q providers.Question) []providers.Prediction {
	var out []providers.Prediction
	for _, p := range couples(q.Jobs) {
		out = append(out, p.predict(q)...)
	}
	return out
}

// couple is one side that watches and the one that it watches.
type couple struct{ local, remote providers.JobInfo }

// couples finds who watches whom: the same job at another target, else the only other job with a toolkit there.
func couples(jobs []providers.JobInfo) []couple {
	var out []couple
	for _, l := range jobs {
		if interval(l.Toolkit) == 0 {
			continue
		}
		at := map[string][]providers.JobInfo{}
		var targets []string
		for _, r := range jobs {
			if r.Target == l.Target || r.Toolkit == nil {
				continue
			}
			if !slices.Contains(targets, r.Target) {
				targets = append(targets, r.Target)
			}
			at[r.Target] = append(at[r.Target], r)
		}
		for _, t := range targets {
			if i := slices.IndexFunc(at[t], func(r providers.JobInfo) bool { return r.Path == l.Path }); i >= 0 {
				out = append(out, couple{l, at[t][i]})
			} else if len(at[t]) == 1 && !slices.ContainsFunc(jobs, func(r providers.JobInfo) bool {
				return r.Target == l.Target && r.Path == at[t][0].Path
			}) {
				out = append(out, couple{l, at[t][0]})
			}
		}
	}
	return out
}

// sends is how often the other side sends heartbeats: what it says, else what this side does.
func (c couple) sends() time.Duration {
	if h := interval(c.remote.Toolkit); h > 0 {
		return h
	}
	return interval(c.local.Toolkit)
}

func (c couple) back() couple { return couple{c.remote, c.local} }

func (c couple) predict(q providers.Question) []providers.Prediction {
	var out []providers.Prediction
	direct, why := c.silenced(q)
	var w Window
	words := ""
	switch {
	case direct:
		w = Detection(interval(c.local.Toolkit), c.local.Toolkit.MissesAllowed, c.sends())
		words = fmt.Sprintf("%s; %s", why, c.arithmetic(w))
	case c.chained(q):
		first := Detection(interval(c.remote.Toolkit), c.remote.Toolkit.MissesAllowed, c.back().sends())
		w = Chained(first, interval(c.local.Toolkit), c.local.Toolkit.MissesAllowed, c.sends())
		words = fmt.Sprintf("%s believes %s down first, after %s to %s, and then sends no heartbeats itself; %s needs as long again",
			c.remote.Target, c.local.Target, signal.Seconds(first.Low), signal.Seconds(first.High), c.local.Target)
	}
	if words != "" {
		d := c.prediction(q, "detection", w, words)
		out = append(out, d)
		if t, ok := c.takeover(d); ok {
			out = append(out, t)
		}
	}
	if l, ok := c.loss(q, direct, w); ok {
		out = append(out, l)
	}
	return out
}

func (c couple) prediction(q providers.Question, quantity string, w Window, words string) providers.Prediction {
	return providers.Prediction{
		Fault: q.Fault, Target: c.local.Target, Job: c.local.Path, Quantity: quantity, Low: w.Low, High: w.High,
		Possible: q.Held == 0 || q.Held > w.Low, Sure: q.Held == 0 || q.Held >= w.High, Words: words,
	}
}

// arithmetic is the formula with its numbers.
func (c couple) arithmetic(w Window) string {
	h, m, sent := c.local.Toolkit.HeartbeatInterval, c.local.Toolkit.MissesAllowed, value.Duration(c.sends())
	if sent == h {
		return fmt.Sprintf("%s forgives %d missed heartbeats, %s apart: later than (%d - 1) x %s = %s and no later than (%d + 1) x %s = %s after the fault",
			c.local.Target, m, h, m, h, signal.Seconds(w.Low), m, h, signal.Seconds(w.High))
	}
	return fmt.Sprintf("%s forgives %d ticks of %s without a heartbeat, and %s sends one every %s: later than %d x %s - %s = %s and no later than (%d + 1) x %s = %s after the fault",
		c.local.Target, m, h, c.remote.Target, sent, m, h, sent, signal.Seconds(w.Low), m, h, signal.Seconds(w.High))
}

// silenced reports whether the fault stops the remote's heartbeats on their way to the local side, and how.
func (c couple) silenced(q providers.Question) (bool, string) {
	if c.remoteStops(q) {
		return true, fmt.Sprintf("the application in %s is stopped", c.remote.Target)
	}
	if severs(q, c.remote.Target, c.local.Target, port(c.local.Toolkit)) {
		return true, fmt.Sprintf("heartbeats from %s to %s do not arrive", c.remote.Target, c.local.Target)
	}
	return false, ""
}

func (c couple) remoteStops(q providers.Question) bool {
	return slices.Contains(q.Effect.Stops, c.remote.Target+"."+c.remote.Path)
}

// chained reports whether only the heartbeats towards the remote are stopped, so that it falls silent in turn.
func (c couple) chained(q providers.Question) bool {
	stopped := slices.Contains(q.Effect.Stops, c.local.Target+"."+c.local.Path)
	return !stopped && interval(c.remote.Toolkit) > 0 && severs(q, c.local.Target, c.remote.Target, port(c.remote.Toolkit))
}

// severs reports whether the fault cuts connections from one target to a port at another.
func severs(q providers.Question, from, to string, port int) bool {
	return slices.ContainsFunc(q.Effect.Severs, func(s providers.Severed) bool {
		return s.From == from && s.To == to && s.Total && (len(s.Ports) == 0 || slices.Contains(s.Ports, port))
	})
}

// takeover is when the local side has taken over: at once in an active side, after a launch in a passive one.
func (c couple) takeover(d providers.Prediction) (providers.Prediction, bool) {
	t := d
	t.Quantity = "takeover"
	switch {
	case c.local.Launched != "":
		t.High += launchUsually
		t.Words = fmt.Sprintf("%s; then the monitor in %s launches the application, which commonly takes tens of seconds (%s are reckoned with here)", d.Words, c.local.Target, signal.Seconds(launchUsually))
	case c.local.Toolkit.Mode == rolePassive:
		return t, false // a passive side only notices
	default:
		t.High += restoreUsually
		t.Words = fmt.Sprintf("%s; then replicated state is read and handed to the application, usually in less than %s", d.Words, signal.Seconds(restoreUsually))
	}
	return t, true
}

// loss is how old the state that the local side takes over can be at the instant of the fault.
func (c couple) loss(q providers.Question, direct bool, detected Window) (providers.Prediction, bool) {
	r := c.remote.Toolkit
	if r == nil || r.Mode == rolePassive || c.remote.Launched != "" {
		return providers.Prediction{}, false
	}
	period, ok := EffectivePeriod(interval(r), r.SnapshotInterval.D())
	if !ok {
		return providers.Prediction{}, false
	}
	stale := fmt.Sprintf("%s replicates every %s (heartbeat %s, snapshot interval %s), so that what changed in the last %s may be missing, and twice that if the last snapshot did not arrive",
		c.remote.Target, signal.Seconds(period), r.HeartbeatInterval, r.SnapshotInterval, signal.Seconds(period))
	if direct {
		p := c.prediction(q, "loss_window", Window{0, period}, stale)
		p.Possible, p.Sure = q.Held == 0 || q.Held > detected.Low, false
		return p, true
	}
	if !c.replicationCut(q) {
		return providers.Prediction{}, false
	}
	p := c.prediction(q, "loss_window", Window{0, period + q.Held}, fmt.Sprintf(
		"replication from %s to %s is cut and heartbeats are not: nothing is noticed, and the replicated state grows old for as long as the fault lasts; before it, %s", c.remote.Target, c.local.Target, stale))
	p.Possible, p.Sure = true, false
	return p, true
}

// replicationCut reports whether connections to the ports above the heartbeats' are cut.
func (c couple) replicationCut(q providers.Question) bool {
	return slices.ContainsFunc(q.Effect.Severs, func(s providers.Severed) bool {
		return s.From == c.remote.Target && s.To == c.local.Target && s.Total &&
			slices.ContainsFunc(s.Ports, func(p int) bool { return p > port(c.local.Toolkit) && p <= port(c.local.Toolkit)+maxChannels })
	})
}

// maxChannels bounds how many ports above the heartbeats' are taken to be for replicated state.
const maxChannels = 64

// operatorIn finds the operator a signal of a job is about: `.operator["A.B"].output[0].tuples` is "A.B" and
// "output[0].tuples".
func operatorIn(rest string) (name, attr string, ok bool) {
	const open, shut = `operator["`, `"].`
	rest, found := strings.CutPrefix(rest, open)
	if !found {
		return "", "", false
	}
	i := strings.Index(rest, shut)
	if i < 0 {
		return "", "", false
	}
	return rest[:i], rest[i+len(shut):], true
}
