package trace

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/xdc-project/xdc/lang/signal"
)

// Formats are what a trace can be exported to.
var Formats = []string{"jsonl", "csv", "openmetrics"}

// Source reads a trace, as ReadFile does.
type Source func(sample func(signal.Sample), happened func(string, signal.Span)) error

// Export writes a trace in another format, one sample at a time. start is the wall-clock time at which the run began;
// openmetrics needs it. Only signals that keep returns true for are written; nil keeps all. Events are in jsonl alone.
func Export(w io.Writer, format string, src Source, start time.Time, keep func(name string) bool) error {
	out := bufio.NewWriterSize(w, 64<<10)
	e := &exporter{w: out, start: start}
	var sample func(signal.Sample) error
	happened := func(string, signal.Span) error { return nil }
	end := func() error { return nil }
	switch format {
	case "jsonl":
		sample, happened = e.jsonSample, e.jsonEvent
	case "csv":
		c := csv.NewWriter(out)
		if err := c.Write([]string{"signal", "kind", "low", "high", "valid_for", "value", "value_low", "value_high", "evidence", "strength"}); err != nil {
			return err
		}
		sample = func(s signal.Sample) error { return c.Write(cells(s)) }
		end = func() error { c.Flush(); return c.Error() }
	case "openmetrics":
		sample = e.metric
		end = func() error { _, err := io.WriteString(out, "# EOF\n"); return err }
	default:
		return fmt.Errorf("a trace cannot be exported to %q: choose one of %s", format, strings.Join(Formats, ", "))
	}
	var failed error
	note := func(err error) {
		if failed == nil {
			failed = err
		}
	}
	damage := src(func(s signal.Sample) {
		if failed == nil && (keep == nil || keep(s.Signal)) {
			note(sample(s))
		}
	}, func(name string, span signal.Span) {
		if failed == nil && (keep == nil || keep(name)) {
			note(happened(name, span))
		}
	})
	note(end())
	note(out.Flush())
	if failed != nil {
		return fmt.Errorf("export the trace: %w", failed)
	}
	return damage // what could be read was written
}

type exporter struct {
	w     *bufio.Writer
	start time.Time
	typed map[string]bool
}

type sampleJSON struct {
	Signal    string   `json:"signal"`
	Kind      string   `json:"kind"`
	Low       float64  `json:"low"`
	High      float64  `json:"high"`
	ValidFor  float64  `json:"valid_for,omitempty"`
	Value     any      `json:"value"`
	ValueLow  *float64 `json:"value_low,omitempty"`
	ValueHigh *float64 `json:"value_high,omitempty"`
	Evidence  string   `json:"evidence,omitempty"`
	Strength  string   `json:"strength,omitempty"`
}

type eventJSON struct {
	Event string  `json:"event"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

func (e *exporter) line(v any) error {
	b, err := json.Marshal(v)
	if err == nil {
		_, err = e.w.Write(append(b, '\n'))
	}
	return err
}

func (e *exporter) jsonSample(s signal.Sample) error {
	out := sampleJSON{Signal: s.Signal, Kind: s.Value.Kind.String(), Low: s.Low.Seconds(), High: s.High.Seconds(), ValidFor: s.ValidFor.Seconds(), Evidence: s.Evidence, Strength: string(s.Strength)}
	switch v := s.Value; {
	case v.Kind == signal.Bool:
		out.Value = v.Bool
	case v.Kind.Numeric():
		out.Value = finite(v.Num)
		if v.Low != v.High {
			out.ValueLow, out.ValueHigh = finite(v.Low), finite(v.High)
		}
	default:
		out.Value = v.Text
	}
	return e.line(out)
}

func (e *exporter) jsonEvent(name string, s signal.Span) error {
	return e.line(eventJSON{name, s.Low.Seconds(), s.High.Seconds()})
}

// finite is nil for what JSON cannot hold: unbounded.
func finite(f float64) *float64 {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return nil
	}
	return &f
}

func number(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

func cells(s signal.Sample) []string {
	row := []string{s.Signal, s.Value.Kind.String(), number(s.Low.Seconds()), number(s.High.Seconds()), number(s.ValidFor.Seconds()), "", "", "", s.Evidence, string(s.Strength)}
	switch v := s.Value; {
	case v.Kind == signal.Bool:
		row[5] = strconv.FormatBool(v.Bool)
	case v.Kind.Numeric():
		row[5] = number(v.Num)
		if v.Low != v.High {
			row[6], row[7] = number(v.Low), number(v.High)
		}
	default:
		row[5] = v.Text
	}
	// A spreadsheet must not take a text for a formula.
	for _, i := range []int{5, 8} {
		if row[i] != "" && strings.ContainsRune("=+-@\t\r", rune(row[i][0])) && (i == 8 || !s.Value.Kind.Numeric()) {
			row[i] = "'" + row[i]
		}
	}
	return row
}

// metric writes a sample as OpenMetrics: xdc_signal with the name as a label, at the latest possible instant. Words and
// truths are 1 with the value as a label.
func (e *exporter) metric(s signal.Sample) error {
	labels, value := "", s.Value.Num
	switch {
	case s.Value.Kind == signal.Bool:
		value = 0
		if s.Value.Bool {
			value = 1
		}
	case !s.Value.Kind.Numeric():
		labels, value = fmt.Sprintf(",value=\"%s\"", label(s.Value.Text)), 1
	}
	if e.typed == nil {
		e.typed = map[string]bool{}
		if _, err := io.WriteString(e.w, "# TYPE xdc_signal gauge\n# HELP xdc_signal What a run of xdc saw.\n"); err != nil {
			return err
		}
	}
	at := float64(e.start.Add(s.High).UnixMilli()) / 1000
	_, err := fmt.Fprintf(e.w, "xdc_signal{signal=\"%s\"%s} %s %s\n", label(s.Signal), labels, openMetric(value), strconv.FormatFloat(at, 'f', 3, 64))
	return err
}

func openMetric(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "+Inf"
	case math.IsInf(f, -1):
		return "-Inf"
	}
	return number(f)
}

func label(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(strings.ToValidUTF8(s, "\uFFFD"))
}
