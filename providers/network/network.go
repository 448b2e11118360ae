// Package network has the faults of the network between data centres: partition, loss, latency, bandwidth, lost routes and
// names that resolve wrongly.
//
// A fault says what is to happen to which traffic. A stand-in has a mechanism of its own for that (providers.Links). On
// real hosts it is done here, with what every Linux has: nftables or iptables, routes, queues, and a mount.
package network

import (
	"context"
	"encoding/json"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/host"
)

// Name is the provider's name.
const Name = "network"

// kind is one fault of the network.
type kind struct {
	name    string
	doc     string
	example string
	stages  bool
	own     []schema.Attribute
	// effect puts the fault's own part into a rule; detail names it in words: "loses 10% of packets".
	effect func(a *arguments, r *providers.LinkRule)
	words  func(a *arguments) string
	check  func(a *arguments) diag.List
	// only are all the attributes, in place of the selectors and own; to says that the other side is called `to`, and that
	// packets to it are meant.
	only []schema.Attribute
	to   bool
	// means names in the plan what it is made of on a host; empty for what a packet filter does.
	means string
	// lay lays the rule out on a machine; nil for what a packet filter does.
	lay func(ctx context.Context, s site, r providers.LinkRule) (host.Work, error)
}

// Provider describes everything this package does.
func Provider() *providers.Provider {
	p := &providers.Provider{
		Name: Name,
		Doc:  "Cuts and degrades traffic between hosts of a target and other networks, on the hosts themselves (nftables or iptables, routes, tc) or on a twin. Everything is found again by a name that is unique to the run and the step, and nothing that was there before is touched.",
	}
	for _, k := range kinds() {
		p.Faults = append(p.Faults, k.faultType())
	}
	p.Faults = append(p.Faults, dnsFault())
	return p
}

func (k kind) attributes() []schema.Attribute {
	if k.only != nil {
		return k.only
	}
	return append(selectors(), k.own...)
}

func (k kind) faultType() providers.FaultType {
	return providers.FaultType{
		Name: k.name, Doc: k.doc, Example: k.example, Twin: true, Stages: k.stages,
		Schema: &schema.Block{Name: k.name, Description: k.doc, Attributes: k.attributes()},
		Describe: func(s providers.Scope, args json.RawMessage) (providers.Description, diag.List) {
			return describe(k, s, args)
		},
		New: k.deed,
	}
}
