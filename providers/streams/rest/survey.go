package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Limits of a survey.
const (
	surveyed    = 50 // elements of each list
	maxUnknown  = 100
	maxSurveyed = 80 // of a name or a word, in bytes
)

// Unknown is something that a server showed and reference.txt does not have.
type Unknown struct {
	Kind     string // of resource
	Property string
	Word     string // what a known property holds; empty where the property itself is not known
}

// Survey is what was seen by looking at some of everything that a server shows.
type Survey struct {
	// Unknown is sorted; names and words are in ASCII, quoted where they are not plain, and cut off after 80 bytes.
	Unknown []Unknown
	// More says that there was more unknown than the 100 that are kept.
	More bool
	// Kinds are the kinds of resources of which something was seen, sorted, and Elements how many were.
	Kinds    []string
	Elements int
	// Refused are kinds that could not be looked at, with why.
	Refused map[string]error

	seen map[Unknown]bool
	met  map[string]bool
}

// Survey looks at a page of each list that the client reads, with all properties, and says what is unknown to it: it would
// pass over that. What a server does not have is passed over.
func (c *Client) Survey(ctx context.Context, i Instance) (Survey, error) {
	s := newSurvey()
	looks := []struct {
		kind, plural string
		link         func() (string, error)
	}{
		{"root", "", at(c.root.String())},
		{"domain", "domains", func() (string, error) { return c.Link(ctx, "domains") }},
		{"instance", "", at(i.Self)},
		{"job", "jobs", at(i.Jobs)},
		{"pe", "pes", at(i.PEs)},
		{"operator", "operators", at(i.Operators)},
		{"peConnection", "connections", at(i.PEConnections)},
		{"resourceAllocation", "resourceAllocations", at(i.ResourceAllocations)},
		{"activeService", "activeServices", at(i.ActiveServices)},
		{"resource", "resources", func() (string, error) { return c.resources(ctx) }},
		{"jobSnapshots", "", at(With(i.JobsSnapshot, "includeStatic", "true"))},
		{"jobsMetrics", "", at(i.MetricsSnapshot)},
	}
	for _, l := range looks {
		link, err := l.link()
		if err == nil && l.plural != "" {
			link = With(link, "count", strconv.Itoa(surveyed))
		}
		var body json.RawMessage
		if err == nil {
			err = c.Get(ctx, "look at what the server shows", link, &body)
		}
		switch {
		case ctx.Err() != nil:
			return s, ctx.Err()
		case NotFound(err):
		case err != nil:
			s.Refused[l.kind] = err
		case l.plural == "":
			s.one(l.kind, body)
		default:
			s.list(l.kind, l.plural, body)
		}
	}
	return s.done(), nil
}

func newSurvey() Survey {
	return Survey{Refused: map[string]error{}, seen: map[Unknown]bool{}, met: map[string]bool{}}
}

func (s Survey) done() Survey {
	s.Unknown = slices.SortedFunc(maps.Keys(s.seen), func(a, b Unknown) int {
		return strings.Compare(a.Kind+"\n"+a.Property+"\n"+a.Word, b.Kind+"\n"+b.Property+"\n"+b.Word)
	})
	s.Kinds = slices.Sorted(maps.Keys(s.met))
	return s
}

func at(link string) func() (string, error) { return func() (string, error) { return link, nil } }

// envelope is what a list has beside its elements.
var envelope = []string{"resourceType", "total", "next", "previous"}

// list looks at a page.
func (s *Survey) list(kind, plural string, body []byte) {
	var page map[string]json.RawMessage
	if json.Unmarshal(body, &page) != nil {
		return
	}
	for name := range page {
		if name != plural && !slices.Contains(envelope, name) {
			s.add(Unknown{Kind: kind + "List", Property: name})
		}
	}
	var some []json.RawMessage
	if json.Unmarshal(orNull(page[plural]), &some) != nil {
		return
	}
	for _, one := range some[:min(len(some), surveyed)] { // a server need not know `count`
		s.one(kind, one)
	}
}

// one looks at one resource, and at the objects in it.
func (s *Survey) one(kind string, body []byte) {
	known := knownKinds()[kind]
	var all map[string]json.RawMessage
	if known == nil || json.Unmarshal(body, &all) != nil || all == nil {
		return
	}
	s.met[kind] = true
	s.Elements++
	for name, raw := range all {
		p, ok := known[name]
		var word string
		switch {
		case !ok:
			s.add(Unknown{Kind: kind, Property: name})
		case p.words != nil:
			if json.Unmarshal(raw, &word) == nil && word != "" && !p.words[folded(word)] {
				s.add(Unknown{Kind: kind, Property: name, Word: word})
			}
		case p.kind == "":
		case bytes.HasPrefix(raw, []byte("[")):
			var some []json.RawMessage
			_ = json.Unmarshal(raw, &some) // it is a part of what was read
			for _, one := range some {
				s.one(p.kind, one)
			}
		default:
			s.one(p.kind, raw)
		}
	}
}

func (s *Survey) add(u Unknown) {
	u.Property, u.Word = ascii(u.Property), ascii(u.Word)
	switch {
	case s.seen[u]:
	case len(s.seen) >= maxUnknown:
		s.More = true
	default:
		s.seen[u] = true
	}
}

var plainName = regexp.MustCompile(`^[A-Za-z0-9_.$-]*$`)

// ascii is a server's text fit to be shown.
func ascii(text string) string {
	cut := ""
	if len(text) > maxSurveyed {
		text, cut = strings.ToValidUTF8(text[:maxSurveyed], ""), "..."
	}
	if !plainName.MatchString(text) {
		text = strconv.QuoteToASCII(text)
	}
	return text + cut
}
