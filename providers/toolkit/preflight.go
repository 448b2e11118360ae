package toolkit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/shell"
)

var _ providers.Checker = (*session)(nil)

// Check reads the configurations of the target's sides and says what is wrong with each, with what the plan says about it,
// and with a side and the one it is paired with. It only looks.
func (s *session) Check(ctx context.Context) []providers.Finding {
	sides := s.sides()
	found := make([][]providers.Finding, len(sides))
	var wg sync.WaitGroup
	for i, j := range sides {
		wg.Go(func() { found[i] = s.checkSide(ctx, j) })
	}
	wg.Wait()
	return append(slices.Concat(found...), s.sameFolder(sides)...)
}

// report collects findings about one side.
type report struct {
	subject string
	found   []providers.Finding
}

func newReport(j providers.JobInfo) *report {
	return &report{subject: j.Target + " " + j.Path + " toolkit"}
}

func (r *report) bad(remedy, format string, args ...any) {
	r.found = append(r.found, providers.Finding{Subject: r.subject, Text: fmt.Sprintf(format, args...), Remedy: remedy})
}

func (r *report) note(remedy, format string, args ...any) {
	r.found = append(r.found, providers.Finding{Subject: r.subject, OK: true, Text: fmt.Sprintf(format, args...), Remedy: remedy})
}

// checkSide looks at one side.
func (s *session) checkSide(ctx context.Context, j providers.JobInfo) []providers.Finding {
	r := newReport(j)
	c, ok := s.configured(ctx, j, r)
	folder := j.Toolkit.SnapshotDirectory
	if ok {
		r.alone(c, j.Toolkit)
		if c.SnapshotDirectory != "" && !c.database() {
			folder = c.SnapshotDirectory
		}
		for _, p := range couples(s.env.Jobs) {
			if p.local.Target != j.Target || p.local.Path != j.Path {
				continue
			}
			// The other side's own findings are said there.
			if o, ok := s.configured(ctx, p.remote, newReport(p.remote)); ok && j.Target < p.remote.Target {
				r.together(j.Target, c, p.remote.Target, o)
			}
			if j.Toolkit.Host != "" {
				s.reaches(ctx, j, p.remote, c, r)
			} else {
				r.covers(s.env.Targets[p.remote.Target], c.machines())
			}
		}
	}
	if folder != "" && j.Toolkit.Host != "" {
		s.checkFolder(ctx, j, folder, r)
	}
	return r.found
}

// configured reads the configuration of a side; ok is false where there is none to be read.
func (s *session) configured(ctx context.Context, j providers.JobInfo, r *report) (configured, bool) {
	k := j.Toolkit
	if k == nil {
		return configured{}, false
	}
	c, filed := configuration{}, k.Host != "" && k.ConfigFile != ""
	if filed {
		var ok bool
		if c, ok = s.filed(ctx, j, r); !ok {
			return configured{}, false
		}
	}
	if k.MainComposite != "" {
		beneath, ok := s.applied(ctx, j, filed, r)
		if !ok {
			return configured{}, false
		}
		c = c.over(beneath)
	} else if !filed {
		return configured{}, false
	}
	out := configure(c)
	out.Pairs = max(k.Pairs, 1) // it is a submission parameter, and in neither of the two
	return out, true
}

// filed reads the file of a side.
func (s *session) filed(ctx context.Context, j providers.JobInfo, r *report) (configuration, bool) {
	k := j.Toolkit
	at := providers.Place{Target: j.Target, Host: k.Host}
	text, err := s.readConfig(ctx, at, k.ConfigFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r.bad("Correct config_file or the file. The toolkit says nothing when its file is missing: it takes what is in the application configuration CrossDCFailover, and else what is built in, with which heartbeats are off.",
			"%s is not there, or cannot be read, on %s", k.ConfigFile, at)
		return configuration{}, false
	case err != nil:
		r.bad("", "read %s: %v", k.ConfigFile, err)
		return configuration{}, false
	}
	c, ok := parseConfig(text)
	if !ok {
		r.bad("Correct config_file.", "%s on %s is too long to be a configuration of the toolkit", k.ConfigFile, at)
	}
	c.from = k.ConfigFile
	return c, ok
}

// readConfig returns a file of a host. Its password does not leave the host.
func (s *session) readConfig(ctx context.Context, at providers.Place, name string) (string, error) {
	if s.env.Volumes != nil {
		v, err := s.env.Volumes(at)
		if err != nil {
			return "", err
		}
		b, err := v.Read(ctx, name, mostConfig+1)
		return string(b), err
	}
	out, err := s.run(ctx, at, shell.Script{Name: "read the toolkit's configuration", Text: configScript}.Set("FILE", name).Set("MOST", fmt.Sprint(mostConfig+1)))
	if err != nil {
		return "", err
	}
	kind, text, _ := strings.Cut(out, "\n")
	if kind != "file" {
		return "", fs.ErrNotExist
	}
	return text, nil
}

