package record

import (
	"time"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

// Standing is how one lead stands in Postgres, as far as its run must agree: the projection, what a lost run would go on from, and
// the ledger of its offers.
type Standing struct {
	ID         string
	Stage      lifecycle.Stage
	Cycle      int
	Version    int64
	Seq        int64
	Paused     bool
	Owner      string // empty: nobody
	Assignment string // empty: none
	Due        *time.Time
	SLA        lifecycle.SLAState
	NextKind   string // of the earliest deadline; empty: none
	NextAt     *time.Time
	Band       string             // of the score, not of the run
	State      *lifecycle.Carried // nil: no run has written any
	Untold     bool               // something waits in the outbox that the run has not heard
	Ledger     []LedgerOffer      // of the cycle, and any that is open; oldest first
}

// LedgerOffer is an assignment with what the routing ledger says of it.
type LedgerOffer struct {
	ID     string `json:"id"`
	Key    string `json:"key"`
	RepID  string `json:"rep_id"`
	State  string `json:"state"`            // offered, accepted, rejected, missed, withdrawn
	Routed string `json:"routed,omitempty"` // the rep that the routing ledger names for this key; empty: it has no row
}

// RunDifference is one thing about which projection, ledger and run of a lead do not agree.
type RunDifference struct {
	LeadID string `json:"lead_id"`
	What   string `json:"what"` // code: no_run, stray_run, stage, owner, ledger, timer, ...
	Why    string `json:"why"`  // what says what
	Do     string `json:"do"`   // what an operator does about it
}

// Reconciled counts what became of a look at runs.
type Reconciled struct {
	Leads     int            `json:"leads"`     // with a life that is not over, looked at
	Runs      int            `json:"runs"`      // open ones, looked at from Temporal's side
	Different int            `json:"different"` // leads with at least one difference
	By        map[string]int `json:"by"`        // differences by what
	Waiting   int            `json:"waiting"`   // leads whose run is still to be started by the outbox
	Moving    int            `json:"moving"`    // leads that changed at each look: nothing can be said of them
}
