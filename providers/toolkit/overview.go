package toolkit

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/providers"
)

// The words of the state of one side, seen together with the other.
const (
	stateNever       = "never_contacted"
	stateUp          = "up"
	stateDown        = "down"
	stateTakingOver  = "taking_over"
	stateTakenOver   = "taken_over"
	stateShutDown    = "orderly_shutdown"
	stateSplitBrain  = "split_brain"
	stateSilence     = "mutual_silence"
	stateConflicting = "conflicting"
)

// overview draws conclusions about both sides of a pair, from what was observed at each and concluded about each.
type overview struct {
	sides map[string]*side // by target and path of the job: "dc1.job.orders"
}

var _ providers.Inference = (*overview)(nil)

// side is what is known of one side of a pair.
type side struct {
	name  string // "dc1.job.orders"
	info  providers.JobInfo
	other *side // nil where the plan states none

	remote, takeover, role, health fact
	words                          fact   // what the application says of the other side
	stopped                        motion // lines that say that this side has told of an orderly shutdown
	line                           string // the latest of them
	in, out, prepared, notices     motion
	queued                         motion
	gone                           bool                     // its job is not there
	seen                           signal.Sample            // of its status, the latest
	said                           map[string]signal.Sample // the latest, by attribute
	born                           *signal.Sample           // when a new job was first seen in the place of one that was gone
}

// silent is for how long a side has surely prepared no heartbeat, and sent none that it had prepared before.
func (x *side) silent() time.Duration {
	if !x.prepared.known {
		return x.out.flat()
	}
	if !x.out.known {
		return x.prepared.flat()
	}
	return min(x.out.flat(), x.prepared.flat())
}

// fact is the latest word about something, the sample it rests on, and the first of the samples that said so in a row.
type fact struct {
	word  string
	at    signal.Sample
	since signal.Sample
}

func (f fact) known() bool { return f.word != "" }

// motion is a counter and when it was last seen to rise.
type motion struct {
	n     float64
	known bool
	first signal.Sample // since when it has had this value: the first sample that showed it
	at    signal.Sample // the latest sample
}

func (m *motion) take(s signal.Sample) {
	if !m.known || s.Value.Num != m.n {
		m.first = s
	}
	m.n, m.known, m.at = s.Value.Num, true, s
}

// flat is for how long the counter surely has not moved.
func (m *motion) flat() time.Duration {
	if !m.known {
		return 0
	}
	return max(m.at.Low-m.first.High, 0)
}

func newOverview(jobs []providers.JobInfo) *overview {
	o := &overview{sides: map[string]*side{}}
	for _, j := range jobs {
		name := j.Target + "." + j.Path
		o.sides[name] = &side{name: name, info: j}
	}
	for _, c := range couples(jobs) {
		o.sides[c.local.Target+"."+c.local.Path].other = o.sides[c.remote.Target+"."+c.remote.Path]
	}
	return o
}

// Infer implements providers.Inference. It takes samples of every target, those that were concluded from others too.
func (o *overview) Infer(s signal.Sample) []signal.Sample {
	for name, side := range o.sides {
		rest, ok := strings.CutPrefix(s.Signal, name+".")
		if !ok || !side.take(rest, s) {
			continue
		}
		var out []signal.Sample
		for _, x := range o.pair(side) {
			out = append(out, x.conclude(s)...)
		}
		return out
	}
	return nil
}

// pair is a side and the one that watches it.
func (o *overview) pair(x *side) []*side {
	out := []*side{x}
	for _, name := range sorted(o.sides) {
		if y := o.sides[name]; y != x && y.other == x {
			out = append(out, y)
		}
	}
	return out
}

