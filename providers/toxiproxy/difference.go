package toxiproxy

import (
	"fmt"
	"strings"

	"github.com/xdc-project/xdc/providers"
)

// remains says what of the deed is left at a proxy; empty when nothing is.
func remains(u undo, s spot, now proxy) string {
	var left []string
	for _, t := range u.Toxics {
		if _, there := now.toxic(t); there {
			left = append(left, fmt.Sprintf("%s still has the toxic %s", s, t))
		}
	}
	return strings.Join(left, "; ")
}

// difference says how a proxy differs from what Prepare saw, line by line. Toxics of other steps of the same run are
// left out: they come and go on their own, and so does what toxiproxy_down of another step has switched off.
func difference(before found, now proxy, h providers.Handle) string {
	var out []string
	add := func(format string, args ...any) {
		out = append(out, before.Spot.String()+": "+fmt.Sprintf(format, args...))
	}
	was := before.Proxy
	if now.Listen != was.Listen {
		add("listens at %.80q, and did at %.80q", now.Listen, was.Listen)
	}
	if now.Upstream != was.Upstream {
		add("leads to %.80q, and did to %.80q", now.Upstream, was.Upstream)
	}
	ours := prefix(h)
	marked := false
	for _, t := range now.Toxics {
		if strings.HasPrefix(t.Name, ours) {
			marked = marked || t.Type == down().typ
			continue
		}
		switch old, there := was.toxic(t.Name); {
		case !there:
			add("has a new toxic %s", clip(t.String()))
		case !same(old, t):
			add("the toxic %s was %s", clip(t.String()), clip(old.String()))
		}
	}
	for _, t := range was.Toxics {
		if _, there := now.toxic(t.Name); !there && !strings.HasPrefix(t.Name, ours) {
			add("the toxic %s is gone", clip(t.String()))
		}
	}
	if !now.Enabled && !marked {
		add("is switched off, and was on")
	}
	return strings.Join(out, "\n")
}

// prefix begins the names of all that a run puts on a target.
func prefix(h providers.Handle) string {
	name := providers.UniqueName(h.Run, h.Step)
	return name[:strings.LastIndexByte(name, '_')+1]
}
