package testfile

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/signal"
)

// Parse reads a test file. Every mistake is found at once, up to a hundred; the file has what could be read.
func Parse(name string, src []byte) (*File, diag.List) {
	p := &parser{f: &File{Name: name, names: names{}}, paths: map[string]string{}, shared: Timeline{Events: map[string]signal.Span{}}}
	if len(src) > MaxFile {
		at := hcl.Range{Filename: name, Start: hcl.InitialPos, End: hcl.InitialPos}
		p.report(diag.TestTooLarge, at, "File too large", fmt.Sprintf("It has %d bytes; at most %d are read.", len(src), MaxFile))
		return p.f, p.found
	}
	offset, number := 0, 0
	for line := range bytes.Lines(src) {
		number++
		text := strings.TrimRight(string(line), "\r\n")
		p.at = place{file: name, line: number, offset: offset, text: text}
		offset += len(line)
		p.line()
		if len(p.found) >= maxFindings {
			break
		}
	}
	p.finish()
	return p.f, p.found
}

const maxFindings = 100

// parser reads a file line by line.
type parser struct {
	f      *File
	found  diag.List
	at     place
	paths  map[string]string // names as written to canonical ones; empty for what is none
	shared Timeline          // of the lines before the first test
	test   *Test
	cond   *Condition
	// counted against the bounds
	samples, checks int
	tooMany         bool
}

func (p *parser) report(code diag.Code, at hcl.Range, summary, detail string) {
	p.found = append(p.found, diag.Diagnostic{Severity: diag.Error, Code: code, Subject: &at, Summary: summary, Detail: detail})
}

func (p *parser) wrong(w word, format string, args ...any) {
	p.report(diag.TestSyntax, p.at.of(w), "Line not understood", fmt.Sprintf(format, args...))
}

// keywords are what lines begin with.
var keywords = map[string]func(*parser, []word){
	"signal": (*parser).signal, "event": (*parser).event, "at": (*parser).sampleAt, "every": (*parser).every, "begin": (*parser).bound, "end": (*parser).bound,
	"test": (*parser).begin, "condition": (*parser).condition, "verdict": (*parser).verdict, "true": (*parser).truth, "false": (*parser).truth,
	"unknown": (*parser).truth, "why": (*parser).why, "mistake": (*parser).mistake,
}

func (p *parser) line() {
	if len(p.at.text) > maxLine {
		p.report(diag.TestTooLarge, p.at.within(0, 20), "Line too long", fmt.Sprintf("It has %d bytes; at most %d are read.", len(p.at.text), maxLine))
		return
	}
	ws, whole := words(p.at.text)
	if len(ws) == 0 {
		return
	}
	first := ws[0]
	do := keywords[first.text]
	if do == nil {
		known := make([]string, 0, len(keywords))
		for k := range keywords {
			known = append(known, k)
		}
		slices.Sort(known)
		p.wrong(first, "%q begins no line. Lines begin with one of %s.%s", first.text, strings.Join(known, ", "), diag.Suggest(first.text, known))
		return
	}
	if !whole && first.text != "condition" && first.text != "test" {
		p.wrong(ws[len(ws)-1], "A quote or a bracket is opened here and not closed on this line.")
		return
	}
	do(p, ws)
}

// rest is the text of the line behind its first word.
func (p *parser) rest(ws []word) word {
	if len(ws) < 2 {
		return word{"", len(p.at.text)}
	}
	return word{strings.TrimRight(p.at.text[ws[1].at:], " \t"), ws[1].at}
}

func (p *parser) begin(ws []word) {
	title := p.rest(ws)
	if title.text == "" {
		p.wrong(ws[0], "A test has a name, as in `test a short blip is no takeover`.")
		return
	}
	if len(p.f.Tests) >= maxTests {
		p.large(ws[0], fmt.Sprintf("A file has at most %d tests.", maxTests))
		return
	}
	if i := slices.IndexFunc(p.f.Tests, func(t *Test) bool { return t.Name == title.text }); i >= 0 {
		p.report(diag.TestName, p.at.of(title), "Name used twice", fmt.Sprintf("The test in line %d has this name already.", p.f.Tests[i].Range.Start.Line))
	}
	p.close()
	line := Timeline{Samples: slices.Clone(p.shared.Samples), Events: map[string]signal.Span{}, Begin: p.shared.Begin, End: p.shared.End}
	maps.Copy(line.Events, p.shared.Events)
	p.test = &Test{Name: title.text, Range: p.at.of(title), Line: line, names: p.f.names}
	p.f.Tests = append(p.f.Tests, p.test)
	p.cond = nil
}

// close completes a test.
func (p *parser) close() {
	if p.test == nil {
		return
	}
	l := &p.test.Line
	slices.SortStableFunc(l.Samples, func(a, b signal.Sample) int { return int(min(max(a.High-b.High, -1), 1)) })
	last := l.Begin
	for i := range l.Samples {
		l.Samples[i].Seq = uint64(i)
		last = max(last, l.Samples[i].High)
	}
	for _, e := range l.Events {
		last = max(last, e.High)
	}
	if l.End == 0 {
		l.End = last
	}
	if len(p.test.Conditions) == 0 {
		p.report(diag.TestSyntax, p.test.Range, "Test without a condition", "Add a line `condition ...` and, below it, what is expected of it.")
	}
	for _, c := range p.test.Conditions {
		if len(c.Checks) == 0 {
			p.report(diag.TestSyntax, c.Range, "Nothing is expected of this condition", "Add a line such as `verdict true` or `false at 5s` below it.")
		}
	}
}