func sorted(m map[string]*side) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// take notes a sample, and reports whether conclusions may follow from it.
func (x *side) take(rest string, s signal.Sample) bool {
	word := func(f *fact) bool {
		if f.word != s.Value.Text {
			f.since = s
		}
		f.word, f.at = s.Value.Text, s
		return true
	}
	switch rest {
	case "toolkit.remote":
		return word(&x.remote)
	case "toolkit.takeover":
		return word(&x.takeover)
	case "toolkit.role":
		return word(&x.role)
	case "health":
		return word(&x.health)
	case "toolkit.heartbeats_in":
		x.in.take(s)
		return true
	case "toolkit.heartbeats_out":
		x.out.take(s)
		return true
	case "toolkit.heartbeats_prepared":
		x.prepared.take(s)
		return true
	case "toolkit.queued":
		x.queued.take(s)
		return true
	case "toolkit.said":
		return word(&x.words)
	case `toolkit.line["` + string(LineShutDown) + `"]`:
		x.stopped.take(s)
		if s.Value.Num > 0 {
			x.line = s.Evidence
		}
		return true
	case "toolkit.notices_sent":
		x.notices.take(s)
		return true
	case "status":
		switch {
		case s.Value.Text == "gone" || s.Value.Text == "canceled":
			*x = side{name: x.name, info: x.info, other: x.other, gone: true, health: fact{s.Value.Text, s, s}}
		case x.gone:
			x.gone, x.born, x.health = false, &s, fact{}
		}
		if x.born != nil {
			x.seen = s
		}
		return true
	}
	return false
}

// lag is how long something must have been still before that says anything: two heartbeats, and what metrics are late.
func (x *side) lag() time.Duration { return 2*interval(x.info.Toolkit) + metricLag }

// metricLag covers that metrics are collected now and then: two counters of one job may be of different rounds.
const metricLag = 10 * time.Second

// conclude says what follows for one side from a sample of it or of the other. A claim that one side alone refutes has
// the instants of that side's sample; one that needs both has the later of the two.
func (x *side) conclude(trigger signal.Sample) []signal.Sample {
	if !x.remote.known() {
		return nil
	}
	var out []signal.Sample
	split, splitWhy, splitAt := x.splitBrain()
	if splitAt != nil && (split || splitAt.High == trigger.High) {
		out = append(out, x.says("split_brain", signal.BoolVal(split), *splitAt, splitWhy)...)
	}
	silent, silentWhy := x.mutualSilence()
	if x.other != nil {
		late := trigger
		late.Strength = signal.Least(x.remote.at.Strength, x.other.remote.at.Strength)
		if silent {
			late.Low = max(late.Low-x.lag(), 0)
		}
		out = append(out, x.says("mutual_silence", signal.BoolVal(silent), late, silentWhy)...)
	}
	conflict, conflictWhy := x.conflict()
	at := trigger
	at.Strength = signal.Medium // several counters of different rounds
	out = append(out, x.says("conflict", signal.BoolVal(conflict), at, conflictWhy)...)
	word, why := x.state(split, splitWhy, silent, silentWhy, conflict, conflictWhy)
	at.Low, at.Strength = min(at.Low, x.remote.at.Low), x.worth(word)
	if x.other != nil && x.other.remote.known() && (split || silent) {
		at.Low = min(at.Low, x.other.remote.at.Low)
	}
	return append(out, x.says("state", signal.EnumVal(word), at, why)...)
}

// says makes a sample; none where the same was said of the same instants already.
func (x *side) says(attr string, v signal.Value, from signal.Sample, evidence string) []signal.Sample {
	if old, ok := x.said[attr]; ok && old.High == from.High && old.Value.Equal(v) {
		return nil
	}
	s := signal.Sample{Signal: x.name + ".toolkit." + attr, Value: v, Low: from.Low, High: from.High, ValidFor: from.ValidFor, Evidence: evidence, Strength: from.Strength}
	if x.said == nil {
		x.said = map[string]signal.Sample{}
	}
	x.said[attr] = s
	return []signal.Sample{s}
}

