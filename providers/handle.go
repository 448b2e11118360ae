package providers

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/xdc-project/xdc/lang/value"
)

// HandleFormat is the format word of handles this version writes.
const HandleFormat = "xdc.handle/1"

// A Handle is all that a fresh process needs to undo a deed, fixed before the deed is done. It is
// journalled in the open and so never holds a secret, only the slots of those it will need.
type Handle struct {
	Format   string  `json:"format"`
	Run      string  `json:"run"`
	Step     string  `json:"step"`     // address
	Provider string  `json:"provider"` // who can undo it
	Type     string  `json:"type"`     // fault type, or "job"
	Places   []Place `json:"places"`
	// Names are what will exist under a name of its own because of the deed, each unique to run and step.
	Names []string `json:"names,omitempty"`
	// Before is what was found, for comparison after the heal.
	Before json.RawMessage `json:"before,omitempty"`
	// Undo is what the provider needs to heal; Args what it needs to inject.
	Undo json.RawMessage `json:"undo,omitempty"`
	Args json.RawMessage `json:"args,omitempty"`
	// CutOff says that the deed cuts the way by which xdc reaches the place: nobody can renew its lease or end it early,
	// and the place heals by itself when the lease ends.
	CutOff bool `json:"cut_off,omitempty"`
	// Found says what Prepare has found that people should see before they agree, such as which processes are meant.
	// Lines are safe to show.
	Found []Line `json:"found,omitempty"`
}

// Place is where a deed has its effect.
type Place struct {
	Target string `json:"target"`
	Host   string `json:"host,omitempty"`
}

// String is "dc1" or "dc1.edge"; the zero place is the machine that xdc runs on, "here".
func (p Place) String() string {
	if p == (Place{}) {
		return "here"
	}
	if p.Host == "" {
		return p.Target
	}
	return p.Target + "." + p.Host
}

// NewHandle makes a handle whose before, undo and args are v encoded as JSON; nil values are left out.
func NewHandle(id StepID, provider, typ string, places []Place, before, undo, args any) (Handle, error) {
	h := Handle{Format: HandleFormat, Run: id.Run, Step: id.Step, Provider: provider, Type: typ, Places: places}
	for _, p := range []struct {
		to *json.RawMessage
		v  any
	}{{&h.Before, before}, {&h.Undo, undo}, {&h.Args, args}} {
		if p.v == nil {
			continue
		}
		b, err := json.Marshal(p.v)
		if err != nil {
			return Handle{}, fmt.Errorf("encode the handle of %s: %w", id.Step, err)
		}
		*p.to = b
	}
	return h, nil
}

// Effect is what Verify and VerifyHealed saw.
type Effect struct {
	// InForce is whether the deed's effect is there. A Verify that cannot tell returns an error instead.
	InForce bool
	// Low and High bound the instant of the observation; High is when it was known.
	Low, High time.Time
	// Evidence says in words what was looked at and seen.
	Evidence string
	// Difference is set by VerifyHealed where nothing of the deed is left and yet the place is not as Prepare saw it:
	// what is gone and what is new, line by line.
	Difference string
	// Result is what later steps may refer to (a job's id), as a JSON object; may be nil.
	Result json.RawMessage
}

// Lease bounds how long an armed undo waits.
type Lease struct {
	// TTL is how long the undo waits without a renewal.
	TTL value.Duration `json:"ttl"`
	// Deadline is how long it waits at all, renewed or not, from arming.
	Deadline value.Duration `json:"deadline"`
}
