package journal

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/xdc-project/xdc/engine/event"
)

// maxLine bounds one line; a handle is a few kilobytes.
const maxLine = 16 << 20

// Record is a journal read back.
type Record struct {
	Run    string
	Events []event.Event
	// Torn says that the last line was cut off by a crash and is left out.
	Torn bool
	// Intact is the number of bytes up to the end of the last good line.
	Intact int64
	// Damage lists lines in the middle that could not be read; the rest is still there.
	Damage []error
}

// ReadFile reads a journal. When lines in the middle are damaged it returns both the rest and an error.
func ReadFile(name string) (*Record, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	defer f.Close()
	rec, err := Read(f)
	if err != nil {
		return rec, fmt.Errorf("journal %s: %w", name, err)
	}
	return rec, nil
}

// Read reads a journal. See ReadFile.
func Read(r io.Reader) (*Record, error) {
	br := bufio.NewReaderSize(r, 64<<10)
	rec := &Record{}
	var at int64
	var doubt error // a bad line; a torn tail if nothing follows it
	for n := 1; ; n++ {
		line, size, err := readLine(br)
		if size == 0 {
			if err != nil && !errors.Is(err, io.EOF) {
				return rec, err
			}
			break
		}
		at += size
		if doubt != nil {
			rec.Damage = append(rec.Damage, doubt)
			doubt = nil
		}
		terr := err
		if err == nil {
			terr = rec.take(n, line)
		}
		var newer *FormatError
		switch {
		case errors.As(terr, &newer):
			return nil, terr
		case terr != nil && !errors.Is(terr, io.EOF) && !errors.Is(terr, errLong) && err != nil:
			return rec, terr
		case terr != nil:
			doubt = fmt.Errorf("line %d: %w", n, terr)
		default:
			rec.Intact = at
		}
		if errors.Is(err, io.EOF) {
			break
		}
	}
	rec.Torn = doubt != nil
	if rec.Run == "" && len(rec.Events) == 0 {
		return rec, fmt.Errorf("not a journal: its first line should begin with {\"format\":%q", Format)
	}
	return rec, errors.Join(rec.Damage...)
}

// FormatError is met when a newer xdc wrote the file.
type FormatError struct{ Got, Want string }

func (e *FormatError) Error() string {
	return fmt.Sprintf("the file has format %q and this xdc reads %q: use a newer xdc", e.Got, e.Want)
}

func (r *Record) take(n int, line []byte) error {
	body, err := checked(line)
	if err != nil {
		return err
	}
	if n == 1 {
		var h header
		if err := json.Unmarshal(body, &h); err != nil {
			return err
		}
		if err := CheckFormat(h.Format, Format); err != nil {
			return err
		}
		r.Run = h.Run
		return nil
	}
	var ev event.Event
	err = json.Unmarshal(body, &ev)
	if _, ok := errors.AsType[*event.UnknownKindError](err); ok {
		return nil // a newer minor version wrote it
	}
	if err != nil {
		return err
	}
	r.Events = append(r.Events, ev)
	return nil
}

// CheckFormat accepts the format word want and every earlier major of the same kind.
func CheckFormat(got, want string) error {
	gk, gv, ok1 := strings.Cut(got, "/")
	wk, wv, _ := strings.Cut(want, "/")
	g, err1 := strconv.Atoi(gv)
	w, _ := strconv.Atoi(wv)
	if !ok1 || gk != wk || err1 != nil {
		return fmt.Errorf("format %q is not %s", got, wk)
	}
	if g > w {
		return &FormatError{Got: got, Want: want}
	}
	return nil
}

// checked verifies a line's checksum and returns the object without it.
func checked(line []byte) ([]byte, error) {
	line = bytes.TrimRight(line, "\r\n")
	i := bytes.LastIndex(line, []byte(`,"crc":"`))
	if i < 0 || !bytes.HasSuffix(line, []byte(`"}`)) {
		return nil, errors.New("no checksum")
	}
	sum := line[i+len(`,"crc":"`) : len(line)-2]
	want, err := strconv.ParseUint(string(sum), 16, 32)
	if err != nil {
		return nil, fmt.Errorf("checksum %.20q", sum)
	}
	body := append(bytes.Clone(line[:i]), '}')
	if crc32.ChecksumIEEE(body) != uint32(want) {
		return nil, errors.New("checksum does not match")
	}
	return body, nil
}

var errLong = errors.New("line too long")

func readLine(br *bufio.Reader) (line []byte, size int64, err error) {
	for {
		part, perr := br.ReadSlice('\n')
		size += int64(len(part))
		if len(line)+len(part) <= maxLine {
			line = append(line, part...)
		} else {
			err = errLong
		}
		switch {
		case perr == nil:
			return line, size, err
		case errors.Is(perr, bufio.ErrBufferFull):
			continue
		default:
			return line, size, perr
		}
	}
}

// Owed is a deed that was intended and is not known to be undone.
type Owed struct {
	Step   string
	Kind   string // fault, job, lock
	Phase  event.Phase
	Handle json.RawMessage
	// Order counts intents; what was done last is undone first.
	Order int
}

// Owing lists the deeds that are owed, the latest first.
func Owing(events []event.Event) []Owed {
	type key struct{ kind, step string }
	open := map[key]*Owed{}
	n := 0
	for _, ev := range events {
		d, ok := ev.Body.(*event.DeedChanged)
		if !ok {
			continue
		}
		k := key{d.Kind, d.Step}
		switch d.Phase {
		case event.Intended:
			n++
			open[k] = &Owed{Step: d.Step, Kind: d.Kind, Phase: d.Phase, Handle: d.Handle, Order: n}
		case event.Healed, event.Kept:
			delete(open, k)
		case event.Armed, event.Injecting, event.Injected, event.Verified, event.Healing, event.HealFailed:
			if o := open[k]; o != nil {
				o.Phase = d.Phase
			}
		}
	}
	out := make([]Owed, 0, len(open))
	for i := n; i > 0; i-- {
		for _, o := range open {
			if o.Order == i {
				out = append(out, *o)
			}
		}
	}
	return out
}
