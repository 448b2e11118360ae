package streams

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/streams/rest"
)

// Limits of reading logs.
const (
	defaultLogEvery     = 5 * time.Second
	defaultArchiveEvery = 30 * time.Second

	maxLogs    = 64      // of one block, in one round
	maxLine    = 8 << 10 // of a line, in bytes: of a longer one, its beginning is looked at
	anchorSize = 64      // bytes before the place that was read up to, which must be the same again
	quoted     = 160     // of a line, in evidence
)

// logArgs is a block `log` of the plan.
type logArgs struct {
	Name     string         `json:"name"`
	Pattern  string         `json:"pattern"`
	Source   string         `json:"source"`
	Job      string         `json:"job"`
	Operator string         `json:"operator"`
	PE       string         `json:"pe"`
	File     string         `json:"file"`
	Interval value.Duration `json:"interval"`
}

func (l logArgs) every() time.Duration {
	if d := l.Interval.D(); d > 0 {
		return d
	}
	if l.source() == rest.Archive {
		return defaultArchiveEvery
	}
	return defaultLogEvery
}

func (l logArgs) source() rest.Source {
	if l.Source == "" {
		return rest.Trace
	}
	return rest.Source(l.Source)
}

var logBlock = schema.Nested{Block: schema.Block{
	Name: "log", Labels: []string{"name"},
	Description: "Lines to look for in logs. How many there have been is the signal `log.NAME`. Lines that were there before the run began are not counted.",
	Attributes: []schema.Attribute{
		{Name: "pattern", Type: cty.String, Required: true, Public: true, Example: `"ERROR|CDISR[0-9]{4}E"`, Description: "A regular expression (RE2). A line counts when it is found anywhere in it."},
		{Name: "source", Type: cty.String, Enum: sourceNames(), Default: cty.StringVal(string(rest.Trace)), Public: true, Example: `"console"`, Description: "Which logs: of each PE what its runtime traces (`trace`), what it writes to standard output and standard error (`console`), or what the platform logs about it (`product`); of a job the `archive` of the traces and console logs of all its PEs, which the server packs anew for each reading; or what the platform logs about a job, the instance or its domain."},
		{Name: "job", Type: cty.String, Public: true, Example: `"orders"`, Description: "The name of a job of the plan (in a module `module.NAME.job.NAME`). Without it, those of all jobs of the plan at the target."},
		{Name: "operator", Type: cty.String, Public: true, Example: `"RemoteDataCenterHeartbeatWatchdog"`, Description: "Only the PE that holds this operator, named in full or by its last name."},
		{Name: "pe", Type: cty.String, Public: true, Example: `"3"`, Description: "Only the PE with this id."},
		{Name: "file", Type: cty.String, Public: true, Example: `"pe_3/"`, Description: "Only the files of an archive in whose path this regular expression (RE2) is found."},
		{Name: "interval", Type: cty.String, Form: schema.Duration, Min: new(0.1), Public: true, Example: `"5s"`, Description: "How often the logs are read, each with a request of its own. Without it every 5s, and an archive every 30s. A line is known to have come between two readings."},
	},
}}

// checkLogs finds what is wrong with log blocks.
func (c connection) checkLogs() error {
	seen := map[string]bool{}
	for _, l := range c.Logs {
		where := fmt.Sprintf("log %q", l.Name)
		if seen[l.Name] {
			return fmt.Errorf("%s stands twice; give one of the blocks another name", where)
		}
		seen[l.Name] = true
		if _, err := regexp.Compile(l.Pattern); err != nil {
			return fmt.Errorf("%s: the pattern cannot be read: %w", where, err)
		}
		if l.Operator != "" && l.PE != "" {
			return fmt.Errorf("%s: `operator` and `pe` exclude each other; remove one of them", where)
		}
		if err := l.checkSource(); err != nil {
			return fmt.Errorf("%s: %w", where, err)
		}
	}
	return nil
}

// watched is a log block under way. Observe alone uses it.
type watched struct {
	logArgs
	re       *regexp.Regexp
	file     *regexp.Regexp // nil: every file of an archive
	next     time.Time
	count    int64
	tails    map[string]*tail            // by link
	archives map[string]map[string]*tail // by link and path
	last     string                      // the last line that matched
}

// take counts a line.
func (w *watched) take(line []byte, fresh bool) {
	if fresh && w.re.Match(line) {
		w.count++
		w.last = shown(line)
	}
}

// tail is how far a log has been read.
type tail struct {
	size   int64
	anchor []byte // what stood before size
	rest   []byte // the beginning of a line that has no end yet
}

func newWatched(args []logArgs) ([]*watched, error) {
	var out []*watched
	for _, a := range args {
		re, err := regexp.Compile(a.Pattern)
		if err != nil {
			return nil, fmt.Errorf("log %q: the pattern cannot be read: %w", a.Name, err)
		}
		w := &watched{logArgs: a, re: re, tails: map[string]*tail{}, archives: map[string]map[string]*tail{}}
		if a.File != "" {
			if w.file, err = regexp.Compile(a.File); err != nil {
				return nil, fmt.Errorf("log %q: `file` cannot be read: %w", a.Name, err)
			}
		}
		out = append(out, w)
	}
	return out, nil
}

