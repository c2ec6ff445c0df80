package record

import (
	"time"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

// UnmergeWithin is how long after it a merge can be undone.
const UnmergeWithin = 24 * time.Hour

// StageMerged is what readers are shown as the stage of a lead that was merged into another. No run is ever in it.
const StageMerged lifecycle.Stage = "merged"

// Merged says that a lead is another one by now. To whom it makes no difference it is ErrErased: nothing is done any more for
// the lead that was named.
type Merged struct{ LeadID, Into string }

func (e *Merged) Error() string { return "the lead was merged into another" }

// Unwrap makes it ErrErased.
func (e *Merged) Unwrap() error { return ErrErased }

// Why two leads are not merged, or a merge is not undone.
const (
	CodeSameLead    = "same_lead"    // a lead cannot be merged into itself
	CodeLoserAhead  = "loser_ahead"  // sales are further with the one that would end: merge the other way round
	CodeNotMerged   = "not_merged"   // there is nothing to undo
	CodeTooLate     = "too_late"     // to undo
	CodeMergedSince = "merged_since" // the one that goes on was merged itself since: undo that first
)

// MergeRefused says why, by one of the codes above.
type MergeRefused struct{ Code string }

func (e *MergeRefused) Error() string { return "not merged: " + e.Code }

// Merge asks for two leads to become one.
type Merge struct {
	LeadID string // ends, and points to
	Into   string // which goes on
	Reason string // a code of a-z 0-9 _, or empty
	DryRun bool   // everything is looked at, nothing is done
	Actor  lifecycle.Actor
}

// MergeReport is what a merge joined, or would join.
type MergeReport struct {
	ID        string     `json:"id,omitempty"` // empty: a dry run
	LeadID    string     `json:"lead_id"`
	Into      string     `json:"into"`
	At        time.Time  `json:"at"`
	Reason    string     `json:"reason,omitempty"`
	DryRun    bool       `json:"dry_run"`
	UndoUntil *time.Time `json:"undo_until"`
	UndoneAt  *time.Time `json:"undone_at"`

	Joined  MergeCounts  `json:"joined"`
	Effects MergeEffects `json:"effects" doc:"on the lead that goes on"`
}

// MergeCounts is what of a lead comes to the one that goes on, in figures.
type MergeCounts struct {
	Leads       int `json:"leads" doc:"that had been merged into the one that ends"`
	Events      int `json:"events"`
	Duplicates  int `json:"duplicates" doc:"events that both have under one id: they count once"`
	Visitors    int `json:"visitors"`
	Mails       int `json:"mails" doc:"that went out to it, or may have"`
	Offers      int `json:"offers" doc:"made of it"`
	Decisions   int `json:"decisions"`
	Notes       int `json:"notes"`
	Imports     int `json:"imports" doc:"rows of imports that told of it"`
	OffersEnded int `json:"offers_ended" doc:"open ones, whose reps are told"`
	MailsEnded  int `json:"mails_ended" doc:"that waited and do not go out"`
	AlertsEnded int `json:"alerts_ended"`
	Refused     int `json:"decisions_refused" doc:"that waited for an answer"`
}

// MergeEffects is what becomes otherwise of the lead that goes on: names and codes, no values.
type MergeEffects struct {
	Fields      []string `json:"fields,omitempty"` // of the profile that it did not have
	Email       bool     `json:"email,omitempty"`  // it had none
	ExternalID  bool     `json:"external_id,omitempty"`
	Withdrawn   []string `json:"withdrawn,omitempty"`  // purposes that are refused now
	Granted     []string `json:"granted,omitempty"`    // purposes of the address that came along
	Suppressed  string   `json:"suppressed,omitempty"` // why its address is, and was not before
	PerWeek     *int     `json:"mails_per_week,omitempty"`
	ScoreBefore int      `json:"score_before"`
	Score       int      `json:"score"`
	BandBefore  string   `json:"band_before"`
	Band        string   `json:"band"`
	Triggers    []string `json:"triggers,omitempty"` // what its run is told beside the score
	NotAgain    int      `json:"not_again"`          // mails that waited for it and that the other had been sent
}

// UnmergeReport is what an undo put back, and what it could not.
type UnmergeReport struct {
	MergeReport
	Events   int      `json:"events_back"`
	Visitors int      `json:"visitors_back"`
	NotBack  []string `json:"not_back" nullable:"false" doc:"codes of what cannot be undone: mail_sent contacted decided captured offer_told decisions_refused email_taken external_id_taken fields consent suppressed"`
}

// MergeProposal is two leads of which a rep said that they are one.
type MergeProposal struct {
	LeadID string    `json:"lead_id"`
	Into   string    `json:"into"`
	At     time.Time `json:"at"`
	RepID  *string   `json:"rep_id"`
	Reason string    `json:"reason"`
}
