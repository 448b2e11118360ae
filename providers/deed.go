package providers

import (
	"context"
	"encoding/json"
)

// A Deed is something done to a target that can be undone: a fault, a submitted job. It is stateless:
// all it needs travels in the handle, which the engine passes through JSON between any two calls.
type Deed interface {
	// Prepare looks, touches nothing, and fixes how the deed will be undone. It refuses what Inject
	// would have to refuse.
	Prepare(ctx context.Context, id StepID, args json.RawMessage) (Handle, error)
	// Inject returns when the request has been carried out. On error the target must be as it was, or
	// Heal must be able to make it so.
	Inject(ctx context.Context, h Handle) error
	// Verify looks from outside whether the deed is in effect. It is called again until InForce or an
	// error, so it need not wait.
	Verify(ctx context.Context, h Handle) (Effect, error)
	// Heal removes the deed. It is safe before, during and after Inject, and safe to repeat: recovery
	// after a crash calls it in a fresh process.
	Heal(ctx context.Context, h Handle) error
	// VerifyHealed compares the target with what Prepare saw. InForce is true while something is left.
	VerifyHealed(ctx context.Context, h Handle) (Effect, error)
}

// Armer is a deed whose undo can be armed where it acts, so that it happens without xdc.
type Armer interface {
	// Arm installs the undo under a lease, before Inject. An arming that cannot be confirmed is an error.
	Arm(ctx context.Context, h Handle, l Lease) error
	// Renew extends the lease by its TTL. ErrLeaseEnded means that the undo has already run.
	Renew(ctx context.Context, h Handle, l Lease) error
	// Disarm removes the armed undo after a verified heal. It is safe to repeat.
	Disarm(ctx context.Context, h Handle) error
}

// Stager is a deed whose parameters can be replaced in place, for stage blocks.
type Stager interface {
	// Restage replaces the arguments of a fault in force without healing in between. args has the same
	// schema as Prepare's, stage already merged.
	Restage(ctx context.Context, h Handle, args json.RawMessage) error
}

// Action is a one-shot deed without an undo of its own.
type Action interface {
	// Check looks whether Do could work, touching nothing; for preflight.
	Check(ctx context.Context, id StepID, args json.RawMessage) error
	Do(ctx context.Context, id StepID, args json.RawMessage) (ActionResult, error)
}

// ActionResult is what an action leaves for expressions; fields that do not apply stay nil or empty.
type ActionResult struct {
	ExitCode   *int   `json:"exit_code,omitempty"`
	StatusCode *int   `json:"status_code,omitempty"`
	Output     string `json:"output,omitempty"`
	Body       string `json:"body,omitempty"`
}