func (p *parser) finish() {
	p.close()
	p.test = nil
}

func (p *parser) condition(ws []word) {
	text := p.rest(ws)
	switch {
	case p.test == nil:
		p.wrong(ws[0], "A condition belongs to a test: begin one with `test NAME`.")
		p.cond = &Condition{} // what follows is not wrong for this reason
	case text.text == "":
		p.wrong(ws[0], "The condition is missing, as in `condition never dc1.job.orders.toolkit.split_brain`.")
	default:
		p.cond = &Condition{Text: text.text, Range: p.at.of(text)}
		p.test.Conditions = append(p.test.Conditions, p.cond)
	}
}

// check adds an expectation to the condition above.
func (p *parser) check(w word, c Check) {
	if p.cond == nil {
		p.wrong(w, "This says what is expected of a condition: it stands below a line `condition ...`.")
		return
	}
	if p.checks++; p.checks > maxChecks {
		p.large(w, fmt.Sprintf("A file has at most %d expectations.", maxChecks))
		return
	}
	c.Range = p.at.whole()
	p.cond.Checks = append(p.cond.Checks, c)
}

// large says once that a bound was reached.
func (p *parser) large(w word, detail string) {
	if !p.tooMany {
		p.tooMany = true
		p.report(diag.TestTooLarge, p.at.of(w), "File too large", detail)
	}
}

var truths = map[string]cond.Truth{"true": cond.True, "false": cond.False, "unknown": cond.Unknown}

// truth reads `true at 3s` and `true from 3s to 5s`.
func (p *parser) truth(ws []word) {
	c := Check{Kind: Instant, Want: truths[ws[0].text]}
	ok := false
	switch {
	case len(ws) == 3 && ws[1].text == "at":
		c.From, ok = p.instant(ws[2])
		c.To = c.From
	case len(ws) == 5 && ws[1].text == "from" && ws[3].text == "to":
		var ok1, ok2 bool
		c.From, ok1 = p.instant(ws[2])
		c.To, ok2 = p.instant(ws[4])
		if ok = ok1 && ok2; ok && c.To <= c.From {
			p.report(diag.TestValue, p.at.of(ws[4]), "Range ends before it begins", "The second instant has to be later than the first; for one instant write `at`.")
			return
		}
	default:
		p.wrong(ws[0], "Write `%s at 3s`, or `%s from 3s to 5s` (5s itself is left out).", ws[0].text, ws[0].text)
		return
	}
	if ok {
		p.check(ws[0], c)
	}
}

// verdict reads `verdict true` and `verdict false at 8s`.
func (p *parser) verdict(ws []word) {
	c := Check{Kind: Verdict}
	if len(ws) != 2 && (len(ws) != 4 || ws[2].text != "at") || truths[ws[1].text] == cond.Unknown && ws[1].text != "unknown" {
		p.wrong(ws[0], "Write `verdict true`, `verdict false` or `verdict unknown`, and behind it `at 8s` if the instant that decided matters.")
		return
	}
	c.Want = truths[ws[1].text]
	if len(ws) == 4 {
		var ok bool
		if c.At, ok = p.instant(ws[3]); !ok {
			return
		}
		c.HasAt = true
	}
	p.check(ws[0], c)
}

// why adds a part of the reason to the expectation above.
func (p *parser) why(ws []word) {
	text, ok := p.quoted(ws)
	switch {
	case !ok:
	case p.cond == nil || len(p.cond.Checks) == 0 || p.cond.Checks[len(p.cond.Checks)-1].Kind == Mistake:
		p.wrong(ws[0], "A reason stands below what it is the reason for: `verdict ...`, or `false at ...`.")
	default:
		p.cond.Checks[len(p.cond.Checks)-1].Why = text
	}
}

func (p *parser) mistake(ws []word) {
	if text, ok := p.quoted(ws); ok {
		p.check(ws[0], Check{Kind: Mistake, Why: text})
	}
}

// bound reads `begin 2s` and `end 20s`.
func (p *parser) bound(ws []word) {
	if len(ws) != 2 {
		p.wrong(ws[0], "Write `%s 20s`.", ws[0].text)
		return
	}
	d, ok := p.instant(ws[1])
	if !ok {
		return
	}
	l := p.timeline()
	if ws[0].text == "begin" {
		l.Begin = d
	} else {
		l.End = d
	}
}

// timeline is the one that lines add to.
func (p *parser) timeline() *Timeline {
	if p.test != nil {
		return &p.test.Line
	}
	return &p.shared
}

func (p *parser) instant(w word) (time.Duration, bool) {
	d, err := time.ParseDuration(w.text)
	if err != nil || d < 0 || d > maxTime {
		p.report(diag.TestValue, p.at.of(w), "Not an instant", "Instants are counted from the start of the run and written like 250ms, 10s or 1m30s; a run is shorter than a year.")
		return 0, false
	}
	return d, true
}
