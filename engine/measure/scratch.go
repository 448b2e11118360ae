package measure

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"time"
)

// Scratch is a file for what a run need not keep in memory and nobody needs after it. It is made when the first byte
// is written, and its name is taken away at once where the system allows that, so that nothing is left behind. The zero
// value lies in the system's folder for such files.
type Scratch struct {
	Folder string
	f      *os.File
	size   int64
	closed bool
}

// Append writes b at the end and returns where that is.
func (s *Scratch) Append(b []byte) (int64, error) {
	if s.closed {
		return 0, os.ErrClosed
	}
	if s.f == nil {
		f, err := os.CreateTemp(s.Folder, "scratch-*.tmp")
		if err != nil {
			return 0, fmt.Errorf("make a scratch file: %w", err)
		}
		_ = os.Remove(f.Name()) // some systems keep it until it is closed
		s.f = f
	}
	at := s.size
	if _, err := s.f.WriteAt(b, at); err != nil {
		return 0, fmt.Errorf("write the scratch file: %w", err)
	}
	s.size += int64(len(b))
	return at, nil
}

// Size is how many bytes have been written.
func (s *Scratch) Size() int64 { return s.size }

// ReadAt fills b from at on.
func (s *Scratch) ReadAt(b []byte, at int64) error {
	if s.f == nil || at < 0 || at+int64(len(b)) > s.size {
		return errors.New("read the scratch file: it is not that long")
	}
	if _, err := s.f.ReadAt(b, at); err != nil {
		return fmt.Errorf("read the scratch file: %w", err)
	}
	return nil
}

// Close removes the file.
func (s *Scratch) Close() error {
	s.closed = true
	if s.f == nil {
		return nil
	}
	f := s.f
	s.f = nil
	err := f.Close()
	if rm := os.Remove(f.Name()); rm != nil && !errors.Is(rm, os.ErrNotExist) {
		err = errors.Join(err, rm)
	}
	return err
}

// runSize is how long a run is in a scratch file.
const runSize = 25

func encodeRuns(runs []run) []byte {
	b := make([]byte, 0, len(runs)*runSize)
	for _, r := range runs {
		b = binary.LittleEndian.AppendUint64(b, uint64(r.sent))
		b = binary.LittleEndian.AppendUint64(b, uint64(r.answered))
		b = binary.LittleEndian.AppendUint16(b, r.first)
		b = binary.LittleEndian.AppendUint16(b, r.last)
		b = binary.LittleEndian.AppendUint32(b, r.target)
		b = append(b, byte(r.outcome))
	}
	return b
}

func decodeRuns(b []byte) []run {
	out := make([]run, 0, len(b)/runSize)
	for ; len(b) >= runSize; b = b[runSize:] {
		out = append(out, run{
			sent: time.Duration(binary.LittleEndian.Uint64(b)), answered: time.Duration(binary.LittleEndian.Uint64(b[8:])),
			first: binary.LittleEndian.Uint16(b[16:]), last: binary.LittleEndian.Uint16(b[18:]),
			target: binary.LittleEndian.Uint32(b[20:]), outcome: Outcome(b[24]),
		})
	}
	return out
}
