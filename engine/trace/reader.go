package trace

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/xdc-project/xdc/lang/signal"
)

// Visitor is told what a trace has, in order. Each function may be nil.
type Visitor struct {
	Sample   func(signal.Sample)
	Happened func(name string, span signal.Span)
	// Lost is told of a part that could not be read, before it is told of what comes after; see DamageError.
	Lost func(signal.Span)
}

// ReadFile reads a trace into yield functions; either may be nil. It reads while the trace is still written, as far as
// it is; a torn end is left out. Of a damaged trace everything is read that can be, and the error is a *DamageError. A trace
// of the first format is read in its place where there is no other.
func ReadFile(name string, sample func(signal.Sample), happened func(string, signal.Span)) error {
	return VisitFile(name, Visitor{Sample: sample, Happened: happened})
}

// VisitFile is ReadFile for those who want to know of losses where they are.
func VisitFile(name string, to Visitor) error {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		if old, bad := os.Open(filepath.Join(filepath.Dir(name), linesName)); bad == nil {
			f, err = old, nil
		}
	}
	if err != nil {
		return fmt.Errorf("read the trace: %w", err)
	}
	defer f.Close()
	if err := Visit(f, to); err != nil {
		return fmt.Errorf("read the trace %s: %w", name, err)
	}
	return nil
}

// maxHeader bounds the first line.
const maxHeader = 4096

// Read reads a trace of any format. See ReadFile.
func Read(r io.Reader, sample func(signal.Sample), happened func(string, signal.Span)) error {
	return Visit(r, Visitor{Sample: sample, Happened: happened})
}

// Visit is Read for those who want to know of losses where they are.
func Visit(r io.Reader, to Visitor) error {
	if to.Sample == nil {
		to.Sample = func(signal.Sample) {}
	}
	if to.Happened == nil {
		to.Happened = func(string, signal.Span) {}
	}
	if to.Lost == nil {
		to.Lost = func(signal.Span) {}
	}
	in := bufio.NewReaderSize(r, 64<<10)
	head, err := in.ReadSlice('\n')
	if err != nil && !errors.Is(err, io.EOF) || len(head) > maxHeader {
		return errors.New("not a trace of xdc")
	}
	var h struct {
		Format string `json:"format"`
	}
	if json.Unmarshal(head, &h) != nil {
		return errors.New("not a trace of xdc")
	}
	switch h.Format {
	case Format:
		return newDecoder(&window{in: in, at: int64(len(head))}, to).blocks()
	case linesFormat:
		return readLines(io.MultiReader(bytes.NewReader(bytes.Clone(head)), in), to.Sample, to.Happened)
	}
	var major int
	if n, _ := fmt.Sscanf(h.Format, "xdc.trace/%d", &major); n == 1 {
		return fmt.Errorf("the trace has the format %s; this xdc reads up to %s: use a newer one", h.Format, Format)
	}
	return errors.New("not a trace of xdc")
}

// decoder reads blocks.
type decoder struct {
	in       *window
	sample   func(signal.Sample)
	happened func(string, signal.Span)
	lost     func(signal.Span)
	nums     numbers
	seq      uint64
	now      time.Duration // the latest time read
	damage   *DamageError
	skipping bool // until the next key block
	missing  bool // nothing was seen yet after a loss
}

func newDecoder(in *window, to Visitor) *decoder {
	return &decoder{in: in, sample: to.Sample, happened: to.Happened, lost: to.Lost}
}

// blocks reads them all. Where one cannot be read it looks for the next one, and does not believe the length: that may be what
// is damaged. Only if none follows is a block that the file ends before a torn one, which was being written.
func (d *decoder) blocks() error {
	for len(d.in.ahead(1)) > 0 {
		b, at := d.in.block(), d.in.at
		switch {
		case b.wrong == nil:
			d.block(b)
		case d.in.search() || !b.torn:
			d.spoil(at, d.in.at-at, b.wrong)
		default:
			return d.end()
		}
	}
	return d.end()
}

// block reads one block, or notes why it cannot be read.
func (d *decoder) block(b block) {
	at := d.in.at
	d.in.skip(b.size)
	switch {
	case b.flags&keyBlock != 0:
		d.nums, d.skipping = numbers{}, false
	case d.skipping:
		d.damage.Bytes += int64(b.size)
		return
	}
	r := &record{b: b.content}
	for len(r.b) > 0 && r.err == nil {
		d.record(r)
	}
	if r.err != nil {
		d.spoil(at, int64(b.size), r.err)
	}
}

// record reads from a block. The first error sticks.
type record struct {
	b   []byte
	err error
}

func (r *record) fail(text string) {
	if r.err == nil {
		r.err = errors.New(text)
	}
	r.b = nil
}

func (r *record) uvarint() uint64 {
	n, used := binary.Uvarint(r.b)
	if used <= 0 {
		r.fail("a number is cut off")
		return 0
	}
	r.b = r.b[used:]
	return n
}

