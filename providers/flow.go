package providers

import (
	"context"
	"encoding/json"
	"time"
)

// Feed lets records into an application and out of it again.
type Feed interface {
	// Inlet opens an endpoint for sending. args are the seed's own arguments.
	Inlet(ctx context.Context, target string, args json.RawMessage) (Inlet, error)
	// Outlet opens an endpoint for reading. args are the audit's own arguments.
	Outlet(ctx context.Context, target string, args json.RawMessage) (Outlet, error)
}

// Fitter is a feed that can look what an endpoint says of the records that it takes.
type Fitter interface {
	// Fit holds records against that, touching nothing. args are the seed's own arguments. Findings that are not OK say what
	// would be refused or lost. known is false where nothing can be said yet: the endpoint is not there, or nobody answers.
	// Once it is known, check says of any record whether it fits; nil: nothing is said, or nothing is to be held against it. It may
	// be called concurrently and asks nobody.
	Fit(ctx context.Context, target string, args json.RawMessage, records []json.RawMessage) (found []Finding, check Check, known bool)
}

// Check says why a record would be refused by its endpoint; nil where it fits.
type Check func(record json.RawMessage) error

// Inlet sends records to one endpoint of one target. Send may be called concurrently.
type Inlet interface {
	Send(ctx context.Context, items []json.RawMessage) Receipt
	Close() error
}

// Outcome is what became of records that were sent.
type Outcome int

// The outcomes of a request.
const (
	// Accepted: the service took all items.
	Accepted Outcome = iota + 1
	// Refused: the service answered and did not take the items after Receipt.Accepted; they are not in.
	Refused
	// Indeterminate: the connection broke after the request may have left and before the answer came.
	Indeterminate
	// Unreached: it is certain that no byte of the request was read by the service (dial refused).
	Unreached
)

// Receipt is the answer to one Send.
type Receipt struct {
	Outcome Outcome
	// Accepted is how many leading items were taken; with Outcome Accepted, all.
	Accepted int
	// Busy says that the service asked to come back later (a full buffer): the rest may be sent again
	// without risk of a copy.
	Busy bool
	// After is how long it asked to be left alone, with Busy; 0: it did not say.
	After time.Duration
	// Sent is just before the request left, Answered when its outcome was known.
	Sent, Answered time.Time
	Err            error
}

// Outlet reads what comes out of one endpoint of one target, each item once, in order of arrival there.
type Outlet interface {
	// Read returns what has come since the last Read; it may be empty. An error means that nothing was
	// read and nothing was skipped: the next Read goes on.
	Read(ctx context.Context) (Output, error)
	Close() error
}

// Output is the result of one Read.
type Output struct {
	Items []json.RawMessage
	// Low is just before the request left, High when the answer was there: items became visible no later
	// than High, and those that the last Read did not return no earlier than its Low.
	Low, High time.Time
	// Gap says that records may have passed between the last Read and this one without being seen, and
	// why (evicted, buffer restarted). Nil: surely none.
	Gap *Gap
}

// Gap is a stretch of an endpoint's output that could not be seen.
type Gap struct {
	Cause string // "evicted", "restarted"
	// Since is the last instant up to which everything had been seen.
	Since time.Time
}
