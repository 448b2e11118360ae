package trace

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"time"

	"github.com/xdc-project/xdc/lang/signal"
)

// Format is the format word in the first line of a trace.
const Format = "xdc.trace/1"

// FileName is the trace's name in a run's folder.
const FileName = "trace.jsonl"

// Writer writes a trace as JSON lines: a header, then objects that name a signal once
// (`{"signal":3,"name":"dc1.reachable","kind":"bool"}`), samples as arrays
// `[signal, low, high, valid_for, value, low bound, high bound]` in seconds, evidence as
// `{"evidence":"...","signal":3}` when it changes, and events `{"event":"...","low":..,"high":..}`.
// It is not safe for concurrent use. The first error sticks.
type Writer struct {
	// Redact, if set, takes secrets out of evidence before it is written.
	Redact func(string) string

	w   *bufio.Writer
	f   io.Closer
	ids map[string]int
	ev  map[string]string
	n   int
	err error
}

// Create starts a trace file.
func Create(name string) (*Writer, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create the trace: %w", err)
	}
	w := NewWriter(f)
	w.f = f
	return w, nil
}

// NewWriter writes a trace to w.
func NewWriter(w io.Writer) *Writer {
	t := &Writer{w: bufio.NewWriterSize(w, 64<<10), ids: map[string]int{}, ev: map[string]string{}}
	t.put(map[string]string{"format": Format})
	return t
}

func (t *Writer) put(v any) {
	if t.err != nil {
		return
	}
	b, err := json.Marshal(v)
	if err == nil {
		_, err = t.w.Write(append(b, '\n'))
	}
	t.err = err
}

type signalLine struct {
	Signal int    `json:"signal"`
	Name   string `json:"name"`
	Kind   string `json:"kind"`
}

type evidenceLine struct {
	Evidence string `json:"evidence"`
	Signal   int    `json:"signal"`
}

