package providers

import "context"

// Domain is the Streams domain of a target of a twin.
type Domain interface {
	// Set stops or starts it. One that is so already stays so. A domain is stopped only when its instances are.
	Set(ctx context.Context, running bool) error
	// Running reports whether it runs.
	Running(ctx context.Context) (bool, error)
}
