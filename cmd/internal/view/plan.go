package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/xdc-project/xdc/engine/plan"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/providers"
)

// Plan prints what a plan would do and how it would be undone.
func Plan(w io.Writer, p *plan.Plan, st Style) error {
	v := &planView{st: st}
	v.head(p)
	for i, s := range p.Steps {
		v.step(i+1, s)
	}
	v.guards(p)
	v.blast(p)
	v.critical(p)
	v.predictions(p)
	v.warnings(p)
	v.summary(p)
	_, err := io.WriteString(w, v.b.String())
	return err
}

type planView struct {
	b  strings.Builder
	st Style
}

func (v *planView) line(format string, args ...any) { fmt.Fprintf(&v.b, format+"\n", args...) }

// text prints wrapped text behind a label; the lines after the first are indented to the first.
func (v *planView) text(indent int, label, s string) {
	lead := strings.Repeat(" ", indent)
	hang := strings.Repeat(" ", len([]rune(label)))
	for i, l := range wrap(s, v.st.Width-indent-len(hang)) {
		if i == 0 {
			v.line("%s%s%s", lead, v.st.ink(faint, label), l)
		} else {
			v.line("%s%s%s", lead, hang, l)
		}
	}
}

func (v *planView) head(p *plan.Plan) {
	v.line("%s", v.st.ink(bold, "Plan "+Clean(p.Name)))
	if p.Description != "" {
		v.text(2, "", p.Description)
	}
	v.line("")
	v.line("In this order (+ submits, > sends, < reads, o probes, ! breaks, ~ does, ? waits, = judges); nothing has been touched:")
	v.line("")
}

var marks = map[string]struct {
	mark string
	ink  paint
}{
	"job": {"+", green}, "seed": {">", cyan}, "audit": {"<", cyan}, "probe": {"o", cyan}, "fault": {"!", red}, "action": {"~", yellow},
	"wait": {"?", blue}, "expect": {"=", blue},
}

func (v *planView) step(n int, s *plan.Step) {
	m := marks[s.Kind]
	v.line("%3d %s %s  %s", n, v.st.ink(m.ink, m.mark), v.st.ink(bold, Clean(s.Address)), v.st.ink(faint, window(s.Expected)))
	const in = 8
	if s.Description.Summary != "" && s.Kind != "wait" && s.Kind != "expect" { // theirs follows as conditions
		v.text(in, "", s.Description.Summary)
	}
	if s.Step != nil {
		v.conditions(s, in)
	}
	for _, l := range s.Description.Effects {
		v.text(in, "do     ", placed(l))
	}
	for _, l := range s.Description.Undo {
		v.text(in, "undo   ", placed(l))
	}
	for _, l := range s.Description.Reboot {
		v.text(in, "reboot ", placed(l))
	}
	if len(s.Description.Undo) == 0 && s.Description.SideEffects && (s.Kind == "action" || s.Kind == "job") {
		v.line("%s%s%s", strings.Repeat(" ", in), v.st.ink(faint, "undo   "), v.st.ink(yellow, "cannot be undone"))
	}
	if s.Held != "" {
		v.text(in, "held   ", strings.TrimPrefix(s.Held, "held "))
	}
	if s.Description.CutsManagement {
		v.text(in, "note   ", "this cuts xdc's own path to the place: the host's own timer heals; there is no renewal, and the lease is the whole duration")
	}
	if s.Step != nil {
		v.needs(s, in)
	}
	for _, u := range s.Unknown {
		v.text(in, "", u+" = (known after run)")
	}
	if s.Unseen != "" && s.Unseen != s.Skip {
		v.text(in, "skip   ", "a run with --on does not perform it: "+s.Unseen)
	}
	if s.Skip != "" {
		v.text(in, "skip   ", "a rehearsal does not perform it: "+s.Skip)
	}
	v.line("")
}

func placed(l providers.Line) string {
	if l.Place == "" {
		return l.Text
	}
	return l.Place + ": " + l.Text
}

// conditions prints what a step waits for, holds or judges.
func (v *planView) conditions(s *plan.Step, in int) {
	if s.When != nil {
		v.text(in, "when   ", s.When.Text)
	}
	if s.Delay > 0 {
		v.text(in, "delay  ", s.Delay.String())
	}
	switch {
	case s.Wait != nil:
		if s.Wait.Since != nil {
			v.text(in, "since  ", s.Wait.Since.Path())
		}
		if s.Wait.Until != nil {
			v.text(in, "until  ", fmt.Sprintf("%s (for %s, within %s)", s.Wait.Until.Text, s.Wait.Hold, s.Timeout))
		}
	case s.Expect != nil:
		text := s.Expect.Condition
		if s.Expect.That != nil {
			text = s.Expect.That.Text
		}
		v.text(in, pad(s.Expect.Severity, 7), text)
	case s.Action != nil && s.Action.Approve != nil:
		v.text(in, "asks   ", s.Action.Approve.Prompt)
	}
}

