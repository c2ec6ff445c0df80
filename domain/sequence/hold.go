package sequence

import (
	"slices"
	"time"

	"github.com/leadflow-dev/leadflow/domain/span"
)

// CatchUp says what becomes of the time a sequence was held.
type CatchUp string

// The ways to catch up.
const (
	// Shift leaves the time out: what was left of a wait when the hold began is left when it ends.
	Shift CatchUp = "shift"
	// Keep lets waits run on: what came due meanwhile goes out when the hold ends.
	Keep CatchUp = "keep"
	// Drop is Keep, but mails that came due meanwhile are left out, and the lead goes on behind them.
	Drop CatchUp = "drop"
)

// CatchUps lists every way.
var CatchUps = []CatchUp{Shift, Keep, Drop}

// Hold is a time in which nobody went on in a sequence.
type Hold struct {
	From   time.Time `json:"from"`
	To     time.Time `json:"to,omitzero"` // zero: not over yet
	Policy CatchUp   `json:"policy,omitempty"`
	Spread span.Span `json:"spread,omitempty"` // those who were held up come back over so long
}

// lookAgain is when who is held looks again by itself. They are told when the hold ends; this is for whoever was not.
const lookAgain = 7 * 24 * time.Hour

// Holds are the holds that a lead went through, in the order of their beginnings: of its sequence, and of itself.
type Holds []Hold

// open is whether a hold is not over at a moment.
func (hs Holds) open(now time.Time) bool {
	return slices.ContainsFunc(hs, func(h Hold) bool { return !h.From.After(now) && (h.To.IsZero() || h.To.After(now)) })
}

// after is the moment so much time after another one, the time that is left out not counted. A hold that is not over is
// counted up to now.
func (hs Holds) after(from time.Time, wait time.Duration, now time.Time) time.Time {
	due, counted := from.Add(wait), from
	for _, h := range hs {
		if h.Policy != Shift || h.From.After(due) {
			continue
		}
		end := h.To
		if end.IsZero() || end.After(now) {
			end = now
		}
		begin := h.From
		if begin.Before(counted) { // holds may overlap: no time is left out twice
			begin = counted
		}
		if end.After(begin) {
			due, counted = due.Add(end.Sub(begin)), end
		}
	}
	return due
}

// dropped reports whether what came due at a moment is left out.
func (hs Holds) dropped(due time.Time) bool {
	for _, h := range hs {
		if h.Policy == Drop && !due.Before(h.From) && due.Before(h.To) {
			return true
		}
	}
	return false
}

// released is the moment from which a lead goes on that came due at a moment: within a hold that was over with a spread,
// somewhere in it, for each lead its own; else the moment itself.
func (hs Holds) released(lead string, due time.Time) time.Time {
	for _, h := range hs {
		if h.Spread > 0 && !h.To.IsZero() && !due.Before(h.From) && due.Before(h.To) {
			return h.Release(lead)
		}
	}
	return due
}

// Release is when a lead that was held up goes on: the same moment whoever asks.
func (h Hold) Release(lead string) time.Time {
	if h.Spread.Duration() < time.Millisecond {
		return h.To
	}
	return h.To.Add(time.Duration(Facts{Lead: lead}.draw("released", uint64(h.Spread.Duration()/time.Millisecond))) * time.Millisecond)
}
