package trace

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/xdc-project/xdc/lang/signal"
)

// DamageError says that a part of a trace could not be read. What comes before and after it was.
type DamageError struct {
	// Blocks is how many blocks are missing, as far as that is known.
	Blocks int
	// At is the offset of the first damage in the file, in bytes.
	At int64
	// From and To are between what times of the run something is missing.
	From, To time.Duration
	Cause    error
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("the trace is damaged at byte %d: %v; samples between %s and %s of the run are missing, the rest was read",
		e.At, e.Cause, signal.Seconds(e.From.Seconds()), signal.Seconds(e.To.Seconds()))
}

func (e *DamageError) Unwrap() error { return e.Cause }

// ReadFile reads a trace into yield functions; either may be nil. It reads while the trace is still written, as far as
// it is; a torn end is left out. Of a damaged trace everything is read that can be, and the error is a *DamageError. A trace
// of the first format is read in its place where there is no other.
func ReadFile(name string, sample func(signal.Sample), happened func(string, signal.Span)) error {
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
	if err := Read(f, sample, happened); err != nil {
		return fmt.Errorf("read the trace %s: %w", name, err)
	}
	return nil
}

// maxHeader bounds the first line.
const maxHeader = 4096

// Read reads a trace of any format. See ReadFile.
func Read(r io.Reader, sample func(signal.Sample), happened func(string, signal.Span)) error {
	if sample == nil {
		sample = func(signal.Sample) {}
	}
	if happened == nil {
		happened = func(string, signal.Span) {}
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
		d := &decoder{in: in, sample: sample, happened: happened, offset: int64(len(head))}
		return d.blocks()
	case linesFormat:
		return readLines(io.MultiReader(bytes.NewReader(bytes.Clone(head)), in), sample, happened)
	}
	var major int
	if n, _ := fmt.Sscanf(h.Format, "xdc.trace/%d", &major); n == 1 {
		return fmt.Errorf("the trace has the format %s; this xdc reads up to %s: use a newer one", h.Format, Format)
	}
	return errors.New("not a trace of xdc")
}

// decoder reads blocks.
type decoder struct {
	in       *bufio.Reader
	sample   func(signal.Sample)
	happened func(string, signal.Span)
	offset   int64
	nums     numbers
	seq      uint64
	now      time.Duration // the latest time read
	damage   *DamageError
	skipping bool // until the next key block
}

func (d *decoder) blocks() error {
	for {
		var head [headerBytes]byte
		n, err := io.ReadFull(d.in, head[:])
		if err != nil {
			if n > 0 && !errors.Is(err, io.ErrUnexpectedEOF) {
				return err
			}
			return d.end()
		}
		length := binary.LittleEndian.Uint32(head[:4])
		if length > maxBlock {
			// Without the length nobody knows where the next block begins.
			d.spoil(fmt.Errorf("a block claims to be %d bytes long", length))
			return d.end()
		}
		b := make([]byte, 0, min(int(length), 1<<20))
		buf := bytes.NewBuffer(b)
		if got, err := io.CopyN(buf, d.in, int64(length)); err != nil {
			if !errors.Is(err, io.EOF) {
				return err
			}
			_ = got // the end is torn: it was being written
			return d.end()
		}
		d.block(head[8], binary.LittleEndian.Uint32(head[4:8]), buf.Bytes())
		d.offset += int64(headerBytes) + int64(length)
	}
}

func (d *decoder) end() error {
	if d.damage == nil {
		return nil
	}
	if d.skipping {
		d.damage.To = d.now
	}
	return d.damage
}

// spoil notes damage.
func (d *decoder) spoil(cause error) {
	if d.damage == nil {
		d.damage = &DamageError{At: d.offset, From: d.now, To: d.now, Cause: cause}
	}
	d.damage.Blocks++
	d.skipping = true
}

// block reads one block, or notes why it cannot be read.
func (d *decoder) block(flags byte, sum uint32, b []byte) {
	switch {
	case crc32.Update(crc32.Checksum([]byte{flags}, castagnoli), castagnoli, b) != sum:
		d.spoil(errors.New("a checksum does not fit"))
		return
	case flags&keyBlock != 0:
		d.nums = numbers{}
	case d.skipping:
		d.damage.Blocks++
		return
	}
	was := d.skipping
	d.skipping = false
	r := &record{b: b}
	for len(r.b) > 0 && r.err == nil {
		d.record(r)
		if was && d.now > 0 {
			d.damage.To = max(d.damage.To, d.now)
			was = false
		}
	}
	if r.err != nil {
		d.spoil(r.err)
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
		d.now = max(d.now, time.Duration(low+width))
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
	d.now = max(d.now, high)
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