func (v *planView) needs(s *plan.Step, in int) {
	var parts []string
	for _, n := range s.Needs {
		if n.Order {
			continue
		}
		text := n.Step.String()
		if n.Point != program.DefaultPoint(n.Step.Kind) {
			text += " " + string(n.Point)
		}
		parts = append(parts, text)
	}
	if len(parts) > 0 {
		v.text(in, "needs  ", strings.Join(parts, ", "))
	}
}

// window prints when a step is expected to run.
func window(w plan.Window) string {
	out := "from " + clock(w.Start)
	if w.End != nil {
		out += " to " + clock(*w.End)
	}
	if w.Latest != nil {
		out += ", at the latest " + clock(*w.Latest)
	}
	return out
}

func clock(s float64) string { return signal.Seconds(s) }

func (v *planView) guards(p *plan.Plan) {
	for _, g := range p.Guards {
		v.line("  %s %s", v.st.ink(yellow, "guard"), v.st.ink(bold, Clean(g.Address)))
		if g.Guard != nil && g.That != nil {
			v.text(8, "that   ", g.That.Text)
		}
		v.text(8, "", "The run is aborted and everything healed as soon as this is false.")
		v.line("")
	}
}

func (v *planView) blast(p *plan.Plan) {
	b := p.Blast
	v.line("%s", v.st.ink(bold, "Blast radius"))
	for _, row := range []struct {
		name string
		all  []string
	}{{"targets", b.Targets}, {"hosts", b.Hosts}, {"networks", b.Networks}, {"jobs", b.Jobs}} {
		if len(row.all) > 0 {
			v.text(2, pad(row.name, 10), strings.Join(row.all, ", "))
		}
	}
	if len(b.Targets)+len(b.Hosts)+len(b.Networks)+len(b.Jobs) == 0 {
		v.text(2, "", "nothing: this plan only looks")
	}
	for _, t := range b.Protected {
		v.line("  %s %s is protected: apply needs --confirm %s", v.st.ink(red, "protected"), Clean(t), Clean(t))
	}
	v.line("")
}

func (v *planView) critical(p *plan.Plan) {
	if len(p.Critical) == 0 {
		return
	}
	v.line("%s  %s", v.st.ink(bold, "Critical path"), v.st.ink(faint, window(p.Expected)))
	v.text(2, "", strings.Join(p.Critical, " -> "))
	v.line("")
}

var quantities = map[string]string{"detection": "detects the loss", "takeover": "has taken over", "loss_window": "may lose changes up to this old"}

func (v *planView) predictions(p *plan.Plan) {
	if len(p.Predicted) == 0 {
		return
	}
	v.line("%s %s", v.st.ink(bold, "Predicted"), v.st.ink(faint, "from what the plan says about the application"))
	for _, x := range p.Predicted {
		what := quantities[x.Quantity]
		if what == "" {
			what = Clean(x.Quantity)
		}
		figure := clock(x.Low) + " to " + clock(x.High)
		switch {
		case !x.Possible:
			figure = "not while the fault lasts"
		case !x.Sure && x.Quantity != "loss_window":
			figure += ", if at all"
		}
		v.line("  %s: %s %s: %s", Clean(x.Fault), v.st.ink(bold, Clean(x.Target)), what, v.st.ink(cyan, figure))
		v.text(6, "", x.Words)
	}
	v.line("")
}

func (v *planView) warnings(p *plan.Plan) {
	for _, x := range p.Warnings {
		head := "Warning " + string(x.Code)
		if x.File != "" {
			head += fmt.Sprintf(" %s:%d", Clean(x.File), x.Line)
		}
		v.line("%s", v.st.ink(yellow, head))
		v.text(2, "", strings.TrimSpace(x.Address+" "+x.Summary)+".")
		if x.Detail != "" {
			v.text(2, "", x.Detail)
		}
		v.line("")
	}
}

// summary counts what the plan has, in one line.
func (v *planView) summary(p *plan.Plan) {
	counts := map[string]int{}
	should := 0
	for _, s := range p.Steps {
		counts[s.Kind]++
		if s.Step != nil && s.Expect != nil && s.Expect.Severity == "should" {
			should++
		}
	}
	var parts []string
	for _, k := range []string{"job", "seed", "audit", "probe", "fault", "action", "wait", "expect"} {
		if counts[k] == 0 {
			continue
		}
		name := k
		if k == "expect" {
			name = "expectation"
		}
		parts = append(parts, plural(counts[k], name))
	}
	if should > 0 {
		parts[len(parts)-1] += fmt.Sprintf(" (%d of them “should”)", should)
	}
	if len(parts) == 0 {
		parts = []string{"no steps"}
	}
	if len(p.Secrets) > 0 {
		v.text(0, "", "A run will need a value for: "+strings.Join(p.Secrets, ", ")+".")
	}
	takes := ""
	if p.Expected.End != nil {
		takes = " Expected to take " + clock(*p.Expected.End) + ", at most " + p.Timeout.String() + " and the healing."
	}
	v.text(0, "", fmt.Sprintf("Plan: %s.%s", strings.Join(parts, ", "), takes))
	if len(p.Warnings) > 0 {
		v.line("%s", v.st.ink(yellow, plural(len(p.Warnings), "warning")+", above."))
	}
}
