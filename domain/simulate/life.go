package simulate

import (
	"time"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// Life is all of one life: what reached it from outside, what it wished and was granted, and what its timeline says.
type Life struct {
	ID, Source string
	Born       time.Time
	Score      int
	Band       string
	Told       []Told
	Done       []Done
	Entries    []lifecycle.Entry
	Profile    map[string]any  // at the end
	Events     []scoring.Event // all of them, by time
	Mails      []time.Time     // that were sent
	Lead       lifecycle.Lead  // as it stands at the end
}

// Told is what reaches a life: a line of the outbox (Seq), or a decision of a rep.
type Told struct {
	At    time.Time
	Seq   int64
	Score int
	Band  string
	Kinds []string

	Kind     lifecycle.EventKind
	Decision lifecycle.Decision
	Refused  string // the code with which it was
}

// Done is a wish that was carried out, and the answer of its kind.
type Done struct {
	lifecycle.Command
	Granted  record.Granted
	Begun    record.Begun
	Move     lifecycle.Move
	Activity record.Activity
	Clocks   []lifecycle.Clock
}
