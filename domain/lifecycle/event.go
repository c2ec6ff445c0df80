package lifecycle

import "time"

// EventKind names something that happened to a lead, in the past tense.
type EventKind string

// What happens to a lead. The first group comes with signals of the machine, the second is what people decide, the
// third are results of the lead's own commands and clocks.
const (
	Started      EventKind = "started"      // the first task of the first run
	Scored       EventKind = "scored"       // score and band changed significantly
	Triggered    EventKind = "triggered"    // the MQL edge or a hard trigger
	Revoked      EventKind = "revoked"      // the MQL edge was un-scored
	Touched      EventKind = "touched"      // first engagement after quiet, or one a step waits for
	Unsubscribed EventKind = "unsubscribed" // by the person
	Bounced      EventKind = "bounced"      // hard bounce
	Complained   EventKind = "complained"   // marked as spam
	Recaptured   EventKind = "recaptured"   // a new capture of a known lead
	RepAway      EventKind = "rep_away"     // who was offered the lead is away, or takes none any more

	Accepted     EventKind = "accepted"
	Rejected     EventKind = "rejected"
	Qualified    EventKind = "qualified"
	Won          EventKind = "won"
	Lost         EventKind = "lost"
	Reassigned   EventKind = "reassigned"
	Recycled     EventKind = "recycled"
	Disqualified EventKind = "disqualified"
	Paused       EventKind = "paused"
	Resumed      EventKind = "resumed"
	Snoozed      EventKind = "snoozed" // by the rep who has it
	Erased       EventKind = "erased"
	Undone       EventKind = "undone" // the last acceptance, rejection or disqualification

	Offered    EventKind = "offered"     // a rep was found for the offer asked for
	NoRepFound EventKind = "no_rep"      // nobody was
	Claimed    EventKind = "claimed"     // a rep's acceptance out of the team queue was granted
	Assigned   EventKind = "assigned"    // a reassignment was granted
	NotGranted EventKind = "not_granted" // a claim or an assignment was refused
	Moved      EventKind = "moved"       // the sequence went on to its next rest
	CycleBegun EventKind = "cycle_begun" // score policy applied, sequence chosen
	Checked    EventKind = "checked"     // when the lead was last engaged and last worked
	Planned    EventKind = "planned"     // business deadlines computed
	Refreshed  EventKind = "refreshed"   // policy read anew; a queued lead looks for a rep again
	Passed     EventKind = "passed"      // a deadline passed
	GivenUp    EventKind = "given_up"    // a command that could not be carried out
)

// EventKinds lists every kind of event.
var EventKinds = []EventKind{
	Started, Scored, Triggered, Revoked, Touched, Unsubscribed, Bounced, Complained, Recaptured, RepAway,
	Accepted, Rejected, Qualified, Won, Lost, Reassigned, Recycled, Disqualified, Paused, Resumed, Snoozed, Erased, Undone,
	Offered, NoRepFound, Claimed, Assigned, NotGranted, Moved, CycleBegun, Checked, Planned, Refreshed, Passed, GivenUp,
}

// Event is one thing that happened, at a time the caller vouches for. Fields beyond Kind and At belong to some kinds only.
type Event struct {
	Kind  EventKind
	At    time.Time
	Actor Actor

	Trigger  string    // Triggered: mql or the engagement type
	Score    int       // Scored, CycleBegun
	Band     string    // Scored, CycleBegun
	Decision Decision  // of people
	Undoes   string    // Undone: the stored decision that is meant; empty: the last
	Asked    time.Time // Undone, Accepted, Rejected: when the person asked for it; zero: now
	Rule     *Reason   // Rejected, Lost, Disqualified: what its reason meant when it was decided; nil: as the policy has it
	Rep      string    // Reassigned
	Team     string    // Reassigned
	Until    time.Time // Paused: zero is until resumed; Snoozed

	Command string    // the id of the command this is the result of
	Offer   Offer     // Offered, Claimed, Assigned; of RepAway the assignment alone
	Retry   time.Time // NoRepFound: when to look again
	Move    Move      // Moved, CycleBegun (position)
	Engaged time.Time // Checked
	Worked  time.Time // Checked
	Clock   Clock     // Passed, Checked
	Late    bool      // Passed: a later deadline of the same clock is due as well
	Asks    bool      // Passed: what is late may be looked at before it is believed; older runs do not
	Waits   bool      // Checked: somebody decided in time, and the run is still to hear of it
	Clocks  []Clock   // Planned
	Code    string    // NotGranted, GivenUp
	Replan  bool      // Refreshed: the terms of the clocks may have changed
}

// Actor is who did it.
type Actor struct {
	Type string `json:"type"`         // system, rep, key, lead
	ID   string `json:"id,omitempty"` // rep id or key id
}

// System is Leadflow itself.
var System = Actor{Type: "system"}

// Offer is a granted assignment with its deadlines.
type Offer struct {
	Assignment string    `json:"assignment"`
	Rep        string    `json:"rep"`
	Team       string    `json:"team,omitempty"`
	At         time.Time `json:"at"`
	DueAt      time.Time `json:"due_at,omitzero"`
	Clocks     []Clock   `json:"clocks,omitempty"` // of kind accept or touch
}

// Move is how far a sequence went: the mail it queued, if any, and where it rests.
type Move struct {
	Position Position  `json:"position"`
	Mail     string    `json:"mail,omitempty"` // step id of the mail that was queued
	At       time.Time `json:"at,omitzero"`    // when to go on; zero with Done
	Done     bool      `json:"done,omitempty"`
	Why      string    `json:"why,omitempty"` // of Done: end, exit rule
}
