package desk

import (
	"encoding/json"
	"time"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// The states of a decision.
const (
	Pending = "pending" // stored, not answered yet: asked again until it is
	Applied = "applied" // took effect, now or before
	Refused = "refused" // the lead said no
)

// Request is one decision of a person.
type Request struct {
	ID     string // of the decision, where whoever asks may have asked before and must not twice; empty: a new one
	LeadID string
	Kind   string          // the update's name, as in workflows/wire
	Body   json.RawMessage // as the contracts have it, unknown fields included: they are refused here
	KeyID  string          // the API key it came with
	RepID  string          // the rep who is known to decide (a signed link, a login); stands in for an absent rep_id
}

// Answer is what became of a decision.
type Answer struct {
	State      string // Applied, Refused or Pending
	DecisionID string
	Code       string          // Refused: one of lifecycle's codes
	Detail     string          // Refused: the code in words, nothing personal
	Stage      lifecycle.Stage // Refused: the stage that stands in the way
	DecidedBy  string          // Refused: rep id of the earlier decision, if any
	Away       bool            // Pending: Temporal was not reached at all
	Lead       record.Lead     // as the read side has it now
}

// Config tunes a desk; the zero value is the contract's default.
type Config struct {
	Wait    time.Duration    // how long to wait for the run's answer; 0: 5 s
	Backoff time.Duration    // longest pause between two tries of a pending decision; 0: 1 min
	Now     func() time.Time // nil: time.Now

	TaskQueue string // of runs that an undo begins again; empty: that of the contract
}

// Desk takes decisions. It is safe for concurrent use.
type Desk struct {
	store    Store
	temporal Temporal
	cfg      Config
}

// New makes a desk over its store and a Temporal client.
func New(store Store, temporal Temporal, cfg Config) *Desk {
	if cfg.Wait == 0 {
		cfg.Wait = 5 * time.Second
	}
	if cfg.Backoff == 0 {
		cfg.Backoff = time.Minute
	}
	if cfg.TaskQueue == "" {
		cfg.TaskQueue = wire.TaskQueue
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Desk{store: store, temporal: temporal, cfg: cfg}
}
