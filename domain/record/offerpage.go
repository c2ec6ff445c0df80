package record

import (
	"cmp"
	"slices"
	"time"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// Why is one thing that made the score of an offer: what it was, and what it was worth.
type Why struct {
	Text   string  `json:"text"`
	Points float64 `json:"points"`
	Times  int     `json:"times"` // how often
}

// Whys are the things a score is made of, what is the same taken together, the weightiest first; what takes points away
// stands behind. At most so many.
func Whys(items []scoring.Item, most int) []Why {
	at := map[string]int{}
	var out []Why
	for _, i := range items {
		if i.Why == "" || i.Points == 0 || i.Rounds() { // what is lost in rounding is no reason to call anybody
			continue
		}
		n, known := at[i.Why]
		if !known {
			n = len(out)
			at[i.Why] = n
			out = append(out, Why{Text: i.Why})
		}
		out[n].Points += i.Points
		out[n].Times++
	}
	slices.SortStableFunc(out, func(a, b Why) int { return cmp.Compare(b.Points, a.Points) })
	return out[:min(len(out), most)]
}

// OfferAsked names an offer and the rep whom its link was sent to.
type OfferAsked struct{ LeadID, AssignmentID, RepID string }

// OfferPage is what the link of an alert shows: an offer as it stands. Times are by the clock of the rep.
type OfferPage struct {
	OfferAsked
	RepName   string // whom the link was sent to
	RepActive bool
	OwnerName string // who has the lead now; empty: nobody
	OwnerID   string
	OfferRep  string // whom it was offered to
	OfferName string

	State     string // of the offer: offered, accepted, rejected, missed, withdrawn
	Stage     lifecycle.Stage
	Paused    bool
	OfferedAt time.Time
	DueAt     *time.Time
	DecidedAt *time.Time
	DecidedBy string // who decided it, by name: a rep, or an API key
	Reason    string
	UndoUntil *time.Time // until when the rep may undo what they decided; nil: not at all
	Undoes    string     // which decision that is
	Waiting   bool       // somebody's decision is stored and not answered yet

	Score   int
	Band    string
	Whys    []Why
	Email   *string
	Profile map[string]any
	Source  Source
}
