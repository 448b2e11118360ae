package toolkit

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/providers"
)

// traced reads from what a job has written.
func (s *seen) traced(word string, counts ...string) {
	for _, c := range counts {
		kind, n, _ := strings.Cut(c, "=")
		s.wrote(kind, n)
	}
	if word != "" {
		s.told(signal.Sample{Signal: "dc1.job.orders.toolkit.said", Value: signal.EnumVal(word), Evidence: "it is " + word})
	}
}

func (s *seen) wrote(kind, n string) {
	v := signal.NumberVal(0)
	for range len(n) { // tallies: "", "|", "||"
		v.Num++
		v.Low, v.High = v.Num, v.Num
	}
	s.told(signal.Sample{Signal: `dc1.job.orders.toolkit.line["` + kind + `"]`, Value: v, Evidence: "a line of " + kind})
}

func (s *seen) told(in signal.Sample) {
	in.Low, in.High, in.ValidFor = max(s.now-time.Second, 0), s.now, 15*time.Second
	for _, c := range s.in.Infer(in) {
		s.note(c)
	}
}

func (s *seen) note(c signal.Sample) {
	short := strings.TrimPrefix(c.Signal, "dc1.job.orders.toolkit.")
	if s.last[short] != c.Value {
		s.lines = append(s.lines, s.now.String()+" "+short+" "+c.Value.String()+" "+string(c.Strength)+": "+c.Evidence)
	}
	s.last[short] = c.Value
}

// Without the metrics of the toolkit's operators the application's own words are what there is, and worth less.
func TestTheApplicationsWordsStandInForCounters(t *testing.T) {
	s := watch(active())
	for _, r := range []struct {
		word   string
		counts string
	}{{"up", "taken_over="}, {"down", "taken_over="}, {"down", "taken_over=|"}, {"up", "taken_over=|"}, {"down", "taken_over=|"}} {
		s.now += 5 * time.Second
		s.traced(r.word, r.counts)
	}
	s.now += patience
	s.traced("down")
	s.want(t,
		`5s remote up medium: the application has written "it is up"; how many status tuples `+watchdog+` has submitted is not known`,
		"5s takeover none medium: the application does not say that the other side is down",
		`10s remote down medium: the application has written "it is down"; how many status tuples `+watchdog+` has submitted is not known`,
		"10s takeover running medium: the application says that the other side is down, and not yet that it has taken over",
		`15s takeover done medium: the application has written "a line of taken_over"`,
		`20s remote up medium: the application has written "it is up"; how many status tuples `+watchdog+` has submitted is not known`,
		"20s takeover none medium: the application does not say that the other side is down",
		`25s remote down medium: the application has written "it is down"; how many status tuples `+watchdog+` has submitted is not known`,
		"25s takeover running medium: the application says that the other side is down, and not yet that it has taken over",
		"55s takeover done weak: the application has said for 30s that the other side is down, and not that it takes over: there is nothing to take over",
	)
}

// Where the counters are known, what the application says stands beside them, whichever of the two it is.
func TestTheApplicationsWordsStandBesideCounters(t *testing.T) {
	for word, want := range map[string]string{
		"down": `an even number: the last one said DOWN; the application has written "it is down"`,
		"up":   `an even number: the last one said DOWN; the last that the application has written is "it is up"`,
	} {
		s := watch(active())
		s.round(up(2))
		s.traced(word)
		s.now += time.Second
		var got string
		for _, c := range s.in.Infer(signal.Sample{Signal: `dc1.job.orders.operator["App.CrossDCFailover.` + watchdog + `"].` + statusTuples, Value: signal.NumberVal(2), Low: s.now, High: s.now}) {
			if strings.HasSuffix(c.Signal, ".remote") {
				got = c.Evidence
			}
		}
		if !strings.HasSuffix(got, want) {
			t.Errorf("%s: %q, want %q", word, got, want)
		}
	}
}

func TestLinesSayWhetherStateIsStored(t *testing.T) {
	s := watch(active())
	for _, r := range [][]string{{"not_stored=", "stored="}, {"not_stored=", "stored=|"}, {"not_stored=|", "stored=||"}, {"not_stored=|", "stored=||"}, {"not_stored=|", "stored=|||"}} {
		s.now += 5 * time.Second
		s.traced("", r...)
	}
	s.want(t,
		`10s storing true strong: the toolkit has written "a line of stored"`,
		`15s storing false strong: the toolkit has written "a line of not_stored"`, // of several pieces one was not
		`25s storing true strong: the toolkit has written "a line of stored"`,
	)
}

