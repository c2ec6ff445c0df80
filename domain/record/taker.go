package record

import "context"

// Taker carries deliveries out that are made in its own process, so that they need not be found first.
type Taker interface {
	// Reserve keeps a worker for one delivery, where one is free now. It never waits.
	Reserve() bool
	// Release gives back a worker for whom there is no delivery after all.
	Release()
	// Take has a reserved worker load one and carry it out, and does not wait for it.
	Take(load func(context.Context) (Delivery, error))
}
