package record

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

// ErrDecided says that a row of an import is no longer to be decided by who asks: it is decided, or the import was
// stopped or is another's.
var ErrDecided = errors.New("decided already")

// Import is one file under way. Created, updated, unchanged and failed add up to the rows that are decided.
type Import struct {
	ID         string        `json:"id"`
	State      string        `json:"state"` // queued, running, done, failed, cancelled, undoing, undone
	Rows       int           `json:"rows"`
	Created    int           `json:"created"`
	Updated    int           `json:"updated"`
	Unchanged  int           `json:"unchanged"`
	Skipped    int           `json:"skipped"`  // of the unchanged: people known already, under on_known: skip
	Repeated   int           `json:"repeated"` // of all: an earlier row of the file was about the same person
	Failed     int           `json:"failed"`
	Rate       float64       `json:"rate"` // rows a second so far
	ETA        *time.Time    `json:"eta"`
	Encoding   string        `json:"encoding"`  // as the file was read
	Delimiter  string        `json:"delimiter"` // between its cells
	Starts     *ImportStarts `json:"starts,omitempty"`
	Undo       *ImportUndone `json:"undo,omitempty"`
	Sample     [][]string    `json:"sample,omitempty"` // header and first rows as they were read: once, when it begins
	DryRun     bool          `json:"dry_run"`
	Error      string        `json:"error,omitempty"`
	CreatedAt  time.Time     `json:"created_at"`
	FinishedAt *time.Time    `json:"finished_at"`

	Mapping   json.RawMessage `json:"-"`
	Columns   []string        `json:"-"`
	Alert     bool            `json:"-"`
	Nurture   bool            `json:"-"`
	Hash      []byte          `json:"-"` // of the file and of how it was asked for
	StartRate float64         `json:"-"` // runs a second at most; 0: as the house does
	UndoBy    lifecycle.Actor `json:"-"` // who asked for its undo
	Claim     int             `json:"-"` // of who works on it: an older one decides nothing more
}

// ImportStarts is how far an import is with what it tells runs, new ones above all.
type ImportStarts struct {
	Waiting int        `json:"waiting"`
	Started int        `json:"started"` // let go at the pace of imports, and told
	Rate    float64    `json:"rate"`    // a second of late; when all are told, from the first to the last
	ETA     *time.Time `json:"eta"`     // null in the first seconds
}

// ImportUndone is what an undo has made of the leads so far.
type ImportUndone struct {
	Removed  int `json:"removed"`  // made by the import, and untouched since
	Restored int `json:"restored"` // known before, and as they were again
	Kept     int `json:"kept"`     // of which something or all stays: the list says what and why
}

// ImportKept is a lead of which an undo left something.
type ImportKept struct {
	LeadID  string     `json:"lead_id"`
	Row     int        `json:"row"`     // of the file that told of it last
	Outcome string     `json:"outcome"` // kept: all of it; partly
	Left    []LeftOver `json:"left"`
}

// LeftOver is one thing that an undo left, and why.
type LeftOver struct {
	What   string `json:"what"`   // lead, or the field
	Reason string `json:"reason"` // engaged decided offered mail_sent noted imported_again changed_since refusal_stays too_late
}

// ImportRow is one line of the file.
type ImportRow struct {
	Row      int // as a spreadsheet counts: the header is row 1
	Cells    []string
	Keys     []string // of everybody the row may be about, as Keys has them: erasure finds it by them
	State    string   // pending, created, updated, unchanged, skipped, failed
	LeadID   string
	Column   string
	Error    string
	Repeated bool // an earlier row was about the same person
	Decided  bool // stored already, together with what it did
}

// ImportRef is the row that a capture carries out: both are stored, or neither.
type ImportRef struct {
	ImportID string
	Claim    int
	Row      int
}
