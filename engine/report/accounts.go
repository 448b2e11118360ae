package report

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/xdc-project/xdc/lang/signal"
)

// Account sets side by side what is said of the recovery from one fault: by the platform about its job, by the toolkit as far as
// can be inferred, and by a client that was served or was not. That they differ is no error, and often the point: a platform
// that calls itself healthy while nobody is served, or one that calls for help while nobody notices.
type Account struct {
	Fault  string  `json:"fault"`
	Probe  string  `json:"probe"`
	Voices []Voice `json:"voices"`
	// Disagree says that at least one voice contradicts the client.
	Disagree bool `json:"disagree"`
}

// Voice is what one of them says. After is when it recovered, in seconds after the injection, as an interval that certainly
// contains it.
type Voice struct {
	Who    string `json:"who"` // client, platform, toolkit
	Target string `json:"target,omitempty"`
	Basis  string `json:"basis"` // the step or the signal
	// State is recovered, never (not by the end of the run), or undisturbed.
	State string  `json:"state"`
	After *Bounds `json:"after,omitempty"`
	// Agrees says whether both this and what the client saw can be true; of the client, nil.
	Agrees *bool `json:"agrees,omitempty"`
}

// The states of voices, and who they are.
const (
	recovered   = "recovered"
	never       = "never"
	undisturbed = "undisturbed"

	client   = "client"
	platform = "platform"
	toolkit  = "toolkit"
)

// witness are the signals that accounts rest on.
var witness = regexp.MustCompile(`^([^.]+)\.(?:module\..+\.)?(?:job\.[^.]+\.)?(?:(health)|toolkit\.(remote|takeover))$`)

// turn is a change of a signal: after low, and no later than high.
type turn struct {
	low, high float64
	value     string
}

// turns keeps the changes of signals that accounts rest on.
type turns struct {
	of   map[string][]turn
	last map[string]float64 // low end of the last sample
}

// take adds a sample of a witness.
func (t *turns) take(s signal.Sample) {
	if t.of == nil {
		t.of, t.last = map[string][]turn{}, map[string]float64{}
	}
	all := t.of[s.Signal]
	if n := len(all); n == 0 || all[n-1].value != words(s.Value) {
		if n < maxSpells {
			t.of[s.Signal] = append(all, turn{t.last[s.Signal], s.High.Seconds(), words(s.Value)})
		}
	}
	t.last[s.Signal] = s.Low.Seconds()
}

// accounts compares what is said of every fault that a probe counts from.
func (f *folding) accounts(t turns) {
	for _, p := range f.out.Probes {
		for _, r := range p.Recoveries {
			a := Account{Fault: strings.TrimSuffix(r.Since, ".injected"), Probe: p.Step}
			v := Voice{Who: client, Basis: p.Step, State: undisturbed}
			switch {
			case r.Disturbed && r.RTOHigh == nil:
				v.State, v.After = never, &Bounds{r.RTOLow, nil}
			case r.Disturbed:
				v.State, v.After = recovered, &Bounds{r.RTOLow, r.RTOHigh}
			}
			a.Voices = append(a.Voices, v)
			a.Voices = append(a.Voices, t.voices(r.InjectedLow, r.InjectedHigh, f.nextFault(a.Fault, r.InjectedLow))...)
			for i := range a.Voices[1:] {
				w := &a.Voices[i+1]
				same := agree(v, *w)
				w.Agrees = &same
				a.Disagree = a.Disagree || !same
			}
			if len(a.Voices) > 1 {
				f.out.Accounts = append(f.out.Accounts, a)
			}
		}
	}
}

// nextFault is when the next fault after one was injected; infinite if there was none.
func (f *folding) nextFault(fault string, after float64) float64 {
	next := infinite
	for _, d := range f.deeds {
		if d.Kind == "fault" && d.Step != fault && d.Injected != nil && d.Injected.Low > after {
			next = min(next, d.Injected.Low)
		}
	}
	return next
}

// voices are what the platform and the toolkit say of a fault that was injected within [low, high], up to the next fault.
func (t turns) voices(low, high, next float64) []Voice {
	var out, kit []Voice
	names := make([]string, 0, len(t.of))
	for name := range t.of {
		names = append(names, name)
	}
	slices.Sort(names)
	watched := false
	noticed := map[string]int{}
	for _, name := range names {
		m := witness.FindStringSubmatch(name)
		if m[2] != "" {
			out = append(out, t.claim(name, m[1], low, high, next))
			continue
		}
		watched = true
		v, ok := t.inferred(name, m[1], m[3], low, high, next)
		if !ok {
			continue
		}
		// A takeover that is done says more than that the other side is believed down.
		if i, there := noticed[m[1]]; !there {
			noticed[m[1]] = len(kit)
			kit = append(kit, v)
		} else if m[3] == "takeover" {
			kit[i] = v
		}
	}
	if watched && len(kit) == 0 {
		kit = []Voice{{Who: toolkit, Basis: "no side believed the other down", State: undisturbed}}
	}
	return append(out, kit...)
}

