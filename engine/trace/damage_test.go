package trace

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/xdc-project/xdc/lang/signal"
)

// blocksOf writes entries in blocks of a few polls each, and says where each block begins and what the latest instant in
// it and before it is.
func blocksOf(t testing.TB, entries []entry, each int) (whole []byte, starts []int, latest []time.Duration) {
	t.Helper()
	var buf bytes.Buffer
	w := NewWriter(&buf)
	now := time.Duration(0)
	for len(entries) > 0 {
		n := min(each, len(entries))
		starts = append(starts, buf.Len())
		put(w, entries[:n])
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		now = entries[n-1].Sample.High
		latest = append(latest, now)
		entries = entries[n:]
	}
	return buf.Bytes(), starts, latest
}

// visited is what a reader was told, the losses among it.
func visited(b []byte) (got []entry, lost []signal.Span, err error) {
	err = Visit(bytes.NewReader(b), Visitor{
		Sample: func(s signal.Sample) {
			s.Seq = 0
			got = append(got, entry{Sample: s})
		},
		Lost: func(s signal.Span) { lost = append(lost, s) },
	})
	return got, lost, err
}

// honest fails unless what was read of damaged bytes is what was written, in order, and everything that is not there lies
// in a loss that was said, to the reader on its way and in the error.
func honest(t testing.TB, what string, entries []entry, b []byte) (missing int, err error) {
	t.Helper()
	got, lost, err := visited(b)
	if damage, ok := errors.AsType[*DamageError](err); ok {
		if fmt.Sprint(damage.Lost) != fmt.Sprint(lost) || damage.Bytes <= 0 {
			t.Fatalf("%s: said on the way %v, at the end %v, %d bytes", what, lost, damage.Lost, damage.Bytes)
		}
		if strings.Contains(err.Error(), ToTheEnd.String()) {
			t.Fatalf("%s: %v", what, err)
		}
	} else if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	for _, e := range entries {
		if len(got) > 0 && got[0] == e {
			got = got[1:]
			continue
		}
		missing++
		in := len(got) == 0 // a torn end: all that is missing is the rest
		for _, l := range lost {
			in = in || l.Low <= e.Sample.High && e.Sample.High <= l.High
		}
		if !in {
			t.Fatalf("%s: what was seen at %s is missing, which is in none of %v", what, e.Sample.High, lost)
		}
	}
	if len(got) > 0 {
		t.Fatalf("%s: %d entries that were never written, or not there: %v", what, len(got), got[0])
	}
	return missing, err
}

// Whatever bit of whatever header is flipped, nothing is lost but up to the next key block, and what is lost is said with the
// times. Only the last block may be taken for one that was being written.
func TestEveryBitOfEveryHeader(t *testing.T) {
	entries := polls(75*10, 5)
	whole, starts, latest := blocksOf(t, entries, 10)
	for i, start := range starts {
		key := (i/keyEvery + 1) * keyEvery // the next
		for bit := range 8 * headerBytes {
			b := bytes.Clone(whole)
			b[start+bit/8] ^= 1 << (bit % 8)
			what := fmt.Sprintf("block %d of %d, bit %d of byte %d", i, len(starts), bit%8, bit/8)
			missing, err := honest(t, what, entries, b)
			var damage *DamageError
			if !errors.As(err, &damage) {
				if i < len(starts)-1 || missing != 10 {
					t.Errorf("%s: %d entries are missing and nothing is said", what, missing)
				}
				continue
			}
			if most := (min(key, len(starts)) - i) * 10; missing > most || damage.At != int64(start) {
				t.Errorf("%s: %d entries are missing, want at most %d; damage at %d, want %d", what, missing, most, damage.At, start)
			}
			from, to := time.Duration(0), ToTheEnd
			if i > 0 {
				from = latest[i-1]
			}
			if key < len(starts) {
				to = entries[key*10].Sample.High
			}
			if got := damage.Lost; len(got) != 1 || got[0].Low != from || got[0].High != to {
				t.Errorf("%s: lost %v, want %s to %s", what, got, from, to)
			}
		}
	}
}

// Several damages, of any kind: bytes changed, taken out, put in.
func TestWhateverIsDamagedTheRestIsRead(t *testing.T) {
	entries := polls(100*10, 5)
	whole, _, _ := blocksOf(t, entries, 10)
	head := bytes.IndexByte(whole, '\n') + 1
	rapid.Check(t, func(r *rapid.T) {
		b := bytes.Clone(whole)
		for range rapid.IntRange(1, 6).Draw(r, "damages") {
			at := rapid.IntRange(head, len(b)-1).Draw(r, "at")
			n := min(rapid.IntRange(1, 300).Draw(r, "length"), len(b)-at)
			switch rapid.IntRange(0, 2).Draw(r, "what") {
			case 0:
				for i := range n {
					b[at+i] ^= rapid.Byte().Draw(r, "bits")
				}
			case 1:
				b = append(b[:at:at], b[at+n:]...)
			default:
				b = append(append(b[:at:at], bytes.Repeat([]byte{rapid.Byte().Draw(r, "byte")}, n)...), b[at:]...)
			}
		}
		_, _ = honest(t, "damaged", entries, b)
	})
}

// A trace that somebody has made up of nothing but beginnings of blocks is searched in proportion to its size.
func TestASearchEnds(t *testing.T) {
	b := []byte("{\"format\":\"xdc.trace/2\"}\n\xff\xff\xff\xff")
	for len(b) < 4<<20 {
		b = binary.LittleEndian.AppendUint32(b, 1<<20)
		b = append(b, 0, 0, 0, 0, keyBlock, tagSignal)
	}
	_, lost, err := visited(b)
	var damage *DamageError
	if !errors.As(err, &damage) || len(lost) != 1 || lost[0].High != ToTheEnd {
		t.Errorf("%v, lost %v", err, lost)
	}
}

// However long the texts of one instant are, no block is longer than readers take.
func TestLongTextsOfOneInstantAreRead(t *testing.T) {
	var entries []entry
	for i := range 40 {
		entries = append(entries, entry{Sample: signal.Sample{Signal: fmt.Sprintf("a.s%d", i), Value: signal.StringVal(fmt.Sprint(i) + strings.Repeat("x", maxText-10))}})
	}
	got, err := read(write(t, entries))
	if err != nil || len(got) != len(entries) {
		t.Errorf("%d of %d, %v", len(got), len(entries), err)
	}
}