// splitBrain is that both sides believe the other down while both are active and healthy. The sample is the one that
// the claim rests on: the latest that refutes it, or the later of the two that together make it.
func (x *side) splitBrain() (is bool, why string, at *signal.Sample) {
	y := x.other
	if y == nil {
		return false, "", nil
	}
	refute := func(how string, by signal.Sample) {
		if by.Strength == "" {
			by.Strength = signal.Strong // it was seen, not concluded
		}
		if at == nil || by.High > at.High {
			why, at = how, &by
		}
	}
	for _, s := range []*side{x, y} {
		for _, f := range []struct {
			is   fact
			want string
			what string
		}{{s.remote, remoteDown, "believes the other side"}, {s.role, roleActive, "is"}, {s.health, "healthy", "is"}} {
			if f.is.known() && f.is.word != f.want {
				refute(fmt.Sprintf("%s %s %s", s.info.Target, f.what, f.is.word), f.is.at)
			}
		}
		if s.young() {
			seen := s.seen
			seen.Strength = signal.Medium // by what the plan says of its intervals
			refute(fmt.Sprintf("%s has run for less than it takes to miss %d heartbeats", s.info.Target, s.info.Toolkit.MissesAllowed+1), seen)
		}
	}
	if at != nil {
		return false, why, at
	}
	if !y.remote.known() || !x.role.known() || !y.role.known() || !x.health.known() || !y.health.known() {
		return false, "", nil // one of them has not been looked at yet
	}
	both := later(later(x.remote.at, y.remote.at), later(later(x.role.at, y.role.at), later(x.health.at, y.health.at)))
	return true, fmt.Sprintf("%s believes %s down and %s believes %s down, and both are active and healthy", x.info.Target, y.info.Target, y.info.Target, x.info.Target), &both
}

// young reports whether a side that has said nothing yet was launched so lately that it cannot have come to believe the
// other down.
func (x *side) young() bool {
	return x.born != nil && !x.remote.known() && x.info.Toolkit != nil &&
		x.seen.High-x.born.Low < x.info.Toolkit.InitDelay.D()+time.Duration(x.info.Toolkit.MissesAllowed+1)*interval(x.info.Toolkit)
}

func later(a, b signal.Sample) signal.Sample {
	a.Low, a.High = max(a.Low, b.Low), max(a.High, b.High)
	a.ValidFor = min(a.ValidFor, b.ValidFor)
	a.Strength = signal.Least(a.Strength, b.Strength)
	return a
}

// lastTry is how long a sender may be busy with one heartbeat: it waits so long for a connection, by default. Reference:
// `httpConnectionTimeout`.
const lastTry = 25 * time.Second

// unsent is what a side may still send of what it made before it fell silent; empty: nothing. One such heartbeat that arrives
// ends the silence of the other side.
func (x *side) unsent() string {
	if x.queued.known && x.queued.n > 0 {
		return fmt.Sprintf("%d heartbeats that %s made before wait in front of its sender, and one that arrives ends the silence", int64(x.queued.n), x.info.Target)
	}
	if x.out.known && x.prepared.known && x.out.n < x.prepared.n && x.silent() < lastTry+metricLag {
		return fmt.Sprintf("%s may still be trying to send the last heartbeat that it made, and one that arrives ends the silence", x.info.Target)
	}
	return ""
}

// mutualSilence is that neither side sends heartbeats any more because neither has heard one: nothing but a restart
// ends it, whatever the network does.
func (x *side) mutualSilence() (bool, string) {
	y := x.other
	if y == nil || x.remote.word != remoteDown || y.remote.word != remoteDown {
		return false, "at least one side does not believe the other down, and sends"
	}
	for _, s := range []*side{x, y} {
		if s.silent() < s.lag() {
			return false, s.info.Target + " has not been seen to be silent for long enough"
		}
		if why := s.unsent(); why != "" {
			return false, why
		}
	}
	return true, fmt.Sprintf("both sides believe the other down, %s has not tried to send a heartbeat for %s and %s for %s: neither sends until it hears from the other, so that only a restart of one side ends it, also where the network is whole",
		x.info.Target, signal.Seconds(x.silent().Seconds()), y.info.Target, signal.Seconds(y.silent().Seconds()))
}