// Both sides together: words and counters that disagree for longer than either can be late are a conflict; an orderly shutdown is
// known by its line, also where snapshots may have been given back.
func TestWhatIsWrittenAndWhatIsCounted(t *testing.T) {
	k := settings(2*time.Second, 6*time.Second, 3)
	k.ReturnSnapshots = true
	for name, c := range map[string]struct {
		said  string
		apart time.Duration // between the two
		line  float64
		want  string
	}{
		"agree":             {said: "down", apart: time.Minute, want: "down"},
		"one is late":       {said: "up", apart: 5 * time.Second, want: "down"},
		"disagree":          {said: "up", apart: time.Minute, want: "conflicting"},
		"told of its end":   {said: "down", apart: time.Minute, line: 1, want: "orderly_shutdown"},
		"nothing is traced": {apart: time.Minute, want: "down"},
	} {
		t.Run(name, func(t *testing.T) {
			o, state, why := newOverview(both(k)), "", ""
			say := func(at time.Duration, path string, v signal.Value) {
				for _, s := range o.Infer(signal.Sample{Signal: "dc1.job.orders." + path, Value: v, Low: at - time.Second, High: at, Strength: signal.Strong, Evidence: "evidence of " + path}) {
					if s.Signal == "dc1.job.orders.toolkit.state" {
						state, why = s.Value.Text, s.Evidence
					}
				}
			}
			for _, at := range []time.Duration{time.Minute, time.Minute + c.apart} {
				say(at, "health", signal.EnumVal("healthy"))
				say(at, "toolkit.remote", signal.EnumVal(remoteDown))
				if c.said != "" {
					say(at, "toolkit.said", signal.EnumVal(c.said))
				}
				say(at, `toolkit.line["shutdown_sent"]`, signal.NumberVal(c.line))
			}
			if state != c.want {
				t.Errorf("%s because of %q, want %s", state, why, c.want)
			}
			if c.line > 0 && !strings.Contains(why, `has written "evidence of toolkit.line`) {
				t.Errorf("it is not said because of which line: %q", why)
			}
		})
	}
}

func TestReadingLines(t *testing.T) {
	r, err := NewLineReader(providers.Lines{Down: "EVENT [0-9]+ lost"})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]Line{
		"28 Nov 2026 INFO Application_Logic _XXXXX_ Received a notification about the remote data center coming up": LineUp,
		"Received a notification about the remote data center going down due to failure":                            "", // it says so in its own words
		"INFO app EVENT 77 lost": LineDown,
		"_XXXXX_ Completed the taking-over of the replicated data. A total of 5 data items":                                 LineTakenOver,
		"ERROR RemoteDC-Watchdog _XXXXX_ Unable to replicate and persist the data snapshot in this file: /s/dc2-0.snapshot": LineNotStored,
		"a user wrote: Unable to replicate and persist the data snapshot":                                                   "", // it is not the toolkit's
		"Exception while communicating with http://10.0.2.10:25091. Error message: refused":                                 LineSendFailed,
		"_XXXXX_ We sent an orderly shutdown message from the local DC dc1":                                                 LineShutDown,
		"_XXXXX_ Received the heartbeat message 7 with no data snapshot from the data center named dc2":                     "",
		"": "",
	} {
		if got, _ := r.Read([]byte(text)); got != want {
			t.Errorf("%q says %q, want %q", text, got, want)
		}
	}
	if _, err := NewLineReader(providers.Lines{Up: "("}); err == nil || !strings.Contains(err.Error(), "lines that say up") {
		t.Errorf("a pattern that is none: %v", err)
	}
}

// Whatever a trace holds, a line is of one kind that there is, or of none.
func FuzzReadLine(f *testing.F) {
	f.Add([]byte("_XXXXX_ We sent an orderly shutdown message"), "a+")
	f.Add([]byte("\x00\xff Completed the taking-over"), "")
	f.Fuzz(func(t *testing.T, text []byte, pattern string) {
		r, err := NewLineReader(providers.Lines{Up: pattern})
		if err != nil {
			return
		}
		kind, ok := r.Read(text)
		if known := kind.known(); known != ok {
			t.Errorf("%q is %q, and that is %t", text, kind, ok)
		}
	})
}

func (l Line) known() bool { return slices.Contains(Lines(), l) }
