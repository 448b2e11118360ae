package toxiproxy

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
)

const (
	maxSpots = 256  // proxies of one fault, over all targets
	maxName  = 1024 // bytes of a proxy's name
)

// arguments are what a fault receives; each kind uses its own part of the second half.
type arguments struct {
	Target   string   `json:"target"`
	Targets  []string `json:"targets"`
	Proxies  []string `json:"proxies"`
	Stream   string   `json:"stream"`
	Toxicity *float64 `json:"toxicity"`

	Latency    value.Duration `json:"latency"`
	Jitter     value.Duration `json:"jitter"`
	Rate       float64        `json:"rate"` // bytes a second
	CloseAfter value.Duration `json:"close_after"`
	After      value.Duration `json:"after"`
	CloseDelay value.Duration `json:"close_delay"`
	Bytes      float64        `json:"bytes"`
}

// selectors are the arguments that say which traffic is meant. A proxy that is switched off has no streams to choose from.
func selectors(off bool) []schema.Attribute {
	out := []schema.Attribute{
		{
			Name: "target", Type: cty.String, Form: schema.TargetRef, Public: true, Example: "target.dc1",
			Description: "The target whose toxiproxy is asked. Exactly one of `target` and `targets` is given.",
		},
		{
			Name: "targets", Type: cty.List(cty.String), Form: schema.TargetRef, Public: true, Example: "[target.dc1, target.dc2]",
			Description: "The targets whose toxiproxies are asked, each for all of `proxies`.",
		},
		{
			Name: "proxies", Type: cty.List(cty.String), Required: true, Public: true, Example: `["orders_to_dc2"]`,
			Description: "The proxies at which the fault acts, by the names that toxiproxy knows them under. They must exist, and be switched on.",
		},
	}
	if off {
		return out
	}
	return append(
		out,
		schema.Attribute{
			Name: "stream", Type: cty.String, Enum: []string{"both", "upstream", "downstream"}, Default: cty.StringVal("both"), Public: true, Example: `"upstream"`,
			Description: "Which way is affected: `upstream` is what the side that connects sends to the server behind the proxy, `downstream` what the server sends back.",
		},
		schema.Attribute{
			Name: "toxicity", Type: cty.Number, Form: schema.Percent, Default: cty.NumberIntVal(1), Min: new(float64(0)), Max: new(float64(1)), Public: true, Example: `"50%"`,
			Description: "The share of the connections that is affected, chosen at random for each stream of each connection.",
		},
	)
}

func duration(name string, required bool, most time.Duration, description, example string) schema.Attribute {
	return schema.Attribute{
		Name: name, Type: cty.String, Form: schema.Duration, Required: required, Public: true, Max: new(most.Seconds()), Description: description, Example: example,
	}
}

// ms is a duration in whole milliseconds, never less than asked.
func ms(d value.Duration) int64 { return int64((d.D() + time.Millisecond - 1) / time.Millisecond) }

func finding(attribute, summary, detail string) diag.List {
	return diag.List{{Severity: diag.Error, Code: diag.ProviderArgument, Summary: summary, Detail: detail, Path: cty.GetAttrPath(attribute)}}
}

func within(attribute string, d, least, most time.Duration) diag.List {
	if d >= least && d <= most {
		return nil
	}
	return finding(attribute, attribute+" is out of bounds", fmt.Sprintf("It is from %s to %s.", value.Duration(least), value.Duration(most)))
}

func (k kind) decode(raw json.RawMessage) (*arguments, error) {
	a := &arguments{}
	if err := json.Unmarshal(raw, a); err != nil {
		return nil, fmt.Errorf("read the arguments of %s: %w", k.name, err)
	}
	if a.Stream == "" {
		a.Stream = "both"
	}
	if k.off {
		a.Stream = "downstream"
	}
	if a.Toxicity == nil || k.off {
		a.Toxicity = new(1.0)
	}
	return a, nil
}

// validate finds what is wrong with arguments as far as they alone say.
func (a *arguments) validate(k kind) diag.List {
	var out diag.List
	switch n := len(a.Targets); {
	case a.Target == "" && n == 0:
		out = append(out, finding("target", "There is no target", "Say whose toxiproxy is meant, such as target = target.dc1.")...)
	case a.Target != "" && n > 0:
		out = append(out, finding("targets", "There are both target and targets", "Remove one of them.")...)
	}
	if len(a.Proxies) == 0 {
		out = append(out, finding("proxies", "proxies is empty", "Name the proxies as `toxiproxy-cli list` shows them.")...)
	}
	if len(a.Proxies)*max(len(a.Targets), 1) > maxSpots {
		out = append(out, finding("proxies", "There are too many proxies", fmt.Sprintf("A fault acts at no more than %d.", maxSpots))...)
	}
	for _, p := range a.Proxies {
		if err := usable(p); err != nil {
			out = append(out, finding("proxies", "A proxy's name cannot be used", fmt.Sprintf("%s: %v.", shown(p), err))...)
		}
	}
	if !slices.Contains([]string{"both", "upstream", "downstream"}, a.Stream) {
		out = append(out, finding("stream", fmt.Sprintf("%.40q is not a stream", a.Stream), "Write \"upstream\", \"downstream\" or \"both\".")...)
	}
	if t := *a.Toxicity; !(t > 0 && t <= 1) {
		out = append(out, finding("toxicity", "toxicity is out of bounds", "It is the share of connections that is affected: more than 0%, and at most 100%.")...)
	}
	if k.check != nil {
		out = append(out, k.check(a)...)
	}
	return out
}

// usable refuses names that toxiproxy's own HTTP interface cannot be asked about.
func usable(name string) error {
	switch {
	case name == "" || name == "." || name == "..":
		return errors.New("toxiproxy cannot be asked about a proxy of this name")
	case strings.Contains(name, "/"):
		return errors.New("toxiproxy cannot be asked about a proxy with a slash in its name: create it under another one")
	case len(name) > maxName:
		return fmt.Errorf("it is longer than %d bytes", maxName)
	}
	return nil
}

// spot is one proxy at which the fault acts.
type spot struct {
	Place providers.Place `json:"place"`
	Proxy string          `json:"proxy"`
}

func (s spot) String() string { return s.Place.String() + " proxy " + shown(s.Proxy) }

// spots are the proxies in a fixed order, each once.
func (a *arguments) spots() []spot {
	targets := slices.Clone(a.Targets)
	if a.Target != "" {
		targets = append(targets, a.Target)
	}
	var out []spot
	for _, t := range sorted(targets) {
		for _, p := range sorted(a.Proxies) {
			out = append(out, spot{providers.Place{Target: t}, p})
		}
	}
	return out
}

func sorted(names []string) []string {
	names = slices.Clone(names)
	slices.Sort(names)
	return slices.Compact(names)
}

// toxics are what each proxy gets, one for each stream, since a name stands for one toxic of a proxy.
func (k kind) toxics(a *arguments, name string) []toxic {
	streams := []string{a.Stream}
	if a.Stream == "both" {
		streams = []string{"upstream", "downstream"}
	}
	attributes, err := json.Marshal(k.attributes(a))
	if err != nil {
		panic(err) // a map of numbers
	}
	var out []toxic
	for _, s := range streams {
		out = append(out, toxic{Name: name + "_" + s, Type: k.typ, Stream: s, Toxicity: float32(*a.Toxicity), Attributes: attributes})
	}
	return out
}
