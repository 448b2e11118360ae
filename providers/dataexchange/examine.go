package dataexchange

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/xdc-project/xdc/providers"
)

var (
	_ providers.Examiner = (*Session)(nil)
	_ providers.Assumer  = (*Session)(nil)
)

// maxListed bounds how many endpoints are named.
const maxListed = 20

// Examine names the endpoints that the service lists.
func (s *Session) Examine(ctx context.Context) []providers.Finding {
	subject := s.target + " endpoints"
	_, body, err := s.listing(ctx)
	var all []candidate
	if err == nil {
		all, err = candidates(body)
	}
	if err != nil {
		return []providers.Finding{{Subject: subject, Text: err.Error()}}
	}
	words := map[way]string{inject: " (in)", inspect: " (out)"}
	var names []string
	for _, c := range all {
		name := c.url
		if len(c.names) > 0 {
			name = c.names[0]
		}
		if name += words[c.way]; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	text := "none: no running job has published one"
	if len(names) > 0 {
		text = strings.Join(names[:min(len(names), maxListed)], ", ")
		if len(names) > maxListed {
			text += " ..."
		}
	}
	return []providers.Finding{{Subject: subject, OK: true, Text: text}}
}

// Assume implements providers.Assumer with what the listing shows.
func (s *Session) Assume(ctx context.Context) []providers.Claim {
	const login, listing = "data_exchange.login", "data_exchange.listing"
	where, body, err := s.listing(ctx)
	switch {
	case errors.Is(err, errNoService):
		return []providers.Claim{
			{ID: login, Holds: providers.HoldsUnknown, Text: "no data service runs"},
			{ID: listing, Holds: providers.HoldsUnknown, Text: "no data service runs"},
		}
	case err != nil:
		return []providers.Claim{{ID: login, Holds: providers.HoldsUnknown, Text: err.Error()}}
	}
	out := []providers.Claim{{ID: login, Holds: providers.HoldsYes, Text: where.String() + " took them"}}
	all, err := candidates(body)
	switch {
	case err != nil:
		return append(out, providers.Claim{ID: listing, Holds: providers.HoldsNot, Text: err.Error() + ": give `endpoint_url` in seeds and audits"})
	case len(all) == 0:
		return append(out, providers.Claim{ID: listing, Holds: providers.HoldsUnknown, Text: "no endpoint is listed; none may be published"})
	}
	return append(out, providers.Claim{ID: listing, Holds: providers.HoldsYes, Text: strconv.Itoa(len(all)) + " found"})
}
