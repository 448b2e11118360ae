package trace

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"strings"
	"time"

	"github.com/xdc-project/xdc/lang/signal"
)

// flushEvery is how much time of the run a block covers at most, so that a killed run loses no more of its trace.
const flushEvery = 5 * time.Second

// maxGroup bounds how many samples are written together; so does maxText what texts they have, for a block must not become
// longer than maxBlock.
const maxGroup = 4096

// Writer writes a trace. Samples that were taken at the same time are written together; of their values, only what has
// changed. It is not safe for concurrent use. The first error sticks.
type Writer struct {
	// Redact, if set, takes secrets out of evidence before it is written.
	Redact func(string) string

	w    io.Writer
	f    io.Closer
	err  error
	out  []byte // the block so far
	nums numbers
	ids  map[string]uint64 // signals by name and kind
	text map[string]uint64
	form map[string]uint64 // shapes by their signals
	said map[uint64]string // evidence by signal, before redaction

	group  []signal.Sample // taken at the same time
	size   int             // bytes of the texts in it
	in     map[string]bool // signals in it
	blocks int
	since  time.Duration // when the block began
	seen   time.Duration
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
	t := &Writer{w: w, in: map[string]bool{}}
	t.forget()
	_, t.err = fmt.Fprintf(w, "{\"format\":%q}\n", Format)
	return t
}

// forget begins anew, as a key block does.
func (t *Writer) forget() {
	t.nums, t.ids, t.text, t.form, t.said = numbers{}, map[string]uint64{}, map[string]uint64{}, map[string]uint64{}, map[uint64]string{}
}

// Sample writes one sample.
func (t *Writer) Sample(s signal.Sample) error {
	if t.err != nil {
		return t.err
	}
	if len(s.Signal) > maxText || len(s.Value.Text) > maxText {
		s.Value.Text = strings.ToValidUTF8(s.Value.Text[:min(len(s.Value.Text), maxText)], "")
		if len(s.Signal) > maxText {
			t.err = fmt.Errorf("write the trace: the name of a signal is %d bytes long", len(s.Signal))
			return t.err
		}
	}
	if g := t.group; len(g) > 0 && (g[0].Low != s.Low || g[0].High != s.High || g[0].ValidFor != s.ValidFor || t.in[s.Signal] || len(g) == maxGroup || t.size > maxText) {
		t.endGroup()
	}
	t.group = append(t.group, s)
	t.size += len(s.Signal) + len(s.Value.Text) + len(s.Evidence)
	t.in[s.Signal] = true
	t.seen = max(t.seen, s.High)
	return t.err
}

// endGroup writes the samples that belong together.
func (t *Writer) endGroup() {
	if len(t.group) == 0 || t.err != nil {
		return
	}
	t.roll()
	first := t.group[0]
	ids := make([]uint64, len(t.group))
	for i, s := range t.group {
		ids[i] = t.signal(s.Signal, s.Value.Kind)
		t.evidence(ids[i], s.Rests())
	}
	number := t.shape(ids)
	sh := &t.nums.shapes[number]
	low, width, valid := int64(first.Low), int64(first.High-first.Low), int64(first.ValidFor)
	step := low - sh.low
	var values []byte
	changed, gap := uint64(0), uint64(0)
	for i, s := range t.group {
		if s.Value.Equal(t.nums.signals[ids[i]].last) {
			gap++
			continue
		}
		changed++
		values = binary.AppendUvarint(values, gap)
		gap = 0
		values = t.value(values, ids[i], s.Value)
	}
	t.out = binary.AppendUvarint(t.out, number<<tagBits|tagSamples)
	t.out = binary.AppendUvarint(t.out, zigzag(step-sh.step))
	t.out = binary.AppendUvarint(t.out, zigzag(width-sh.width))
	if valid == sh.validFor {
		t.out = binary.AppendUvarint(t.out, changed<<1)
	} else {
		t.out = binary.AppendUvarint(t.out, changed<<1|1)
		t.out = binary.AppendUvarint(t.out, zigzag(valid-sh.validFor))
	}
	t.out = append(t.out, values...)
	sh.low, sh.step, sh.width, sh.validFor = low, step, width, valid
	t.group, t.size = t.group[:0], 0
	clear(t.in)
}