type eventLine struct {
	Event string  `json:"event"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// Sample writes one sample.
func (t *Writer) Sample(s signal.Sample) error {
	key := s.Signal + "\x00" + s.Value.Kind.String()
	id, ok := t.ids[key]
	if !ok {
		t.n++
		id = t.n
		t.ids[key] = id
		t.put(signalLine{id, s.Signal, s.Value.Kind.String()})
	}
	if s.Evidence != t.ev[key] {
		t.ev[key] = s.Evidence
		text := s.Evidence
		if t.Redact != nil {
			text = t.Redact(text)
		}
		t.put(evidenceLine{text, id})
	}
	row := []any{id, seconds(s.Low), seconds(s.High), seconds(s.ValidFor)}
	switch {
	case s.Value.Kind == signal.Bool:
		row = append(row, s.Value.Bool)
	case s.Value.Kind.Numeric():
		row = append(row, finite(s.Value.Num))
		if s.Value.Low != s.Value.High {
			row = append(row, finite(s.Value.Low), finite(s.Value.High))
		}
	default:
		row = append(row, s.Value.Text)
	}
	t.put(row)
	return t.err
}

// Happened writes one event.
func (t *Writer) Happened(name string, span signal.Span) error {
	t.put(eventLine{name, seconds(span.Low), seconds(span.High)})
	return t.err
}

// Flush writes what is held back.
func (t *Writer) Flush() error {
	if t.err == nil {
		t.err = t.w.Flush()
	}
	return t.err
}

// Close flushes and closes, and returns the first error of all.
func (t *Writer) Close() error {
	err := t.Flush()
	if t.f != nil {
		if cerr := t.f.Close(); err == nil {
			err = cerr
		}
	}
	if err != nil {
		return fmt.Errorf("write the trace: %w", err)
	}
	return nil
}

func seconds(d time.Duration) float64 { return d.Seconds() }

// finite is nil for what JSON cannot hold; readers take it for +Inf.
func finite(f float64) any {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return nil
	}
	return f
}

// ReadFile reads a trace into yield functions; either may be nil. A torn last line is left out.
func ReadFile(name string, sample func(signal.Sample), happened func(string, signal.Span)) error {
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("read the trace: %w", err)
	}
	defer f.Close()
	if err := Read(f, sample, happened); err != nil {
		return fmt.Errorf("read the trace %s: %w", name, err)
	}
	return nil
}

// Read reads a trace. See ReadFile.
func Read(r io.Reader, sample func(signal.Sample), happened func(string, signal.Span)) error {
	d := &decoder{sample: sample, happened: happened}
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 64<<10), 4<<20)
	var pending error
	for n := 1; sc.Scan(); n++ {
		if pending != nil {
			return pending
		}
		if err := d.line(n, sc.Bytes()); err != nil {
			if n == 1 {
				return err
			}
			pending = fmt.Errorf("line %d: %w", n, err)
		}
	}
	return sc.Err()
}

type decoder struct {
	signals  []signalLine
	evidence map[int]string
	sample   func(signal.Sample)
	happened func(string, signal.Span)
	seq      uint64
}

func (d *decoder) line(n int, b []byte) error {
	if n == 1 {
		var h struct {
			Format string `json:"format"`
		}
		if err := json.Unmarshal(b, &h); err != nil || h.Format != Format {
			return fmt.Errorf("not a trace of format %s", Format)
		}
		return nil
	}
	if len(b) > 0 && b[0] == '[' {
		return d.row(b)
	}
	var o struct {
		signalLine
		Evidence *string `json:"evidence"`
		eventLine
	}
	if err := json.Unmarshal(b, &o); err != nil {
		return err
	}
	switch {
	case o.Event != "":
		if d.happened != nil {
			d.happened(o.Event, signal.Span{Low: duration(o.Low), High: duration(o.High)})
		}
	case o.Evidence != nil:
		if d.evidence == nil {
			d.evidence = map[int]string{}
		}
		d.evidence[o.Signal] = *o.Evidence
	case o.Signal == len(d.signals)+1:
		d.signals = append(d.signals, o.signalLine)
	default:
		return errors.New("a line of no known form")
	}
	return nil
}

func (d *decoder) row(b []byte) error {
	var row []json.RawMessage
	if err := json.Unmarshal(b, &row); err != nil {
		return err
	}
	if len(row) < 5 {
		return errors.New("a sample with too few members")
	}
	var id int
	var low, high, valid float64
	for i, to := range []any{&id, &low, &high, &valid} {
		if err := json.Unmarshal(row[i], to); err != nil {
			return err
		}
	}
	if id < 1 || id > len(d.signals) {
		return fmt.Errorf("signal %d was not named before", id)
	}
	v, err := value(d.signals[id-1].Kind, row[4:])
	if err != nil {
		return err
	}
	d.seq++
	if d.sample != nil {
		d.sample(signal.Sample{
			Signal: d.signals[id-1].Name, Value: v, Low: duration(low), High: duration(high),
			ValidFor: duration(valid), Seq: d.seq, Evidence: d.evidence[id],
		})
	}
	return nil
}

func value(kind string, cells []json.RawMessage) (signal.Value, error) {
	var head, low, high any
	for i, to := range []*any{&head, &low, &high} {
		if i < len(cells) {
			if err := json.Unmarshal(cells[i], to); err != nil {
				return signal.Value{}, err
			}
		}
	}
	num := func(v any) float64 {
		if f, ok := v.(float64); ok {
			return f
		}
		return math.Inf(1)
	}
	k, ok := signal.KindOf(kind)
	if !ok {
		return signal.Value{}, fmt.Errorf("value of unknown kind %q", kind)
	}
	v := signal.Value{Kind: k}
	switch {
	case k == signal.Bool:
		v.Bool, _ = head.(bool)
	case k.Numeric():
		v.Num = num(head)
		v.Low, v.High = v.Num, v.Num
		if len(cells) == 3 {
			v.Low, v.High = num(low), num(high)
		}
	default:
		v.Text, _ = head.(string)
	}
	return v, nil
}

func duration(s float64) time.Duration { return time.Duration(math.Round(s * float64(time.Second))) }
