package trace

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/xdc-project/xdc/lang/signal"
)

// linesFormat is the first format: JSON lines. It is still read, and exported to.
const linesFormat = "xdc.trace/1"

type signalLine struct {
	Signal int    `json:"signal"`
	Name   string `json:"name"`
	Kind   string `json:"kind"`
}

type eventLine struct {
	Event string  `json:"event"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// readLines reads a trace of the first format. A torn last line is left out.
func readLines(r io.Reader, sample func(signal.Sample), happened func(string, signal.Span)) error {
	d := &lineDecoder{sample: sample, happened: happened}
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

type lineDecoder struct {
	signals  []signalLine
	evidence map[int]string
	sample   func(signal.Sample)
	happened func(string, signal.Span)
	seq      uint64
}

func (d *lineDecoder) line(n int, b []byte) error {
	if n == 1 {
		var h struct {
			Format string `json:"format"`
		}
		if err := json.Unmarshal(b, &h); err != nil || h.Format != linesFormat {
			return fmt.Errorf("not a trace of format %s", linesFormat)
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

func (d *lineDecoder) row(b []byte) error {
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
