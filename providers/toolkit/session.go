package toolkit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/shell"
)

// How often a side is looked at, and how long a look at one host may take.
const (
	lookEvery = 5 * time.Second
	lookLimit = 4 * time.Second
)

// mostNamed is how many files of a side have signals of their own.
const mostNamed = 256

// wanted reports whether there is anything to look at at a target, besides what the platform says.
func wanted(target string, jobs []providers.JobInfo) bool {
	for _, j := range jobs {
		if k := j.Toolkit; j.Target == target && k != nil && (k.MainComposite != "" || k.Host != "" && (k.SnapshotDirectory != "" || k.ConfigFile != "")) {
			return true
		}
	}
	return false
}

// session looks at the sides of one target on their hosts.
type session struct {
	env    providers.Env
	target providers.Target
}

var (
	_ providers.Observer = (*session)(nil)
	_ providers.Session  = (*session)(nil)
)

func connect(env providers.Env, t providers.Target, _ json.RawMessage) (providers.Session, error) {
	return &session{env: env, target: t}, nil
}

// Close implements providers.Session. The machines are not the session's.
func (s *session) Close() error { return nil }

// Interval implements providers.Observer.
func (s *session) Interval() time.Duration { return lookEvery }

// sides are the jobs of the target whose hosts or configurations can be looked at.
func (s *session) sides() []providers.JobInfo {
	var out []providers.JobInfo
	for _, j := range s.env.Jobs {
		if wanted(s.target.Name, []providers.JobInfo{j}) {
			out = append(out, j)
		}
	}
	return out
}

// Observe lists the files of all sides at the same time.
func (s *session) Observe(ctx context.Context, emit func(providers.Reading)) error {
	var wg sync.WaitGroup
	sides := s.sides()
	errs := make([]error, len(sides))
	for i, j := range sides {
		if j.Toolkit.SnapshotDirectory != "" && j.Toolkit.Host != "" {
			wg.Go(func() { errs[i] = s.look(ctx, j, emit) })
		}
	}
	wg.Wait()
	return errors.Join(errs...)
}

// look lists the files of one side.
func (s *session) look(ctx context.Context, j providers.JobInfo, emit func(providers.Reading)) error {
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	sent := time.Now()
	l, err := s.listing(ctx, j.Toolkit)
	if err != nil {
		return fmt.Errorf("list the snapshots of %s in %s: %w", j.Path, j.Toolkit.SnapshotDirectory, err)
	}
	answered := time.Now()
	say := func(what string, v signal.Value, evidence string) {
		emit(providers.Reading{Path: j.Path + ".toolkit." + what, Value: v, Low: sent, High: answered, Evidence: evidence})
	}
	for i, f := range l.files {
		if i == mostNamed {
			break
		}
		at := "snapshot[" + strconv.Quote(f.name) + "]"
		age := signal.Bounded(signal.Duration, f.high.Seconds(), f.low.Seconds(), f.high.Seconds())
		say(at+".age", age, "")
		say(at+".size", signal.NumberVal(float64(f.size)), "")
	}
	say("snapshots", signal.NumberVal(float64(len(l.files))), l.words(j.Toolkit))
	return nil
}

// listing is what a look at a folder has shown.
type listing struct {
	missing bool // there is no such folder, or it cannot be entered
	more    bool // there are more than are listed
	files   []aged
}

// aged is a file and between how long ago it was written.
type aged struct {
	name      string
	size      int64
	low, high time.Duration
}

func (l listing) words(k *providers.Toolkit) string {
	switch {
	case l.missing:
		return fmt.Sprintf("%s is no folder that can be entered on %s", k.SnapshotDirectory, k.Host)
	case l.more:
		return fmt.Sprintf("there are more than %d; the rest is not looked at", mostFiles)
	}
	return ""
}

// listing asks the host, or the stand-in.
func (s *session) listing(ctx context.Context, k *providers.Toolkit) (listing, error) {
	at := providers.Place{Target: s.target.Name, Host: k.Host}
	if s.env.Volumes != nil {
		return s.modelled(ctx, at, k.SnapshotDirectory)
	}
	out, err := s.run(ctx, at, shell.Script{Name: "list snapshots", Text: listScript}.Set("DIR", k.SnapshotDirectory).Set("MOST", strconv.Itoa(mostFiles)))
	if err != nil {
		return listing{}, err
	}
	return parseListing(out), nil
}

// run runs a script that only looks, and returns what it printed.
func (s *session) run(ctx context.Context, at providers.Place, script shell.Script) (string, error) {
	if s.env.Machine == nil {
		return "", fmt.Errorf("there is no machine %s here: %w", at, providers.ErrUnsupported)
	}
	m, err := s.env.Machine(at)
	if err != nil {
		return "", fmt.Errorf("reach %s: %w", at, err)
	}
	out, err := m.Run(ctx, script)
	if err != nil {
		return "", fmt.Errorf("look at %s: %w", at, err)
	}
	if out.Exit != 0 {
		return "", fmt.Errorf("look at %s: status %d: %.200q", at, out.Exit, out.Stderr)
	}
	return out.Stdout, nil
}

func (s *session) modelled(ctx context.Context, at providers.Place, folder string) (listing, error) {
	v, err := s.env.Volumes(at)
	if err != nil {
		return listing{}, err
	}
	sent := time.Now()
	files, err := v.Files(ctx, folder, snapshotSuffix)
	if err != nil {
		return listing{}, err
	}
	answered := time.Now()
	var l listing
	for i, f := range files {
		if i == mostFiles {
			l.more = true
			break
		}
		l.files = append(l.files, aged{f.Name, f.Size, max(sent.Sub(f.Modified), 0), max(answered.Sub(f.Modified), 0)})
	}
	return l, nil
}