// observeLogs reads the logs that are due, those of jobs and their PEs or the others. A log that cannot be read leaves its signal
// without a sample.
func (s *Session) observeLogs(ctx context.Context, i rest.Instance, known []tracked, found []rest.JobSnapshot, jobs bool, o observation) {
	for _, w := range s.logs {
		now := time.Now()
		if src := w.source(); now.Before(w.next) || jobs != (src.OfPE() || src.OfJob()) {
			continue
		}
		w.next = now.Add(w.every())
		o.low = now
		before := w.count
		if err := s.readLogs(ctx, w, i, known, found); err != nil {
			s.refused("log."+w.Name, err)
			continue
		}
		s.refused("log."+w.Name, nil)
		o.high = time.Now()
		r := providers.Reading{Path: "log." + w.Name, Value: signal.NumberVal(float64(w.count)), Low: o.low, High: o.high, ValidFor: 3 * w.every(), News: true}
		if w.count > before {
			r.Evidence = w.last
		}
		o.emit(r)
	}
}

// errManyLogs says that a block means too many.
var errManyLogs = errors.New("too many PEs are meant; name a job, an operator or a PE")

func (s *Session) readLogs(ctx context.Context, w *watched, i rest.Instance, known []tracked, found []rest.JobSnapshot) error {
	switch w.source() {
	case rest.InstanceProduct:
		return s.readLog(ctx, w.tails, i.ProductLog, false, w.take)
	case rest.DomainProduct:
		link, err := s.client.DomainLog(ctx, i)
		if err != nil {
			return err
		}
		return s.readLog(ctx, w.tails, link, false, w.take)
	case rest.Trace, rest.Console, rest.Product, rest.Archive, rest.JobProduct:
	}
	n := 0
	for _, t := range known {
		if w.Job != "" && t.info.Path != w.Job && t.info.Path != "job."+w.Job {
			continue
		}
		for _, j := range found {
			if t.id == "" || string(j.ID) != t.id {
				continue
			}
			if w.source().OfJob() {
				if err := s.readJobLog(ctx, w, i, j.Job); err != nil {
					return err
				}
				continue
			}
			for _, pe := range j.PEs {
				if !w.means(pe) {
					continue
				}
				if n++; n > maxLogs {
					return errManyLogs
				}
				if err := s.readLog(ctx, w.tails, s.client.PELog(i, string(pe.ID), w.source()), s.new(string(j.ID)), w.take); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// means reports whether a PE's log is meant.
func (l logArgs) means(pe rest.PE) bool {
	w := which{Operator: l.Operator}
	if l.PE != "" {
		w.PEs = []string{l.PE}
	}
	return w.means(pe)
}

// new reports whether a job began after the session's first look: then all that is in its logs is of this run.
func (s *Session) new(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.before != nil && !s.before[id]
}

// readLog reads on where it was left off, and gives each line that has an end to each: as fresh unless it was there at the first look
// at a job that was there before. A log that does not go on there has been cut off at its beginning, and is read on where it was left
// off all the same; or it has been begun anew.
func (s *Session) readLog(ctx context.Context, tails map[string]*tail, link string, all bool, each func(line []byte, fresh bool)) error {
	t := tails[link]
	first := t == nil
	if first {
		t = &tail{}
	}
	from := t.size - int64(len(t.anchor))
	part, err := s.client.ReadLog(ctx, "read a log", link, from)
	if rest.NotFound(err) && !first {
		return nil // its PE is being launched, or is gone
	}
	if err != nil {
		return err
	}
	text, goesOn := bytes.CutPrefix(part.Text, t.anchor)
	if part.Shrunk || !goesOn {
		if part, err = s.client.ReadLog(ctx, "read a log", link, 0); err != nil {
			return err
		}
		text = part.Text
		if t, text = t.find(text); t == nil {
			t = &tail{}
		}
	}
	tails[link] = t
	t.take(text, func(line []byte) { each(line, !first || all) })
	return nil
}

// find finds where a log that was cut off at its beginning goes on, and returns it from there; nil and the whole where it does
// not go on. It takes a whole anchor: a few bytes may stand anywhere.
func (t *tail) find(text []byte) (*tail, []byte) {
	at := bytes.LastIndex(text, t.anchor)
	if at < 0 || len(t.anchor) < anchorSize {
		return nil, text
	}
	end := at + len(t.anchor)
	return &tail{size: int64(end), anchor: t.anchor, rest: t.rest}, text[end:]
}

// take takes more of a log in, and gives each line that has an end to each.
func (t *tail) take(text []byte, each func(line []byte)) {
	t.size += int64(len(text))
	t.anchor = append(t.anchor, text[max(len(text)-anchorSize, 0):]...)
	t.anchor = slices.Clone(t.anchor[max(len(t.anchor)-anchorSize, 0):])
	for {
		line, more, ended := bytes.Cut(text, []byte("\n"))
		if !ended {
			t.rest = append(t.rest, line[:min(len(line), max(maxLine-len(t.rest), 0))]...)
			return
		}
		if len(t.rest) > 0 {
			line = append(t.rest, line...)
			t.rest = nil
		}
		each(bytes.TrimSuffix(line[:min(len(line), maxLine)], []byte("\r")))
		text = more
	}
}

// shown is a line as evidence: in one line, without control characters.
func shown(line []byte) string {
	text := strings.ToValidUTF8(string(line[:min(len(line), quoted)]), "")
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 }), " ")
	if len(line) > quoted {
		text += " ..."
	}
	return text
}