// shutDown is that a side has told the other that it stops on purpose.
func (x *side) shutDown() (bool, string) {
	if x.stopped.n > 0 && (!x.prepared.known || x.prepared.first.Low <= x.stopped.first.High+x.lag()) {
		return true, fmt.Sprintf("%s has written %q, and has made no heartbeat since", x.info.Target, x.line)
	}
	if !x.notices.known || x.notices.n == 0 || x.info.Toolkit != nil && x.info.Toolkit.ReturnSnapshots || x.silent() < x.lag() {
		return false, ""
	}
	return true, fmt.Sprintf("%s has sent %d special messages and no heartbeat for %s", x.info.Target, int64(x.notices.n), signal.Seconds(x.silent().Seconds()))
}

// conflict is that what is known of a side does not fit together.
func (x *side) conflict() (bool, string) {
	if apart, how := x.contradicted(); apart {
		return true, how
	}
	h := interval(x.info.Toolkit)
	if h == 0 {
		return false, "nothing contradicts anything"
	}
	switch stopped, _ := x.shutDown(); {
	case stopped:
	case x.remote.word == remoteDown && x.prepared.known && x.prepared.first.Low > x.remote.since.High+x.lag():
		return true, fmt.Sprintf("the number of status tuples says that %s believes the other side down, but it goes on sending heartbeats, which it does not do then: the PE of %s may have been launched again by itself", x.info.Target, watchdog)
	case x.remote.word == remoteUp && x.silent() > x.lag() && x.health.word == "healthy":
		return true, fmt.Sprintf("the number of status tuples says that %s believes the other side up, but it has tried to send no heartbeat for %s", x.info.Target, signal.Seconds(x.silent().Seconds()))
	case x.remote.word == remoteUp && x.in.known && x.in.flat() > time.Duration(x.info.Toolkit.MissesAllowed+2)*h+metricLag && x.health.word == "healthy":
		return true, fmt.Sprintf("the number of status tuples says that %s believes the other side up, but no heartbeat has come for %s, which is more than it forgives", x.info.Target, signal.Seconds(x.in.flat().Seconds()))
	}
	return false, "nothing contradicts anything"
}

// contradicted is that the application's own words about the other side and the count of status tuples have said different things for
// longer than either of them can be late.
func (x *side) contradicted() (bool, string) {
	w, r := x.words, x.remote
	switch {
	case !w.known() || !r.known() || w.word == r.word, r.word == remoteNever && r.at.Strength != signal.Strong: // its PE was launched again
		return false, ""
	case w.at.Low <= r.since.High+metricLag || r.at.Low <= w.since.High+metricLag:
		return false, ""
	}
	return true, fmt.Sprintf("the number of status tuples says %s of the other side at %s, and the last that the application has written is %q", r.word, x.info.Target, w.at.Evidence)
}

// worth is how much the word for a side is worth: what it rests on, or medium where several counters speak.
func (x *side) worth(word string) signal.Strength {
	switch word {
	case stateConflicting, stateShutDown:
		return signal.Medium
	case stateSplitBrain, stateSilence:
		return signal.Least(x.remote.at.Strength, x.other.remote.at.Strength, x.role.at.Strength, x.other.role.at.Strength)
	case stateTakingOver, stateTakenOver:
		return signal.Least(x.remote.at.Strength, x.takeover.at.Strength)
	}
	return x.remote.at.Strength
}

// state sums up what is believed and known of one side in a word.
func (x *side) state(split bool, splitWhy string, silent bool, silentWhy string, conflict bool, conflictWhy string) (word, why string) {
	if stopped, how := x.shutDown(); stopped {
		return stateShutDown, how
	}
	switch {
	case split:
		return stateSplitBrain, splitWhy
	case conflict:
		return stateConflicting, conflictWhy
	case silent:
		return stateSilence, silentWhy
	case x.remote.word == remoteNever:
		return stateNever, x.remote.at.Evidence
	case x.remote.word == remoteUp:
		return stateUp, x.remote.at.Evidence
	case x.takeover.word == takeoverRunning:
		return stateTakingOver, x.takeover.at.Evidence
	case x.takeover.word == takeoverDone:
		return stateTakenOver, x.takeover.at.Evidence
	}
	return stateDown, x.remote.at.Evidence
}
