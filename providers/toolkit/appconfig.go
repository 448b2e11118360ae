package toolkit

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/xdc-project/xdc/providers"
)

// appConfig is the application configuration in which the toolkit looks for what its file does not say (the reference's
// section 4). Assumption toolkit.application_configuration.
const appConfig = "CrossDCFailover"

// mostOthers bounds how many other applications a message names.
const mostOthers = 5

// keeper is what is needed of the target's streams session.
type keeper interface {
	ApplicationConfiguration(ctx context.Context, name string) (properties map[string]string, ok bool, err error)
}

// applied reads what the instance keeps for the application. ok is false where that was asked for and cannot be had; where
// there is a file, too, it may be that nothing is kept.
func (s *session) applied(ctx context.Context, j providers.JobInfo, filed bool, r *report) (configuration, bool) {
	main := j.Toolkit.MainComposite
	all, there, err := s.kept(ctx, j.Target)
	if err != nil {
		r.bad("Grant the authority to read application configurations, or leave main_composite out.", "read the application configuration %s: %v", appConfig, err)
		return configuration{}, false
	}
	c := pick(all, main)
	if s.env.Conceal != nil && c.values[concealedKey] != "" {
		s.env.Conceal(c.values[concealedKey])
	}
	switch {
	case len(c.values)+len(c.odd) > 0:
	case there:
		text := fmt.Sprintf("%s has nothing that begins with %s_", appConfig, main)
		if others := composites(all); len(others) > 0 {
			text += fmt.Sprintf("; there are keys of %s", strings.Join(others, ", "))
		}
		s.without(filed, r, text)
		return c, filed
	default:
		s.without(filed, r, fmt.Sprintf("the instance has no application configuration %s", appConfig))
		return c, filed
	}
	return c, true
}

// without says that nothing is kept for an application: where there is no file either, all is as it is built in.
func (s *session) without(filed bool, r *report, text string) {
	if filed {
		r.note("", "%s: what the file does not say is as it is built in", text)
		return
	}
	r.bad("Correct main_composite, or configure the application (streamtool mkappconfig).", "failover is off: %s, and the built-in heartbeat interval is 14 years", text)
}

// kept reads the object from the instance of a target.
func (s *session) kept(ctx context.Context, target string) (map[string]string, bool, error) {
	if s.env.Session == nil {
		return nil, false, fmt.Errorf("reach the platform of %s: %w", target, providers.ErrUnsupported)
	}
	got, err := s.env.Session(target, "streams")
	if err != nil {
		return nil, false, fmt.Errorf("use the streams session of %s: %w", target, err)
	}
	k, ok := got.(keeper)
	if !ok {
		return nil, false, fmt.Errorf("read from the streams session of %s: %w", target, providers.ErrUnsupported)
	}
	return k.ApplicationConfiguration(ctx, appConfig)
}

// pick takes what is of one application. Values are taken as they are; that the toolkit does so, too, is INFERRED.
func pick(all map[string]string, main string) configuration {
	c := configuration{values: map[string]string{}, from: appConfig}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		key, ok := strings.CutPrefix(name, main+"_")
		if !ok {
			continue
		}
		if _, known := settingOf(key); !known {
			if len(c.odd) < mostLines {
				c.odd = append(c.odd, oddLine{0, key, lineUnknown})
			}
			continue
		}
		c.values[key] = all[name]
	}
	return c
}

// composites are the applications that have keys of the toolkit in the object, quoted.
func composites(all map[string]string) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		i := strings.LastIndexByte(name, '_')
		if i < 1 {
			continue
		}
		if _, known := settingOf(name[i+1:]); !known {
			continue
		}
		if q := fmt.Sprintf("%.80q", name[:i]); !slices.Contains(out, q) {
			out = append(out, q)
		}
		if len(out) == mostOthers {
			break
		}
	}
	return out
}

// over lays a file over what the instance keeps: the file wins, key by key.
func (c configuration) over(beneath configuration) configuration {
	if c.from == "" {
		return beneath
	}
	out := configuration{values: maps.Clone(beneath.values), odd: slices.Concat(c.odd, beneath.odd), of: map[string]string{}}
	for key := range beneath.values {
		out.of[key] = beneath.from
	}
	for key, v := range c.values {
		out.values[key], out.of[key] = v, c.from
	}
	out.from = c.from + " over " + beneath.from
	return out
}
