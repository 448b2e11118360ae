package audit

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/measure"
)

// ExceptionsFormat is what the first line of a file of exceptions says.
const ExceptionsFormat = "xdc.exceptions/1"

// class is what is to be said of a record.
type class uint16

const (
	lost class = 1 << iota
	inconclusive
	duplicated
	duplicatedAcross
	reordered
	changed
	unexpected
	resent
	indeterminate
	stateBack
	resurrected
)

var classNames = []string{
	"lost", "inconclusive", "duplicated", "duplicated_across", "reordered", "corrupted", "unexpected", "resent", "indeterminate",
	"state_back", "resurrected",
}

// exception is a record that is not simply delivered once.
type exception struct {
	measure.Record
	lane, only int
	classes    class
	came       []came
	cause      string
}

// came is how many copies of a record came out at a target of the audit.
type came struct{ target, copies int }

func (x *exception) note(c class, yes bool) {
	if yes {
		x.classes |= c
	}
}

// follows reports whether x is the next record after y, and all the same may be said of it.
func (x *exception) follows(y *exception, n int64) bool {
	return x.Seq == y.Seq+n && x.lane == y.lane && x.classes == y.classes && x.Attempt == y.Attempt && x.Resent == y.Resent &&
		x.cause == y.cause && slices.Equal(x.came, y.came) && slices.Equal(x.Earlier, y.Earlier)
}

// exceptions writes the list: a line of JSON for each stretch of records of which the same is to be said.
type exceptions struct {
	w       *bufio.Writer
	enc     *json.Encoder
	close   func() error
	ledger  *measure.Ledger
	targets []string
	last    exception
	n       int64 // records that last stands for
	out     event.Exceptions
	err     error
}

// openExceptions begins a list. It is never nil: without a file it writes nothing, and only counts.
func openExceptions(opt Options) *exceptions {
	e := &exceptions{ledger: opt.Ledger, targets: opt.Spec.Targets, w: bufio.NewWriter(io.Discard)}
	if opt.Exceptions != nil {
		f, name, err := opt.Exceptions()
		if err != nil {
			e.err = err
		} else {
			e.w, e.close, e.out.File = bufio.NewWriterSize(f, 64<<10), f.Close, name
		}
	}
	e.enc = json.NewEncoder(e.w)
	e.enc.SetEscapeHTML(false)
	e.line(struct {
		Format  string   `json:"format"`
		Audit   string   `json:"audit"`
		Seed    string   `json:"seed"`
		Targets []string `json:"targets"`
	}{ExceptionsFormat, opt.Step, opt.Spec.SeedAt, opt.Spec.Targets})
	return e
}

func (e *exceptions) line(v any) {
	if err := e.enc.Encode(v); err != nil && e.err == nil {
		e.err = err
	}
}

// add takes the next record. One of which nothing is to be said is left out.
func (e *exceptions) add(x *exception) {
	x.note(resent, x.Resent)
	x.note(indeterminate, x.Outcome == measure.Indeterminate)
	if x.classes == 0 {
		return
	}
	e.out.Records++
	if e.n > 0 && x.follows(&e.last, e.n) {
		e.n++
		return
	}
	e.flush()
	e.last, e.n = *x, 1
}

// listed is a line.
type listed struct {
	Seq      int64          `json:"seq"`
	N        int64          `json:"n"`
	ID       string         `json:"id"` // of the first
	What     []string       `json:"what"`
	Cause    string         `json:"cause,omitempty"`
	Meant    string         `json:"meant,omitempty"` // the target that a mirrored copy was meant for
	Outcome  string         `json:"outcome"`
	Target   string         `json:"target,omitempty"`
	Sent     float64        `json:"sent"`
	Answered float64        `json:"answered"`
	Attempts int            `json:"attempts,omitempty"`
	Copies   map[string]int `json:"copies,omitempty"`
}

func (e *exceptions) flush() {
	if e.n == 0 {
		return
	}
	x := &e.last
	l := listed{
		Seq: x.Seq, N: e.n, ID: e.ledger.ID(x.Seq), Cause: x.cause, Outcome: x.Outcome.String(),
		Sent: x.Sent.Seconds(), Answered: x.Answered.Seconds(), Attempts: len(x.Earlier),
	}
	if l.Attempts > 0 {
		l.Attempts++
	}
	for i, name := range classNames {
		if x.classes&(1<<i) != 0 {
			l.What = append(l.What, name)
		}
	}
	if all := e.ledger.Targets(); x.Outcome != measure.Pending && x.Target < len(all) {
		l.Target = all[x.Target]
	}
	if x.only >= 0 {
		l.Meant = e.targets[x.only]
	}
	for _, c := range x.came {
		if l.Copies == nil {
			l.Copies = map[string]int{}
		}
		l.Copies[e.targets[c.target]] = c.copies
	}
	e.line(l)
	e.n = 0
}

// finish ends the list: the last line says that it is whole.
func (e *exceptions) finish(strange *strangers) *event.Exceptions {
	e.flush()
	if err := strange.copy(e.w); err != nil && e.err == nil {
		e.err = err
	}
	e.line(struct {
		End     bool  `json:"end"`
		Records int64 `json:"records"`
		Strange int64 `json:"strangers"`
	}{true, e.out.Records, strange.n})
	if err := e.w.Flush(); err != nil && e.err == nil {
		e.err = err
	}
	if e.close != nil {
		if err := e.close(); err != nil && e.err == nil {
			e.err = err
		}
	}
	if e.err != nil {
		e.out.Error = e.err.Error()
	}
	if e.out.File == "" && e.out.Error == "" {
		return nil
	}
	return &e.out
}

// strangers lists items that are nobody's as they come. The list waits in a scratch file for the end of the audit.
type strangers struct {
	file  *measure.Scratch
	lines []byte
	n     int64
	err   error
}

// maxKey bounds how much of a stranger's key is listed, in bytes.
const maxKey = 256

func (s *strangers) add(target string, key []byte, when span) {
	s.n++
	b, err := json.Marshal(struct {
		What   []string `json:"what"`
		Target string   `json:"at"`
		Key    string   `json:"key"`
		Low    float64  `json:"low"`
		High   float64  `json:"high"`
	}{[]string{"unexpected"}, target, string(key[:min(len(key), maxKey)]), when.low.Seconds(), when.high.Seconds()})
	if err != nil {
		s.err = fmt.Errorf("list an unexpected item: %w", err)
		return
	}
	if s.err != nil && len(s.lines) > 1<<20 {
		return
	}
	s.lines = append(append(s.lines, b...), '\n')
	if len(s.lines) < 64<<10 || s.err != nil {
		return
	}
	if _, err := s.file.Append(s.lines); err != nil {
		s.err = err // those that are in memory are listed, and no more
		return
	}
	s.lines = s.lines[:0]
}

func (s *strangers) copy(w io.Writer) error {
	b := make([]byte, 64<<10)
	for at := int64(0); at < s.file.Size(); {
		b = b[:min(int64(cap(b)), s.file.Size()-at)]
		if err := s.file.ReadAt(b, at); err != nil {
			return err
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
		at += int64(len(b))
	}
	if _, err := w.Write(s.lines); err != nil {
		return err
	}
	return s.err
}
