package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/google/uuid"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// Merging makes two leads one, and two again.
type Merging interface {
	// Merge answers record.ErrNotFound, record.ErrErased, *record.Merged where one of them was merged already, and
	// *record.MergeRefused. The same again answers what was done.
	Merge(ctx context.Context, m record.Merge) (record.MergeReport, error)
	// Unmerge answers record.ErrNotFound, record.ErrErased and *record.MergeRefused.
	Unmerge(ctx context.Context, leadID string, actor lifecycle.Actor) (record.UnmergeReport, error)
	Merges(ctx context.Context, state, leadID, cursor string, limit int) (record.Page[record.MergeReport], error)
	MergeProposals(ctx context.Context, limit int) ([]record.MergeProposal, error)
}

// mergeBody names the lead that goes on.
type mergeBody struct {
	Into   string `json:"into" format:"uuid" doc:"id of the lead that goes on; the one in the path ends, and points to it"`
	Reason string `json:"reason,omitempty" doc:"a code of a-z 0-9 _ that both timelines show"`
	DryRun bool   `json:"dry_run,omitempty" doc:"only say what would be joined"`
}

// unmergeBody is empty: the path says which.
type unmergeBody struct{}

type mergeQuery struct {
	Paged
	State  string `query:"state" enum:"done,undone" doc:"absent: both"`
	LeadID string `query:"lead_id" format:"uuid" doc:"only of this lead, whichever of the two it was"`
}

type limited struct {
	Limit int `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

func (a *API) merging() {
	const group, path = "Leads", "/v1/leads/{id}"
	add(a, route{
		method: http.MethodPost, path: path + "/merge", group: group, roles: operators, body: mergeBody{},
		summary: "Merge a lead into another: it ends and points there; can be undone for a day",
	}, a.merge)
	add(a, route{
		method: http.MethodPost, path: path + "/unmerge", group: group, roles: operators, body: unmergeBody{},
		summary: "Undo the merge of a lead, and say what cannot be undone",
	}, a.unmerge)
	add(a, route{method: http.MethodGet, path: "/v1/merges", group: group, summary: "List merges, newest first", roles: everybody}, func(ctx context.Context, in *mergeQuery) (*out[record.Page[record.MergeReport]], error) {
		page, err := a.Merging.Merges(ctx, in.State, in.LeadID, in.Cursor, in.Limit)
		return &out[record.Page[record.MergeReport]]{page}, err
	})
	add(a, route{method: http.MethodGet, path: "/v1/merges/proposed", group: group, summary: "Leads that were rejected as the double of another, and are not merged", roles: everybody}, func(ctx context.Context, in *limited) (*out[record.Page[record.MergeProposal]], error) {
		found, err := a.Merging.MergeProposals(ctx, in.Limit)
		if found == nil {
			found = []record.MergeProposal{}
		}
		return &out[record.Page[record.MergeProposal]]{record.Page[record.MergeProposal]{Items: found}}, err
	})
}

func (a *API) merge(ctx context.Context, in *ByID) (*out[record.MergeReport], error) {
	var b mergeBody
	if err := decode(ctx, &b); err != nil {
		return nil, err
	}
	var c checks
	switch {
	case b.Into == "":
		c.add("into", "required", "give the id of the lead that goes on")
	case uuid.Validate(b.Into) != nil || len(b.Into) != 36:
		c.add("into", "invalid", "must be the id of a lead; lists show it as id")
	case b.Into == in.ID:
		c.add("into", "invalid", "must be another lead than the one that ends")
	}
	if b.Reason != "" && !reasonCode.MatchString(b.Reason) {
		c.add("reason", "invalid", "must be a code of 1 to 64 of a-z 0-9 _, such as duplicate")
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	report, err := a.Merging.Merge(ctx, record.Merge{LeadID: in.ID, Into: b.Into, Reason: b.Reason, DryRun: b.DryRun, Actor: actorOf(ctx)})
	return &out[record.MergeReport]{report}, mergeProblem(err)
}

func (a *API) unmerge(ctx context.Context, in *ByID) (*out[record.UnmergeReport], error) {
	var b unmergeBody
	if err := decode(ctx, &b); err != nil {
		return nil, err
	}
	report, err := a.Merging.Unmerge(ctx, in.ID, actorOf(ctx))
	return &out[record.UnmergeReport]{report}, mergeProblem(err)
}

// whyNotMerged says codes in words, and what to do.
var whyNotMerged = map[string]string{
	record.CodeSameLead:    "a lead cannot be merged into itself",
	record.CodeLoserAhead:  "sales are further with the lead that would end; merge the other one into it instead",
	record.CodeNotMerged:   "the lead is not merged into another; there is nothing to undo",
	record.CodeTooLate:     "a merge can be undone for 24 hours",
	record.CodeMergedSince: "the lead it was merged into was merged itself since; undo that first",
}

// mergeProblem is what stands in the way of a merge or of its undoing.
func mergeProblem(err error) error {
	var refused *record.MergeRefused
	var merged *record.Merged
	switch {
	case errors.As(err, &refused):
		return problem(http.StatusConflict, refused.Code, whyNotMerged[refused.Code])
	case errors.As(err, &merged):
		return mergedProblem(http.StatusConflict, merged)
	}
	return err
}

func mergedProblem(status int, m *record.Merged) *Problem {
	p := problem(status, "merged", "the lead was merged into another one, which goes on for it: merged_into names it")
	p.MergedInto = m.Into
	return p
}
