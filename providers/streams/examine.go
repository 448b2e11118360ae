package streams

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/clock"
	"github.com/xdc-project/xdc/providers/streams/rest"
)

var (
	_ providers.Examiner = (*Session)(nil)
	_ providers.Assumer  = (*Session)(nil)
)

// How a server's clock is looked at. Its answers name whole seconds; looks at different parts of a second together bound
// the offset more closely.
const (
	clockLooks   = 8
	clockPause   = 130 * time.Millisecond
	expiresSoon  = 14 * 24 * time.Hour
	maxListed    = 10
	watchdogName = "RemoteDataCenterHeartbeatWatchdog"
)

// Examine says what runs at the instance, when the server's certificate ends and how far its clock is off.
func (s *Session) Examine(ctx context.Context) []providers.Finding {
	say := func(what, format string, args ...any) providers.Finding {
		return providers.Finding{Subject: s.target + " " + what, OK: true, Text: fmt.Sprintf(format, args...)}
	}
	fail := func(what string, err error) providers.Finding {
		return providers.Finding{Subject: s.target + " " + what, Text: err.Error()}
	}
	var out []providers.Finding
	off, ends, err := s.clock(ctx)
	switch {
	case err != nil:
		return []providers.Finding{fail("streams", err)}
	case !ends.IsZero() && time.Until(ends) < expiresSoon:
		f := say("certificate", "ends on %s, in %d days", ends.UTC().Format(time.DateOnly), int(time.Until(ends).Hours()/24))
		f.Remedy = "renew it before the next drill"
		out = append(out, f)
	case !ends.IsZero():
		out = append(out, say("certificate", "holds until %s", ends.UTC().Format(time.DateOnly)))
	}
	switch {
	case off == nil:
		out = append(out, say("clock", "the server's answers have no Date, so the offset of its clock is not known"))
	case off.Zero():
		out = append(out, say("clock", "agrees with this machine's: %s", off))
	default:
		out = append(out, say("clock", "is off by %s; nothing that xdc measures rests on it", off))
	}
	i, err := s.inst(ctx)
	if err != nil {
		return append(out, fail("streams", err))
	}
	jobs, err := s.client.Snapshot(ctx, i)
	if err != nil {
		return append(out, fail("jobs", err))
	}
	out = append(out, say("jobs", "%s", jobsInWords(jobs)))
	if hosts, err := s.client.Resources(ctx); err != nil {
		out = append(out, say("resources", "cannot be listed, so streams_resource cannot be used: %v", err))
	} else {
		out = append(out, say("resources", "%s", resourcesInWords(hosts)))
	}
	return append(out, s.survey(ctx, i))
}

// clock asks the server for its root some times. The offset is nil when its answers have no date.
func (s *Session) clock(ctx context.Context) (off *clock.Offset, certificate time.Time, err error) {
	for i := range clockLooks {
		if i > 0 {
			if err := pause(ctx, clockPause); err != nil {
				return off, certificate, err
			}
		}
		a, err := s.client.Ping(ctx)
		if err != nil {
			return off, certificate, err
		}
		certificate = a.CertificateEnds
		one, ok := clock.Header(a.Header, a.Sent, a.Answered)
		switch {
		case !ok:
			return nil, certificate, nil
		case off == nil:
			off = &one
		default:
			both, _ := off.And(one) // a clock that is being set is known by its last reading
			off = &both
		}
	}
	return off, certificate, nil
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

func jobsInWords(jobs []rest.JobSnapshot) string {
	if len(jobs) == 0 {
		return "no job runs"
	}
	var names []string
	for _, j := range jobs {
		text := fmt.Sprintf("%s (%s", j.Name, j.ID)
		if j.Health != "" {
			text += ", " + snake(j.Health)
		}
		names = append(names, fmt.Sprintf("%s, %s)", text, counted(len(j.PEs), "PE")))
	}
	slices.Sort(names)
	return fmt.Sprintf("%s: %s", counted(len(jobs), "job"), someOf(names))
}

func resourcesInWords(hosts []rest.Resource) string {
	var names []string
	for _, h := range hosts {
		name := h.Name
		if name == "" {
			name = string(h.ID)
		}
		if h.Status != "" {
			name += " (" + snake(h.Status) + ")"
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return fmt.Sprintf("%s: %s", counted(len(hosts), "resource"), someOf(names))
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func sortedKeysOf(m map[string]bool) []string { return slices.Sorted(maps.Keys(m)) }

func someOf(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	text := strings.Join(names[:min(len(names), maxListed)], ", ")
	if more := len(names) - maxListed; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
