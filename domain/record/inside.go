package record

import (
	"time"

	"github.com/leadflow-dev/leadflow/domain/sequence"
)

// SequenceHold is a time in which nobody goes on in a version of a sequence.
type SequenceHold struct {
	Name    string     `json:"name"`
	Version int        `json:"version"`
	BeganAt time.Time  `json:"began_at"`
	EndedAt *time.Time `json:"ended_at"` // null: it is held
	CatchUp string     `json:"catch_up"` // shift keep drop; empty while it is held
	Spread  string     `json:"spread"`   // such as 4h: those held up come back over so long
	HeldUp  int        `json:"held_up"`  // leads that came to go on meanwhile, and wait
}

// Inside is who is in a sequence, and what becomes of them when a version is published.
type Inside struct {
	Name    string       `json:"name"`
	Version int          `json:"version"` // that would be published
	Leads   int          `json:"leads"`   // in other versions
	Steps   []InsideStep `json:"steps"`
}

// InsideStep is who rests at one step of another version.
type InsideStep struct {
	Version int    `json:"version"`
	Step    string `json:"step"`
	Leads   int    `json:"leads"`
	MovesTo string `json:"moves_to"` // the step they go on at with "move", or end
}

// Publication says what is to become of who is in other versions.
type Publication struct {
	Name    string
	Version int
	Inside  sequence.Inside
}