// claim is what the platform says of a job: when it calls it healthy again, after it did not.
func (t turns) claim(name, target string, low, high, next float64) Voice {
	v := Voice{Who: platform, Target: target, Basis: name, State: undisturbed}
	for i, c := range t.of[name] {
		ill := i > 0 && c.value != "healthy"
		if v.State == undisturbed && ill && c.high > low && c.low < next {
			v.State, v.After = never, &Bounds{max(0, c.low-high), nil}
		}
		if v.State == never && c.value == "healthy" && c.high > low {
			v.State, v.After = recovered, after(c, low, high)
			break
		}
	}
	return v
}

// inferred is what the toolkit at one side is taken to have noticed.
func (t turns) inferred(name, target, what string, low, high, next float64) (Voice, bool) {
	want := map[string]string{"remote": "down", "takeover": "done"}[what]
	for i, c := range t.of[name] {
		if i > 0 && c.value == want && c.high > low && c.low < next {
			return Voice{Who: toolkit, Target: target, Basis: name + " is " + want, State: recovered, After: after(c, low, high)}, true
		}
	}
	return Voice{}, false
}

// after is an instant as a time since an injection.
func after(c turn, low, high float64) *Bounds {
	until := c.high - low
	return &Bounds{max(0, c.low-high), &until}
}

// agree reports whether two accounts can both be true: their intervals meet, and neither says never where the other does not.
// Who was not disturbed was well at once.
func agree(a, b Voice) bool {
	if (a.State == never) != (b.State == never) {
		return false
	}
	span := func(v Voice) (low, high float64) {
		if v.After == nil {
			return 0, 0
		}
		return v.After.Low, highOf(v.After)
	}
	aLow, aHigh := span(a)
	bLow, bHigh := span(b)
	return aLow <= bHigh && bLow <= aHigh
}

// words say what a voice says.
func (v Voice) words() string {
	switch {
	case v.State == undisturbed && v.Who == toolkit:
		return "noticed nothing"
	case v.State == undisturbed:
		return "well all the time"
	case v.State == never:
		return "not by the end, more than " + atLeast(v.After.Low)
	}
	return sharp(v.After)
}

// name says whose voice it is.
func (v Voice) name() string {
	if v.Target == "" {
		return "the " + v.Who
	}
	return fmt.Sprintf("the %s at %s", v.Who, v.Target)
}

// Line is an account in one line, for terminals.
func (a Account) Line() string {
	parts := make([]string, len(a.Voices))
	for i, v := range a.Voices {
		parts[i] = strings.TrimPrefix(v.name(), "the ") + " " + v.words()
		if v.Agrees != nil && !*v.Agrees {
			parts[i] += " (disagrees)"
		}
	}
	return fmt.Sprintf("Recovery from %s: %s", a.Fault, strings.Join(parts, "; "))
}

type accountRow struct {
	Fault, Probe string
	Voices       []voiceRow
}

type voiceRow struct{ Name, Basis, Words, Agrees, Tone string }

func (a Account) row() accountRow {
	out := accountRow{Fault: a.Fault, Probe: a.Probe}
	for _, v := range a.Voices {
		r := voiceRow{Name: v.name(), Basis: v.Basis, Words: v.words(), Tone: "none"}
		switch {
		case v.Agrees == nil:
		case *v.Agrees:
			r.Agrees, r.Tone = "agrees", "good"
		default:
			r.Agrees, r.Tone = "disagrees", "warn"
		}
		out.Voices = append(out.Voices, r)
	}
	return out
}

func (s Summary) markdownAccounts(b *strings.Builder) {
	for _, a := range s.Accounts {
		fmt.Fprintf(b, "| recovery from %s | after | with the client |\n| --- | --- | --- |\n", md(a.Fault))
		for _, v := range a.row().Voices {
			fmt.Fprintf(b, "| %s (`%s`) | %s | %s |\n", md(v.Name), code(v.Basis), v.Words, v.Agrees)
		}
		b.WriteString("\n")
	}
}
