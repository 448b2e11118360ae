package toolkit

import (
	"fmt"
	"strings"
	"time"

	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/providers"
)

// The operators of the composite whose metrics say something, and the port that says it.
const (
	watchdog     = "RemoteDataCenterHeartbeatWatchdog"
	receiver     = "CrossDataCenterReceiverForHB"
	dataReceiver = "CrossDataCenterReceiver"
	sender       = "CrossDataCenterSender1"
	dataSender   = "CrossDataCenterSender2"
	preparer     = "HeartbeatMessagePreparer"
	merger       = "RemoteDCDataMerger"

	statusTuples   = "output[0].tuples"
	receivedTuples = "output[0].tuples"
	triedTuples    = "input[0].tuples"
	waitingTuples  = "queued"
	answerTuples   = "output[0].tuples"
	preparedTuples = "output[0].tuples"
	noticeTuples   = "output[1].tuples"
	snapshotSignal = "output[2].tuples"
	mergedTuples   = "output[0].tuples"
	launches       = "launches"
)

// inference draws conclusions about the jobs of one target.
type inference struct {
	target string
	jobs   []*state
}

var _ providers.Inference = (*inference)(nil)

func newInference(target string, jobs []providers.JobInfo) *inference {
	in := &inference{target: target}
	for _, j := range jobs {
		if j.Target == target {
			in.jobs = append(in.jobs, newState(target, j))
		}
	}
	return in
}

// Infer implements providers.Inference.
func (in *inference) Infer(s signal.Sample) []signal.Sample {
	for _, j := range in.jobs {
		if rest, ok := strings.CutPrefix(s.Signal, j.prefix); ok {
			return j.take(rest, s)
		}
	}
	return nil
}

// state is what is known of one job.
type state struct {
	info   providers.JobInfo
	prefix string // "dc1.job.orders."

	owner map[string]string // which operator stands for a name of the composite
	torn  map[string]bool   // names that several operators have: nothing is concluded from them

	transitions count
	merged      count
	received    map[string]count // by operator: data receivers may be several
	odd         map[string]int64 // answers of the other side that were no success, by sender
	arrived     *signal.Sample   // the sample with which replicated state last arrived, Low moved to before it
	arrivals    []signal.Sample  // the latest ones, in order
	files       files
	said        words
	role        string
	running     verdict
	healthy     verdict
	takeover    takeover
}

// verdict is the latest reading of a yes or no.
type verdict struct {
	yes bool
	at  time.Duration
}

// count is the latest reading of a counter.
type count struct {
	n     int64
	at    signal.Sample
	known bool
}

func newState(target string, info providers.JobInfo) *state {
	s := &state{info: info, prefix: target + "." + info.Path + "."}
	s.reset()
	return s
}

// reset forgets everything that belonged to a job that is gone.
func (s *state) reset() {
	s.owner, s.torn, s.received, s.odd = map[string]string{}, map[string]bool{}, map[string]count{}, map[string]int64{}
	s.transitions, s.merged, s.arrived, s.arrivals, s.role, s.takeover, s.said = count{}, count{}, nil, nil, "", takeover{}, words{}
}

