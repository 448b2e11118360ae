package streams

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/streams/rest"
)

// survey says what the server shows beyond what is known of the API: whoever has a real installation can report it.
func (s *Session) survey(ctx context.Context, i rest.Instance) providers.Finding {
	f := providers.Finding{Subject: s.target + " properties", OK: true}
	got, err := s.client.Survey(ctx, i)
	if err != nil {
		f.Text = fmt.Sprintf("what the server shows could not be looked at: %v", err)
		return f
	}
	f.Text = fmt.Sprintf("%s of %s looked at", counted(got.Elements, "object"), counted(len(got.Kinds), "kind"))
	if len(got.Unknown) == 0 {
		f.Text += ": xdc knows each property, and each word of those that hold one of a few"
	} else {
		f.Text += "; xdc does not know " + unknownInWords(got)
		f.Remedy = "it goes on without them; report them with the version of the platform (`xdc doctor --json` lists them)"
	}
	for _, u := range got.Unknown {
		f.Unknown = append(f.Unknown, providers.Unknown{Kind: u.Kind, Property: u.Property, Word: u.Word})
	}
	for _, kind := range slices.Sorted(maps.Keys(got.Refused)) {
		f.Text += fmt.Sprintf("; %s: %v", kind, got.Refused[kind])
	}
	return f
}

// unknownInWords lists what is unknown by kind.
func unknownInWords(s rest.Survey) string {
	var kinds []string
	said := map[string][]string{}
	for _, u := range s.Unknown {
		if said[u.Kind] == nil {
			kinds = append(kinds, u.Kind)
		}
		text := u.Property
		if u.Word != "" {
			text += " = " + u.Word
		}
		said[u.Kind] = append(said[u.Kind], text)
	}
	var out []string
	for _, k := range kinds {
		out = append(out, "of "+k+" "+someOf(said[k]))
	}
	text := strings.Join(out, "; ")
	if s.More {
		text += fmt.Sprintf("; and more than these %d", len(s.Unknown))
	}
	return text
}