// signal numbers a signal.
func (t *Writer) signal(name string, kind signal.Kind) uint64 {
	key := name + "\x00" + kind.String()
	id, ok := t.ids[key]
	if !ok {
		id = uint64(len(t.nums.signals))
		t.ids[key] = id
		t.nums.signals = append(t.nums.signals, known{name: name, kind: kind})
		t.out = appendText(append(t.out, tagSignal), name)
		t.out = append(t.out, byte(kind))
	}
	return id
}

// textNumber numbers a text.
func (t *Writer) textNumber(s string) uint64 {
	id, ok := t.text[s]
	if !ok {
		id = uint64(len(t.nums.texts))
		t.text[s] = id
		t.nums.texts = append(t.nums.texts, s)
		t.out = appendText(append(t.out, tagText), s)
	}
	return id
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// evidence says what the following samples of a signal rest on, if that has changed.
func (t *Writer) evidence(id uint64, text string) {
	if t.said[id] == text {
		return
	}
	t.said[id] = text
	if t.Redact != nil {
		text = t.Redact(text)
	}
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "")
	}
	n := uint64(0)
	if text != "" {
		n = t.textNumber(text) + 1
	}
	t.out = binary.AppendUvarint(binary.AppendUvarint(append(t.out, tagEvidence), id), n)
}

// shape numbers a list of signals. Texts of their values are numbered first: nothing stands within a record.
func (t *Writer) shape(ids []uint64) uint64 {
	for i, s := range t.group {
		if k := s.Value.Kind; (k == signal.String || k == signal.EnumKind) && !s.Value.Equal(t.nums.signals[ids[i]].last) {
			t.textNumber(s.Value.Text)
		}
	}
	var list []byte
	for _, id := range ids {
		list = binary.AppendUvarint(list, id)
	}
	n, ok := t.form[string(list)]
	if !ok {
		n = uint64(len(t.nums.shapes))
		t.form[string(list)] = n
		t.nums.shapes = append(t.nums.shapes, shape{signals: ids})
		t.out = binary.AppendUvarint(append(t.out, tagShape), uint64(len(ids)))
		t.out = append(t.out, list...)
	}
	return n
}

// value appends a value that has changed.
func (t *Writer) value(b []byte, id uint64, v signal.Value) []byte {
	k := &t.nums.signals[id]
	switch {
	case v.Kind == signal.Bool:
		b = append(b, map[bool]byte{true: 1}[v.Bool])
	case !v.Kind.Numeric():
		b = binary.AppendUvarint(b, t.text[v.Text])
	case v.Num != v.Low || v.Num != v.High:
		b = appendBits(appendBits(appendBits(binary.AppendUvarint(b, numBounded), v.Num), v.Low), v.High)
	case whole(v.Num) && whole(k.last.Num):
		b = binary.AppendUvarint(b, zigzag(int64(v.Num)-int64(k.last.Num))<<2|numDelta)
	default:
		b = appendBits(binary.AppendUvarint(b, numBits), v.Num)
	}
	k.last = v
	return b
}

// Happened writes one event.
func (t *Writer) Happened(name string, span signal.Span) error {
	t.endGroup()
	if t.err != nil {
		return t.err
	}
	t.roll()
	n := t.textNumber(name)
	t.out = binary.AppendUvarint(append(t.out, tagEvent), n)
	t.out = binary.AppendUvarint(t.out, zigzag(int64(span.Low)))
	t.out = binary.AppendUvarint(t.out, zigzag(int64(span.High-span.Low)))
	t.seen = max(t.seen, span.High)
	return t.err
}

// roll ends the block when it is long enough.
func (t *Writer) roll() {
	if len(t.out) >= blockSize || len(t.out) > 0 && t.seen-t.since >= flushEvery {
		t.endBlock()
	}
}

// endBlock writes the block in one piece.
func (t *Writer) endBlock() {
	if len(t.out) == 0 || t.err != nil {
		return
	}
	flags := byte(0)
	if t.blocks%keyEvery == 0 {
		flags = keyBlock
	}
	t.blocks++
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(t.out)))
	b = binary.LittleEndian.AppendUint32(b, crc32.Update(crc32.Checksum([]byte{flags}, castagnoli), castagnoli, t.out))
	b = append(append(b, flags), t.out...)
	_, t.err = t.w.Write(b)
	t.out, t.since = t.out[:0], t.seen
	if t.blocks%keyEvery == 0 {
		t.forget()
	}
}

// Flush writes what is held back.
func (t *Writer) Flush() error {
	t.endGroup()
	t.endBlock()
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
