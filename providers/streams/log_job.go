package streams

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"

	"github.com/xdc-project/xdc/providers/streams/rest"
)

// maxTails bounds how many files of one archive are remembered.
const maxTails = 4096

func sourceNames() []string {
	var out []string
	for _, s := range rest.Sources() {
		out = append(out, string(s))
	}
	return out
}

// checkSource finds arguments that do not go with the source.
func (l logArgs) checkSource() error {
	src := l.source()
	if _, err := regexp.Compile(l.File); err != nil {
		return fmt.Errorf("`file` cannot be read: %w", err)
	}
	switch {
	case l.File != "" && src != rest.Archive:
		return errors.New("`file` is about the files of an archive; set `source = \"archive\"`, or remove it")
	case !src.OfPE() && (l.Operator != "" || l.PE != ""):
		return fmt.Errorf("`operator` and `pe` are about the logs of single PEs, and the source %q is not one of those; remove them, or set another `source`", src)
	case !src.OfPE() && !src.OfJob() && l.Job != "":
		return fmt.Errorf("`job` is about the logs of jobs, and the source %q is not one of those; remove it, or set another `source`", src)
	}
	return nil
}

// readJobLog reads on in what a job has itself.
func (s *Session) readJobLog(ctx context.Context, w *watched, i rest.Instance, j rest.Job) error {
	link, all := s.client.JobLog(i, j, w.source()), s.new(string(j.ID))
	if w.source() == rest.JobProduct {
		return s.readLog(ctx, w.tails, link, all, w.take)
	}
	was := w.archives[link]
	now := map[string]*tail{}
	err := s.client.ReadArchive(ctx, "read the logs of the job", link, func(f rest.File) {
		if w.file != nil && !w.file.MatchString(f.Name) {
			return
		}
		if _, twice := now[f.Name]; twice {
			return
		}
		t, text, fresh := goOn(was, f)
		now[f.Name] = t
		t.take(text, func(line []byte) { w.take(line, fresh || all) })
	})
	if rest.NotFound(err) && was != nil {
		return nil // the job is ending
	}
	for name, t := range was { // what was not reached, or is not there now, is read on another time
		if now[name] == nil && len(now) < maxTails {
			now[name] = t
		}
	}
	if len(now) > 0 || err == nil {
		w.archives[link] = now
	}
	return err
}

// goOn finds where a file of an archive was read up to: where it ended, where that stands now in a file that was cut off at
// its beginning, or in another of the same folder that has been moved to this name. Otherwise it is read from its beginning. Its lines
// are fresh unless they were there when the file was first seen.
func goOn(was map[string]*tail, f rest.File) (t *tail, text []byte, fresh bool) {
	own := was[f.Name]
	if own != nil {
		at := own.size - int64(len(own.anchor)) - f.From
		if at >= 0 && at <= int64(len(f.Text)) {
			if more, ok := bytes.CutPrefix(f.Text[at:], own.anchor); ok {
				c := *own
				c.rest = slices.Clone(own.rest)
				return &c, more, true
			}
		}
	}
	for _, name := range append([]string{f.Name}, slices.Sorted(maps.Keys(was))...) {
		if was[name] == nil || path.Dir(name) != path.Dir(f.Name) {
			continue
		}
		if t, more := was[name].find(f.Text); t != nil {
			t.size, t.rest = t.size+f.From, slices.Clone(t.rest)
			return t, more, true
		}
	}
	if f.From > 0 { // it begins in the middle of a line
		_, text, _ = bytes.Cut(f.Text, []byte("\n"))
		return &tail{size: f.From + int64(len(f.Text)-len(text))}, text, own != nil
	}
	return &tail{}, f.Text, own != nil
}