// take draws conclusions from one sample of the job.
func (s *state) take(rest string, in signal.Sample) []signal.Sample {
	switch rest {
	case "status":
		return s.status(in)
	case "health":
		return s.health(in)
	}
	if rest, ok := strings.CutPrefix(rest, "toolkit."); ok {
		return append(s.stored(rest, in), s.lines(rest, in)...)
	}
	name, attr, ok := operatorIn(rest)
	if !ok || !in.Value.Kind.Numeric() {
		return nil
	}
	part, ok := s.part(name)
	if !ok {
		return nil
	}
	n := int64(in.Value.Num)
	switch {
	case part == watchdog && attr == statusTuples:
		return s.statusTuples(n, in)
	case part == receiver && attr == receivedTuples:
		return []signal.Sample{s.conclude("heartbeats_in", signal.NumberVal(float64(n)), in, signal.Strong, fmt.Sprintf("%s has submitted %d tuples", name, n))}
	case part == sender && attr == triedTuples:
		return []signal.Sample{s.conclude("heartbeats_out", signal.NumberVal(float64(n)), in, signal.Strong, fmt.Sprintf("%s has processed %d tuples", name, n))}
	case part == sender && attr == waitingTuples:
		return []signal.Sample{s.conclude("queued", signal.NumberVal(float64(n)), in, signal.Medium, fmt.Sprintf("%d heartbeats wait in front of %s: a link that is slow, or swallows them, holds them up", n, name))}
	case (part == sender || part == dataSender) && attr == answerTuples:
		return s.answers(name, n, in)
	case part == preparer && attr == preparedTuples:
		return []signal.Sample{s.conclude("heartbeats_prepared", signal.NumberVal(float64(n)), in, signal.Strong, fmt.Sprintf("%s has submitted %d heartbeats", name, n))}
	case part == preparer && attr == noticeTuples:
		return []signal.Sample{s.conclude("notices_sent", signal.NumberVal(float64(n)), in, signal.Strong, fmt.Sprintf("%s has submitted %d tuples on its port for special messages", name, n))}
	case part == preparer && attr == snapshotSignal && n > 0:
		return s.active(in, signal.Strong, fmt.Sprintf("%s has asked for %d snapshots, which only an active side does", name, n))
	case part == dataReceiver && attr == receivedTuples:
		return s.replicated(name, n, in)
	case part == merger && attr == mergedTuples:
		s.merged = count{n, in, true}
		return s.takenOver(in)
	case part == merger && attr == launches || part == watchdog && attr == launches:
		s.takeover.launched(part, n)
	}
	return nil
}

// part finds which operator of the composite a name means. The composite may be nested anywhere, and parallel copies
// carry an index. Assumption toolkit.names.
func (s *state) part(name string) (string, bool) {
	path := strings.Split(name, ".")
	last := path[len(path)-1]
	if i := strings.IndexByte(last, '['); i > 0 && strings.HasSuffix(last, "]") {
		last = last[:i]
	}
	switch last {
	case watchdog, receiver, dataReceiver, sender, dataSender, preparer, merger:
	default:
		return "", false
	}
	if s.info.Toolkit != nil && s.info.Toolkit.Composite != "" {
		want := s.info.Toolkit.Composite
		if len(path) < 2 || path[len(path)-2] != want && strings.Join(path[:len(path)-1], ".") != want {
			return "", false
		}
	}
	return last, s.owns(last, strings.Join(path[:len(path)-1], "."))
}

// owns reports whether the composite at a place in the application is the one that is looked at: the first one seen. An
// operator is reported under its short name too; that counts only where there is no full one.
func (s *state) owns(part, at string) bool {
	have, ok := s.owner[part]
	switch {
	case !ok, have == "" && at != "":
		s.owner[part] = at
	case at == "" && have != "":
		return false
	case have != at:
		s.torn[part] = true
	}
	return !s.torn[part]
}

// statusTuples reads the watchdog's count of transitions: none, odd, even. Assumption toolkit.parity.
func (s *state) statusTuples(n int64, in signal.Sample) []signal.Sample {
	s.transitions = count{n, in, true}
	word, why := remoteNever, "it has never heard of the other side since its launch"
	switch {
	case n > 0 && n%2 == 1:
		word, why = remoteUp, "an odd number: the last one said UP"
	case n > 0:
		word, why = remoteDown, "an even number: the last one said DOWN"
	}
	worth, what := signal.Strong, fmt.Sprintf("%s has submitted %d status tuples; %s", watchdog, n, why)
	if l := s.takeover.launch[watchdog]; l > 1 {
		what += fmt.Sprintf(", counted since launch %d of its PE", l)
		if n == 0 {
			worth = signal.Medium // it may have heard before that launch
		}
	}
	out := []signal.Sample{s.conclude("remote", signal.EnumVal(word), in, worth, what+s.beside(word, in))}
	return append(out, s.takenOver(in)...)
}

// status draws conclusions from the job's own status.
func (s *state) status(in signal.Sample) []signal.Sample {
	s.running = verdict{in.Value.Text == "running", in.High}
	switch in.Value.Text {
	case "gone", "canceled":
		was := s.role
		s.reset()
		if was != "" || s.configured() {
			return []signal.Sample{s.conclude("role", signal.EnumVal(rolePassive), in, signal.Strong, "the job is gone: it processes nothing")}
		}
		return nil
	case "running":
		return append(s.roleOf(in), s.launched(in)...)
	}
	return nil
}