// alone says what is wrong with one configuration, and where the plan says something else.
func (r *report) alone(c configured, k *providers.Toolkit) {
	effect := ""
	if k.MainComposite == "" {
		effect = " Without it there the toolkit looks into the application configuration CrossDCFailover (main_composite has that read, too), and else takes what is built in."
	}
	r.odd(c)
	for _, key := range c.bad {
		r.bad("Correct it: what the toolkit makes of such a value is not known.", "the value of %s in %s cannot be read", key, c.source(key))
	}
	if len(c.bad) > 0 {
		return // what follows from it would be wrong too
	}
	_, given := c.get("heartbeatExchangeInterval")
	switch h := c.HeartbeatInterval.D(); {
	case !given:
		r.bad("Add heartbeatExchangeInterval=30.0, or whatever is wanted."+effect, "failover is off: %s has no heartbeatExchangeInterval, and the built-in one is 14 years", c.from)
	case h <= 0 || h >= never:
		r.bad("Correct it.", "failover is off: heartbeatExchangeInterval is %s", c.HeartbeatInterval)
	}
	if c.MissesAllowed >= 255 {
		r.bad("Make it less.", "failover is off: consecutiveHeartbeatMissesAllowed is %d, and the count of missed ones, a byte, never exceeds it", c.MissesAllowed)
	}
	_, given = c.get("dataSnapshotExchangeInterval")
	switch h, sn := c.HeartbeatInterval.D(), c.SnapshotInterval.D(); {
	case !given:
		r.note("Add dataSnapshotExchangeInterval if the other side is to take state over."+effect, "no state is replicated: %s has no dataSnapshotExchangeInterval", c.from)
	case sn.Seconds() < 1:
		r.bad("Make it a second or more.", "dataSnapshotExchangeInterval is %s: the toolkit divides by its whole seconds", c.SnapshotInterval)
	case sn >= never:
		r.note("Make it shorter if the other side is to take state over.", "no state is replicated: dataSnapshotExchangeInterval is %s", c.SnapshotInterval)
	case h > 0 && sn%h != 0:
		if p, ok := EffectivePeriod(h, sn); ok {
			r.note("Make it a multiple.", "dataSnapshotExchangeInterval (%s) is no multiple of heartbeatExchangeInterval (%s): snapshots come every %s", c.SnapshotInterval, c.HeartbeatInterval, signal.Seconds(p))
		}
	}
	if c.SnapshotDirectory == "" && !c.database() && given {
		r.bad("Set dataSnapshotStorageDirectory, or a database.", "the other side's state has nowhere to go: %s names neither a folder nor a database", c.from)
	}
	if _, given := c.get("remoteDataCenterApplicationMachineNames"); !given {
		r.bad("Name every machine of the other side on which the application may run.", "%s names no machines of the other side: heartbeats go to localhost", c.from)
	}
	if n := len(c.machines()); n > 1 && !c.SendToAll && c.ConnectTimeout.D().Seconds()*float64(n) > c.HeartbeatInterval.D().Seconds() && c.HeartbeatInterval > 0 {
		r.note("Shorten httpConnectionTimeout, or the list.", "%d machines with %s each take longer than a heartbeat interval (%s) on a link that swallows everything: heartbeats queue then, and stale ones arrive after the heal", n, c.ConnectTimeout, c.HeartbeatInterval)
	}
	for _, d := range c.against(k) {
		r.bad("Correct one of them: what is predicted, and what rehearsals do, rests on the plan.", "%s is %s in the plan, and %s is %s in %s", d.attr, d.plan, d.key, d.file, d.source)
	}
	if len(r.found) == 0 {
		r.note("", "%s says what the plan does: a heartbeat every %s, %d may be missed", c.from, c.HeartbeatInterval, c.MissesAllowed)
	}
}

// odd says which lines do not mean what they seem to.
func (r *report) odd(c configured) {
	for _, o := range c.odd {
		key := fmt.Sprintf("%.60q", o.key)
		switch o.why {
		case lineEquals:
			r.bad("Write the value without =. For the address of a database use its properties in another form.", "line %d: %s does not count, because %s, and the toolkit says nothing about it", o.line, key, o.why)
		case lineNoValue, lineBlanks:
			r.note("", "line %d: %s: %s", o.line, key, o.why)
		case lineRepeated:
			r.note("Take one of them out.", "line %d: %s does not count, because %s", o.line, key, o.why)
		default:
			where := fmt.Sprintf("line %d", o.line)
			if o.line == 0 {
				where = appConfig
			}
			r.note("Look for a slip of the pen.", "%s: %s: %s", where, key, o.why)
		}
	}
}

// together compares two sides.
func (r *report) together(here string, c configured, there string, o configured) {
	if len(c.bad)+len(o.bad) > 0 {
		return
	}
	same := func(key string, a, b any) {
		if a != b {
			r.bad("Configure both sides alike.", "%s is %v at %s and %v at %s", key, a, here, b, there)
		}
	}
	same("heartbeatExchangeInterval", c.HeartbeatInterval, o.HeartbeatInterval)
	same("consecutiveHeartbeatMissesAllowed", c.MissesAllowed, o.MissesAllowed)
	same("crossDCHttpPort", c.Port, o.Port)
	same("numberOfHttpSenderReceiverPairs (pairs)", max(c.Pairs, 1), max(o.Pairs, 1))
	if c.name == o.name {
		r.bad("Give each data centre a localDataCenterName of its own.", "both sides call themselves %.60q: neither can tell the other's state from its own", c.name)
	}
	if c.Mode == rolePassive && o.Mode == rolePassive {
		r.bad("Set crossDCOperationMode=1 at one of them.", "both sides are passive: nothing would ever run")
	}
}

// sameFolder finds jobs of one target that keep snapshots in the same folder.
func (s *session) sameFolder(sides []providers.JobInfo) []providers.Finding {
	var out []providers.Finding
	for i, a := range sides {
		for _, b := range sides[:i] {
			if f := a.Toolkit.SnapshotDirectory; f != "" && f == b.Toolkit.SnapshotDirectory && a.Launched == "" && b.Launched == "" {
				r := newReport(a)
				r.bad("Give each application a folder of its own.", "%s and %s keep snapshots in the same folder, %s: each deletes the other's when it starts", a.Path, b.Path, f)
				out = append(out, r.found...)
			}
		}
	}
	return out
}
