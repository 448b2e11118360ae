// Package network has the faults of the network between data centres: partition, loss, latency, bandwidth.
//
// It says what is to happen to which traffic. How it is made to happen is the target's business: the faults ask
// for a mechanism (providers.Links) and never see what is behind it.
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
	// lay lays the rule out on a machine; nil for what a packet filter does.
	lay func(ctx context.Context, s site, r providers.LinkRule) (host.Work, error)
}

// Provider describes everything this package does.
func Provider() *providers.Provider {
	p := &providers.Provider{
		Name: Name,
		Doc:  "Cuts and degrades traffic between hosts of a target and other networks. Everything is found again by a name that is unique to the run and the step, and nothing that was there before is touched.",
	}
	for _, k := range kinds() {
		p.Faults = append(p.Faults, k.faultType())
	}
	return p
}

func (k kind) faultType() providers.FaultType {
	return providers.FaultType{
		Name: k.name, Doc: k.doc, Example: k.example, Twin: true, Stages: k.stages,
		Schema: &schema.Block{Name: k.name, Description: k.doc, Attributes: append(selectors(), k.own...)},
		Describe: func(s providers.Scope, args json.RawMessage) (providers.Description, diag.List) {
			return describe(k, s, args)
		},
		New: k.deed,
	}
}
