package trace

import (
	"encoding/binary"
	"hash/crc32"
	"math"

	"github.com/xdc-project/xdc/lang/signal"
)

// Format is the format word in the first line of a trace. The format is described in docs/trace.md.
const Format = "xdc.trace/2"

// FileName is the trace's name in a run's folder; linesName was that of the first format.
const (
	FileName  = "trace.xdc"
	linesName = "trace.jsonl"
)

// What a record of a block is, in the lowest bits of its first number.
const (
	tagBits = 3

	tagSignal   = 1 // name, kind: the next signal's number
	tagText     = 2 // text: the next text's number
	tagShape    = 3 // signals that are sampled together: the next shape's number
	tagSamples  = 4 // one sample of each signal of a shape, taken at the same time; the shape is in the higher bits
	tagEvent    = 5 // an event
	tagEvidence = 6 // what the following samples of a signal rest on
)

// Bounds of what is written and read.
const (
	blockSize   = 32 << 10  // a block is ended when it is longer
	maxBlock    = 16 << 20  // longer ones are damage
	keyEvery    = 32        // blocks: how many are lost at most with a damaged one
	maxText     = 1 << 20   // bytes of a name or text
	maxSignals  = 1 << 20   // signals, texts and shapes each
	headerBytes = 4 + 4 + 1 // length, checksum, flags
)

// keyBlock is the flag of a block that needs no other to be read.
const keyBlock = 1

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Ways in which a number is written, in the lowest two bits of its first byte or bytes.
const (
	numDelta   = 0 // the difference of whole numbers
	numBits    = 1 // 8 bytes
	numBounded = 2 // 3 x 8 bytes: number, low, high
)

// numbers are what both ends keep, so that only what is new is written.
type numbers struct {
	signals []known
	texts   []string
	shapes  []shape
}

// known is a signal and its last value.
type known struct {
	name     string
	kind     signal.Kind
	last     signal.Value
	evidence uint64 // number of the text + 1; 0: none
}

// shape is a list of signals that are sampled together, and the times of the last samples in nanoseconds.
type shape struct {
	signals         []uint64
	low, step       int64
	width, validFor int64
}

// whole reports whether a number can be written as a difference to another without loss.
func whole(f float64) bool {
	return f == math.Trunc(f) && math.Abs(f) < 1<<53 && !(f == 0 && math.Signbit(f))
}

func zigzag(n int64) uint64   { return uint64(n)<<1 ^ uint64(n>>63) }
func unzigzag(u uint64) int64 { return int64(u>>1) ^ -int64(u&1) }

func appendBits(b []byte, f float64) []byte {
	return binary.LittleEndian.AppendUint64(b, math.Float64bits(f))
}
