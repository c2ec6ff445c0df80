package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/leadflow-dev/leadflow/desk"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// The bodies of decisions, for the documentation: desk reads them.
type (
	acceptBody struct {
		RepID        string  `json:"rep_id"`
		AssignmentID *string `json:"assignment_id,omitempty" doc:"absent: the offer now open to the rep"`
	}
	rejectBody struct {
		RepID        string  `json:"rep_id"`
		AssignmentID *string `json:"assignment_id,omitempty"`
		Reason       string  `json:"reason" doc:"a code that GET /v1/reasons?kind=reject lists: not_ready no_budget wrong_contact out_of_territory no_capacity duplicate bad_data not_a_buyer other, and the house's own"`
		Note         *string `json:"note,omitempty" doc:"stays in Postgres"`
		DuplicateOf  *string `json:"duplicate_of,omitempty" doc:"the lead whose double this one is; reasons of the path duplicate want it"`
	}
	qualifyBody struct {
		RepID *string `json:"rep_id,omitempty"`
		Note  *string `json:"note,omitempty"`
	}
	winBody struct {
		Amount   string  `json:"amount" example:"12500.00" doc:"a string or a number, at least 0"`
		Currency string  `json:"currency" example:"EUR"`
		OneThing *string `json:"one_thing,omitempty" doc:"what one thing helped the buyer choose us"`
		Missing  *string `json:"missing,omitempty" doc:"what was missing"`
	}
	loseBody struct {
		Reason   string  `json:"reason" doc:"price competitor no_decision timing missing_feature no_fit other, and the house's own"`
		Note     *string `json:"note,omitempty"`
		OneThing *string `json:"one_thing,omitempty" doc:"what one thing would have made the buyer choose us"`
		Missing  *string `json:"missing,omitempty" doc:"what was missing"`
	}
	reassignBody struct {
		RepID  *string `json:"rep_id,omitempty"`
		TeamID *string `json:"team_id,omitempty"`
	}
	recycleBody struct {
		Reason *string `json:"reason,omitempty"`
	}
	disqualifyBody struct {
		Reason string `json:"reason" doc:"spam not_a_buyer bad_data no_consent stale other"`
	}
	pauseBody struct {
		Until *time.Time `json:"until,omitempty"`
	}
	undoBody struct {
		RepID      *string `json:"rep_id,omitempty" doc:"the rep who decided; absent: anybody of the house undoes it"`
		DecisionID *string `json:"decision_id,omitempty" doc:"absent: what was decided last"`
	}
	snoozeBody struct {
		RepID  string    `json:"rep_id" doc:"who has the lead"`
		Reason string    `json:"reason" doc:"a code of your own, such as on_the_road"`
		Until  time.Time `json:"until" doc:"at most as long as the policy allows: sla.snooze, 24h where it says nothing"`
		Note   *string   `json:"note,omitempty" doc:"stays in Postgres"`
	}
	resumeBody struct {
		CatchUp *string `json:"catch_up,omitempty" enum:"shift,keep,drop" doc:"of waits in its sequence; shift (absent): what was left is left; keep: they ran on; drop: mails that came due meanwhile are left out"`
	}
)

// pending is the answer to a decision nobody has answered yet.
type pending struct {
	DecisionID string `json:"decision_id"`
	State      string `json:"state"`
}

type decided struct {
	Status   int
	Location string `header:"Location"`
	Body     any
}

func (a *API) decisions() {
	for _, d := range []struct {
		kind, summary string
		body          any
		roles         []string
	}{
		{wire.UpdateAccept, "Accept the offer", acceptBody{}, sellers},
		{wire.UpdateReject, "Reject the offer, with a reason", rejectBody{}, sellers},
		{wire.UpdateQualify, "Make it an opportunity", qualifyBody{}, sellers},
		{wire.UpdateWin, "Won: amount and currency", winBody{}, sellers},
		{wire.UpdateLose, "Lost, with a reason", loseBody{}, sellers},
		{wire.UpdateReassign, "Give it to another rep or team", reassignBody{}, everybody},
		{wire.UpdateRecycle, "Begin the next cycle", recycleBody{}, everybody},
		{wire.UpdateDisqualify, "End it, with a reason", disqualifyBody{}, everybody},
		{wire.UpdatePause, "Hold mail, offers and clocks", pauseBody{}, everybody},
		{wire.UpdateResume, "Go on where the pause began", resumeBody{}, everybody},
		{wire.UpdateUndo, "Undo what was accepted, rejected or disqualified less than ten minutes ago, where nothing irrevocable followed", undoBody{}, everybody},
		{wire.UpdateSnooze, "Hold the clocks of a lead of yours for a while", snoozeBody{}, sellers},
	} {
		add(a, route{
			method: http.MethodPost, path: "/v1/leads/{id}/" + d.kind, group: "Decisions",
			summary: d.summary + ": 200 with the lead, 202 while Temporal is away", roles: d.roles, body: d.body, answer: record.Lead{}, also: []int{http.StatusAccepted},
		}, func(ctx context.Context, in *ByID) (*decided, error) { return a.decide(ctx, in.ID, d.kind) })
	}
	add(a, route{method: http.MethodGet, path: "/v1/decisions/{id}", group: "Decisions", summary: "What became of a decision", roles: everybody}, func(ctx context.Context, in *ByID) (*out[record.Decision], error) {
		d, err := a.Reads.Decision(ctx, in.ID)
		return &out[record.Decision]{d}, err
	})
}

func (a *API) decide(ctx context.Context, leadID, kind string) (*decided, error) {
	raw, err := bodyOf(ctx).bytes()
	if err != nil {
		return nil, err
	}
	if _, err := object(raw); err != nil { // no JSON at all is 400, as everywhere
		return nil, err
	}
	d, err := a.Desk.Decide(ctx, desk.Request{LeadID: leadID, Kind: kind, Body: slices.Clone(raw), KeyID: keyOf(ctx).ID})
	if err != nil {
		return nil, err
	}
	switch d.State {
	case desk.Applied:
		return &decided{Status: http.StatusOK, Body: d.Lead}, nil
	case desk.Pending:
		return &decided{Status: http.StatusAccepted, Location: "/v1/decisions/" + d.DecisionID, Body: pending{d.DecisionID, d.State}}, nil
	}
	p := problem(http.StatusConflict, d.Code, d.Detail)
	p.Stage, p.DecidedBy = d.Stage, d.DecidedBy
	return nil, p
}