func (r *record) signed() int64 { return unzigzag(r.uvarint()) }

func (r *record) byte() byte {
	if len(r.b) == 0 {
		r.fail("a record is cut off")
		return 0
	}
	c := r.b[0]
	r.b = r.b[1:]
	return c
}

func (r *record) float() float64 {
	if len(r.b) < 8 {
		r.fail("a number is cut off")
		return 0
	}
	f := math.Float64frombits(binary.LittleEndian.Uint64(r.b))
	r.b = r.b[8:]
	return f
}

func (r *record) text() string {
	n := r.uvarint()
	if n > maxText || n > uint64(len(r.b)) {
		r.fail("a text is cut off")
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}

// record reads one record of a block.
func (d *decoder) record(r *record) {
	switch head := r.uvarint(); head & (1<<tagBits - 1) {
	case tagSignal:
		k := known{name: r.text(), kind: signal.Kind(r.byte())}
		if _, ok := signal.KindOf(k.kind.String()); !ok || len(d.nums.signals) >= maxSignals {
			r.fail("a signal of no known kind")
			return
		}
		d.nums.signals = append(d.nums.signals, k)
	case tagText:
		if len(d.nums.texts) >= maxSignals {
			r.fail("too many texts")
			return
		}
		d.nums.texts = append(d.nums.texts, r.text())
	case tagShape:
		d.shape(r)
	case tagSamples:
		d.samples(r, head>>tagBits)
	case tagEvent:
		name, ok := d.textAt(r.uvarint())
		low := r.signed()
		width := r.signed()
		if !ok || r.err != nil {
			r.fail("an event without a name")
			return
		}
		d.resume(time.Duration(low + width))
		d.happened(name, signal.Span{Low: time.Duration(low), High: time.Duration(low + width)})
	case tagEvidence:
		id, text := r.uvarint(), r.uvarint()
		if id >= uint64(len(d.nums.signals)) || text > uint64(len(d.nums.texts)) {
			r.fail("evidence of no signal")
			return
		}
		d.nums.signals[id].evidence = text
	default:
		r.fail("a record of no known kind")
	}
}

func (d *decoder) textAt(n uint64) (string, bool) {
	if n >= uint64(len(d.nums.texts)) {
		return "", false
	}
	return d.nums.texts[n], true
}

func (d *decoder) shape(r *record) {
	n := r.uvarint()
	if n == 0 || n > uint64(len(d.nums.signals)) || n > uint64(len(r.b)) || len(d.nums.shapes) >= maxSignals {
		r.fail("a list of signals that cannot be")
		return
	}
	ids := make([]uint64, n)
	for i := range ids {
		if ids[i] = r.uvarint(); ids[i] >= uint64(len(d.nums.signals)) {
			r.fail("a list with a signal that was not named")
			return
		}
	}
	d.nums.shapes = append(d.nums.shapes, shape{signals: ids})
}

func (d *decoder) samples(r *record, n uint64) {
	if n >= uint64(len(d.nums.shapes)) {
		r.fail("samples of no list")
		return
	}
	sh := &d.nums.shapes[n]
	sh.step += r.signed()
	sh.low += sh.step
	sh.width += r.signed()
	changed, at := r.uvarint(), uint64(0)
	if changed&1 != 0 {
		sh.validFor += r.signed()
	}
	for range changed >> 1 {
		at += r.uvarint()
		if r.err != nil || at >= uint64(len(sh.signals)) {
			r.fail("a value of no signal")
			return
		}
		d.value(r, &d.nums.signals[sh.signals[at]])
		at++
	}
	if r.err != nil {
		return
	}
	low, high := time.Duration(sh.low), time.Duration(sh.low+sh.width)
	d.resume(high)
	for _, id := range sh.signals {
		k := &d.nums.signals[id]
		d.seq++
		s := signal.Sample{Signal: k.name, Value: k.last, Low: low, High: high, ValidFor: time.Duration(sh.validFor), Seq: d.seq}
		s.Value.Kind = k.kind
		if k.evidence > 0 {
			s.Strength, s.Evidence = signal.SplitEvidence(d.nums.texts[k.evidence-1])
		}
		d.sample(s)
	}
}

func (d *decoder) value(r *record, k *known) {
	v := signal.Value{Kind: k.kind}
	switch {
	case k.kind == signal.Bool:
		v.Bool = r.byte() != 0
	case !k.kind.Numeric():
		text, ok := d.textAt(r.uvarint())
		if !ok {
			r.fail("a word that was not stated")
			return
		}
		v.Text = text
	default:
		switch n := r.uvarint(); n & 3 {
		case numDelta:
			v.Num = k.last.Num + float64(unzigzag(n>>2))
			v.Low, v.High = v.Num, v.Num
		case numBits:
			v.Num = r.float()
			v.Low, v.High = v.Num, v.Num
		case numBounded:
			v.Num, v.Low, v.High = r.float(), r.float(), r.float()
		default:
			r.fail("a number of no known form")
			return
		}
	}
	k.last = v
}
