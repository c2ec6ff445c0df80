package record

import (
	"time"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

// Loaded is what a run needs to begin, or to begin anew.
type Loaded struct {
	Found    bool               `json:"found"`             // false: no such lead, the run ends
	State    *lifecycle.Carried `json:"state,omitempty"`   // what an earlier run recorded; nil for a first run
	Stage    lifecycle.Stage    `json:"stage"`             // as the read side has it (erased there wins)
	Source   string             `json:"source"`            // channel code
	Score    int                `json:"score"`             // newest
	Band     string             `json:"band"`              //
	Muted    string             `json:"muted,omitempty"`   // why no mail may be sent, from suppressions and consent
	Position lifecycle.Position `json:"position,omitzero"` // the sequence of a first cycle; empty: none
	Policy   *lifecycle.Policy  `json:"policy"`            // shared by all who were told the same: not to be changed
	Edition  int                `json:"edition,omitempty"` // which commands the run gives in which order: that of the worker that began it
}

// Begun is a cycle whose score policy was applied.
type Begun struct {
	Score    int                `json:"score"`
	Band     string             `json:"band"`
	Position lifecycle.Position `json:"position,omitzero"`
}

// Granted is the answer to an offer, a claim or an assignment: an offer, or the code of why there is none. CodeNoRep
// means that nobody is free now.
type Granted struct {
	Offer *lifecycle.Offer `json:"offer,omitempty"`
	Code  string           `json:"code,omitempty"`
}

// CodeNoRep is Granted's code when nobody may take the lead now.
const CodeNoRep = "no_rep"

// Activity says when a lead was last engaged, and when its owner last logged anything since taking it over.
type Activity struct {
	Engaged time.Time `json:"engaged,omitzero"`
	Worked  time.Time `json:"worked,omitzero"`
	Waits   bool      `json:"waits,omitempty"` // somebody decided before the deadline that is asked about, and the run has not answered
}
