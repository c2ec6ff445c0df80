package record

import "time"

// LaneOutbox is the lane of what runs must be told; the others carry deliveries.
const LaneOutbox = "outbox"

// Lanes are all that can be held.
var Lanes = []string{LaneOutbox, LaneAlert, LaneBulk, LaneWebhook}

// Why a lane is held.
const (
	HeldByOperator = "operator"
	HeldRestored   = "restored" // the database was restored from a backup: what waits in it may have gone out before
)

// Lane is one way out of the house.
type Lane struct {
	Lane    string        `json:"lane"`
	HeldAt  *time.Time    `json:"held_at" doc:"null: it runs"`
	Why     string        `json:"why,omitempty" doc:"operator, or restored: the database was restored from a backup"`
	Waiting []LaneWaiting `json:"waiting" doc:"what goes out when it runs"`
}

// LaneWaiting counts what waits in a lane. Of the outbox the kinds are urgent (acts at once), begin, terms (of clocks, told one after the other) and score.
type LaneWaiting struct {
	Kind   string     `json:"kind"`
	N      int        `json:"n"`
	Oldest *time.Time `json:"oldest,omitempty"`
}

// LaneRelease is how lanes are released.
type LaneRelease struct {
	Lanes  []string
	DryRun bool
	// Resend sends also nurture mail of before a restore that may have been sent after the backup.
	Resend bool
	// SentUntil is when the house that was lost sent last: what fell due later has not been sent. Zero: when the restore was
	// noticed.
	SentUntil time.Time
}

// LaneReleased is what a release lets out, and what it parks instead.
type LaneReleased struct {
	Lane   string        `json:"lane"`
	Goes   []LaneWaiting `json:"goes_out"`
	Parked []LaneWaiting `json:"parked" doc:"nurture mail that may have been sent before the restore: state unknown"`
}

// House is where the database lives and how far its life has come.
type House struct {
	ID         string
	Tide       int64
	RestoredAt *time.Time
}
