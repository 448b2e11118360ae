package streams

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/streams/rest"
	"github.com/xdc-project/xdc/providers/toolkit"
)

// traced is a job of the plan whose traces are read for the lines of its toolkit. Observe alone uses it.
type traced struct {
	path   string
	reader *toolkit.LineReader
	next   time.Time

	id     string // of the job whose lines these are
	tails  map[string]*tail
	counts map[toolkit.Line]int64
	last   map[toolkit.Line]string // the latest of each kind
	belief map[string]toolkit.Line // the latest of those about the other side, by link of the PE's trace
}

func newTraced(target string, jobs []providers.JobInfo) ([]*traced, error) {
	var out []*traced
	for _, j := range jobs {
		if j.Target != target || j.Toolkit == nil || !j.Toolkit.Traces {
			continue
		}
		r, err := toolkit.NewLineReader(j.Toolkit.Lines)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", j.Path, err)
		}
		out = append(out, &traced{path: j.Path, reader: r})
	}
	return out, nil
}

// observeTraces reads the traces that are due. Traces that cannot be read leave their signals without samples.
func (s *Session) observeTraces(ctx context.Context, i rest.Instance, known []tracked, found []rest.JobSnapshot, emit func(providers.Reading)) {
	for _, t := range s.traced {
		now := time.Now()
		if now.Before(t.next) {
			continue
		}
		t.next = now.Add(defaultLogEvery)
		for _, k := range known {
			if k.info.Path != t.path || k.id == "" {
				continue
			}
			for _, j := range found {
				if string(j.ID) != k.id {
					continue
				}
				err := s.readTraces(ctx, t, i, j)
				s.refused(t.path+".toolkit.line", err)
				if err == nil {
					t.say(now, time.Now(), emit)
				}
			}
		}
	}
}

// readTraces reads on in the traces of a job's PEs.
func (s *Session) readTraces(ctx context.Context, t *traced, i rest.Instance, j rest.JobSnapshot) error {
	if len(j.PEs) > maxLogs {
		return errManyTraces
	}
	if id := string(j.ID); t.id != id {
		t.id, t.tails, t.counts, t.last, t.belief = id, map[string]*tail{}, map[toolkit.Line]int64{}, map[toolkit.Line]string{}, map[string]toolkit.Line{}
	}
	all := s.new(t.id)
	for _, pe := range j.PEs {
		link := s.client.PELog(i, string(pe.ID), rest.Trace)
		err := s.readLog(ctx, t.tails, link, all, func(line []byte, fresh bool) {
			kind, ok := t.reader.Read(line)
			if !ok {
				return
			}
			if _, about := kind.Belief(); about {
				t.belief[link] = kind // what was last said holds, also where it was said before the run
				t.last[kind] = shown(line)
			}
			if fresh {
				t.counts[kind]++
				t.last[kind] = shown(line)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// errManyTraces says that a job has more PEs than are read.
var errManyTraces = errors.New("the job has too many PEs to read their traces; look for single lines with a `log` block")

// say emits what the lines were, and last what they say together.
func (t *traced) say(low, high time.Time, emit func(providers.Reading)) {
	r := providers.Reading{Low: low, High: high, ValidFor: 3 * defaultLogEvery}
	for _, kind := range toolkit.Lines() {
		r.Path = t.path + ".toolkit.line[" + strconv.Quote(string(kind)) + "]"
		r.Value, r.News, r.Evidence = signal.NumberVal(float64(t.counts[kind])), kind.Rare(), ""
		if t.counts[kind] > 0 {
			r.Evidence = t.last[kind]
		}
		emit(r)
	}
	said := toolkit.Line("")
	for _, kind := range t.belief {
		if said != "" && kind != said {
			return // one copy of the operator has heard what another has not yet
		}
		said = kind
	}
	if word, ok := said.Belief(); ok {
		r.Path, r.Value, r.News, r.Evidence = t.path+".toolkit.said", signal.EnumVal(word), false, t.last[said]
		emit(r)
	}
}
