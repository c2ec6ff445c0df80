package record

import "time"

// DeliveryEnd is how one claim of a delivery ended. Whoever ends one that is not the newest changes nothing.
type DeliveryEnd struct {
	ID       string
	Attempts int    // the claim
	State    string // sent, failed, unknown, suppressed, expired; queued: it is put back
	Code     string
	After    time.Duration // put back: for so long
	Hold     bool          // put back because it had to wait, which is no failure
	Turn     bool          // put back until the turn that the pace of its domain gave it
	Message  []byte        // bytes that were composed and not sent, to be kept; nil else
}