func (s *state) health(in signal.Sample) []signal.Sample {
	s.healthy = verdict{in.Value.Text == "healthy", in.High}
	return s.launched(in)
}

func (s *state) configured() bool { return s.info.Toolkit != nil }

// roleOf concludes the role of a running job from what the plan says, or from what was seen before.
func (s *state) roleOf(in signal.Sample) []signal.Sample {
	switch {
	case s.info.Launched != "":
		return s.active(in, signal.Strong, "a copy that was launched is the active one")
	case s.role == roleActive:
		return s.active(in, signal.Strong, "it has taken snapshots, which only an active side does")
	case !s.configured():
		return nil
	case s.info.Toolkit.Mode == rolePassive:
		s.role = rolePassive
		return []signal.Sample{s.conclude("role", signal.EnumVal(rolePassive), in, signal.Weak, "the plan says that it was configured as passive")}
	}
	return []signal.Sample{s.conclude("role", signal.EnumVal(roleActive), in, signal.Medium, "the plan says that it was configured as active, and it is running")}
}

func (s *state) active(in signal.Sample, worth signal.Strength, why string) []signal.Sample {
	s.role = roleActive
	return []signal.Sample{s.conclude("role", signal.EnumVal(roleActive), in, worth, why)}
}

// launched concludes the takeover of a copy that something else launched: it has happened when it runs and is healthy,
// both by one answer of the server.
func (s *state) launched(in signal.Sample) []signal.Sample {
	if s.info.Launched == "" || s.running.at != s.healthy.at {
		return nil
	}
	if s.running.yes && s.healthy.yes {
		return []signal.Sample{s.conclude("takeover", signal.EnumVal(takeoverDone), in, signal.Strong, "the launched copy is running and healthy")}
	}
	return []signal.Sample{s.conclude("takeover", signal.EnumVal(takeoverRunning), in, signal.Strong, "the launched copy is there and not yet running and healthy")}
}

// replicated notes arrivals of replicated state and says how long ago the last one was.
func (s *state) replicated(name string, n int64, in signal.Sample) []signal.Sample {
	old := s.received[name]
	s.received[name] = count{n, in, true}
	switch {
	case n > old.n && old.known, n < old.n && n > 0: // more, or anything after a restart
		came := in
		came.Low = old.at.Low
		s.arrives(came)
	case n > 0 && !old.known:
		came := in
		came.Low = 0 // at some time since the run began, or before it
		s.arrives(came)
	}
	if s.arrived == nil || s.files.known {
		return nil // what is stored says more than what has arrived
	}
	low := max(in.Low-s.arrived.High, 0).Seconds()
	high := max(in.High-s.arrived.Low, 0).Seconds()
	return []signal.Sample{s.conclude("replication_age", signal.Bounded(signal.Duration, high, low, high), in, signal.Medium,
		fmt.Sprintf("%s has submitted %d tuples; the last rise was seen by %s. Whether it was stored is not known", name, n, signal.Seconds(s.arrived.High.Seconds())))}
}

// conclude makes a sample of the toolkit out of the one it rests on: it was so at the same instants.
func (s *state) conclude(attr string, v signal.Value, from signal.Sample, worth signal.Strength, evidence string) signal.Sample {
	return signal.Sample{Signal: s.prefix + "toolkit." + attr, Value: v, Low: from.Low, High: from.High, ValidFor: from.ValidFor, Evidence: evidence, Strength: worth}
}

// answers sums up the answers that were no success. What was not answered at all is not among them.
func (s *state) answers(name string, n int64, in signal.Sample) []signal.Sample {
	s.odd[name] = n
	sum := int64(0)
	for _, one := range s.odd {
		sum += one
	}
	return []signal.Sample{s.conclude("http_errors", signal.NumberVal(float64(sum)), in, signal.Medium, fmt.Sprintf("%s has submitted %d answers of the other side that were no success; refusals and silence are not counted there", name, n))}
}

// patience is how long after DOWN something would have been handed over if there were anything. Assumption toolkit.nothing_to_take.
const patience = 30 * time.Second
