package report

import (
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/xdc-project/xdc/engine/event"
)

type junitSuites struct {
	XMLName  xml.Name   `xml:"testsuites"`
	Name     string     `xml:"name,attr"`
	Tests    int        `xml:"tests,attr"`
	Failures int        `xml:"failures,attr"`
	Errors   int        `xml:"errors,attr"`
	Skipped  int        `xml:"skipped,attr"`
	Time     string     `xml:"time,attr"`
	Suite    junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name       string          `xml:"name,attr"`
	Tests      int             `xml:"tests,attr"`
	Failures   int             `xml:"failures,attr"`
	Errors     int             `xml:"errors,attr"`
	Skipped    int             `xml:"skipped,attr"`
	Time       string          `xml:"time,attr"`
	Timestamp  string          `xml:"timestamp,attr"`
	Properties []junitProperty `xml:"properties>property"`
	Cases      []junitCase     `xml:"testcase"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitCase struct {
	Name      string        `xml:"name,attr"`
	Classname string        `xml:"classname,attr"`
	File      string        `xml:"file,attr,omitempty"`
	Line      int           `xml:"line,attr,omitempty"`
	Time      string        `xml:"time,attr"`
	Failure   *junitProblem `xml:"failure,omitempty"`
	Error     *junitProblem `xml:"error,omitempty"`
	Skipped   *junitProblem `xml:"skipped,omitempty"`
	Output    string        `xml:"system-out,omitempty"`
}

type junitProblem struct {
	Type    string `xml:"type,attr,omitempty"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// JUnit is junit.xml: one suite for the plan, one case for every expectation and for every step that failed, and
// one for the run itself when it failed for another reason. A `should` that was not met is a skipped case, so that
// it is seen and fails nothing.
func JUnit(s Summary) ([]byte, error) {
	suite := junitSuite{
		Name: clean(s.Run.Plan), Time: decimal(s.Run.Elapsed), Timestamp: s.Run.Started.UTC().Format("2006-01-02T15:04:05"),
		Properties: s.properties(),
	}
	for _, e := range s.Expects {
		suite.add(e.junit(s.Run.Plan))
	}
	for _, st := range s.Steps {
		if st.State == event.Failed {
			suite.add(st.junit(s.Run.Plan))
		}
	}
	if failing := s.Verdict.Code == nil || *s.Verdict.Code != 0; failing && suite.Failures+suite.Errors == 0 || s.Verdict.Word == NotHealed {
		suite.add(junitCase{
			Name: "run", Classname: clean(s.Run.Plan), Time: decimal(s.Run.Elapsed),
			Error: &junitProblem{Type: s.Verdict.Word, Message: clean(s.Verdict.Headline), Text: clean(s.Verdict.Reason)},
		})
	}
	all := junitSuites{
		Name: "xdc", Tests: suite.Tests, Failures: suite.Failures, Errors: suite.Errors, Skipped: suite.Skipped,
		Time: suite.Time, Suite: suite,
	}
	b, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the report as JUnit XML: %w", err)
	}
	return append([]byte(xml.Header), append(b, '\n')...), nil
}

func (u *junitSuite) add(c junitCase) {
	u.Tests++
	switch {
	case c.Failure != nil:
		u.Failures++
	case c.Error != nil:
		u.Errors++
	case c.Skipped != nil:
		u.Skipped++
	}
	u.Cases = append(u.Cases, c)
}

func (e Expect) junit(plan string) junitCase {
	c := junitCase{
		Name: clean(e.Step), Classname: clean(plan), File: clean(e.File), Line: e.Line, Time: decimal(0),
		Output: clean(e.Text),
	}
	p := &junitProblem{Type: string(e.Verdict), Message: clean(e.short()), Text: clean(e.long())}
	switch {
	case e.Verdict == event.Met:
	case e.Verdict == event.NotJudged:
		c.Skipped = &junitProblem{Message: clean("skipped: " + e.Why)}
	case e.Severity == "should":
		c.Skipped = &junitProblem{Message: clean("should: " + e.short())}
	default:
		c.Failure = p
	}
	return c
}

// short says in a line why an expectation is not met.
func (e Expect) short() string {
	out := string(e.Verdict)
	if e.Message != "" {
		out += ": " + e.Message
	}
	if e.Why != "" {
		out += ": " + e.Why
	}
	return out
}

// long adds the condition and the values.
func (e Expect) long() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", e.Text)
	for _, v := range e.Values {
		fmt.Fprintf(&b, "  %s = %s\n", v.Name, v.Text)
	}
	if e.Why != "" {
		fmt.Fprintf(&b, "%s\n", e.Why)
	}
	if e.Basis != "" {
		fmt.Fprintf(&b, "%s\n", e.Basis)
	}
	if e.File != "" {
		fmt.Fprintf(&b, "at %s:%d\n", e.File, e.Line)
	}
	return b.String()
}

func (st Step) junit(plan string) junitCase {
	c := junitCase{Name: clean(st.Step), Classname: clean(plan), File: clean(st.File), Line: st.Line, Time: decimal(0)}
	if st.Start != nil && st.End != nil {
		c.Time = decimal(*st.End - *st.Start)
	}
	p := &junitProblem{Type: "failed", Message: clean(st.Reason), Text: clean(st.Summary)}
	if st.Finding {
		p.Type = "finding"
		c.Failure = p
	} else {
		c.Error = p
	}
	return c
}

func (s Summary) properties() []junitProperty {
	code := ""
	if s.Verdict.Code != nil {
		code = strconv.Itoa(*s.Verdict.Code)
	}
	out := []junitProperty{
		{"xdc.run", s.Run.ID},
		{"xdc.mode", s.Run.Mode},
		{"xdc.version", s.Run.Version},
		{"xdc.digest", s.Run.Digest},
		{"xdc.seed", strconv.FormatUint(s.Run.Seed, 10)},
		{"xdc.verdict", s.Verdict.Word},
		{"xdc.code", code},
	}
	for _, r := range s.Recoveries {
		out = append(out, junitProperty{r.Step + ".rto_low", decimal(r.RTOLow)})
		if r.RTOHigh != nil {
			out = append(out, junitProperty{r.Step + ".rto_high", decimal(*r.RTOHigh)})
		}
	}
	for _, a := range s.Audits {
		out = append(out, junitProperty{a.Step + ".lost", strconv.FormatInt(a.Total.Lost, 10)})
	}
	for _, p := range s.Probes {
		out = append(out, p.junit()...)
	}
	for i := range out {
		out[i].Name, out[i].Value = clean(out[i].Name), clean(out[i].Value)
	}
	return out
}

// junit are the figures of a probe.
func (p Probe) junit() []junitProperty {
	var out []junitProperty
	for _, q := range []string{"rto", "outage", "service_level"} {
		b := p.bounds(q)
		if b == nil {
			continue
		}
		out = append(out, junitProperty{p.Step + "." + q + "_low", decimal(b.Low)})
		if b.High != nil {
			out = append(out, junitProperty{p.Step + "." + q + "_high", decimal(*b.High)})
		}
	}
	return out
}

func decimal(f float64) string { return strconv.FormatFloat(f, 'f', 3, 64) }

// clean takes out what XML 1.0 cannot hold: control characters and broken UTF-8.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r < 0x20 || r == 0x7f || r == utf8.RuneError || r == 0xfffe || r == 0xffff:
			return '�'
		}
		return r
	}, s)
}
