package api

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/leadflow-dev/leadflow/document"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/sequence"
)

// sequenceVersions are the routes of one version beside its publication.
func (a *API) sequenceVersions() {
	type version struct {
		Name    string `path:"name" maxLength:"200"`
		Version int    `path:"version" minimum:"1" maximum:"2147483647"`
	}
	const path, group = "/v1/sequences/{name}/{version}", "Sequences"
	add(a, route{method: http.MethodGet, path: path, group: group, summary: "Read a version", roles: everybody}, func(ctx context.Context, in *version) (*out[record.Sequence], error) {
		s, err := a.Documents.Sequence(ctx, in.Name, in.Version)
		return &out[record.Sequence]{s}, err
	})
	add(a, route{method: http.MethodPost, path: path + "/retire", group: group, summary: "Let nobody enter this version any more; who is inside goes on", roles: marketers}, func(ctx context.Context, in *version) (*out[record.Sequence], error) {
		s, err := a.Documents.RetireSequence(ctx, in.Name, in.Version)
		return &out[record.Sequence]{s}, err
	})
	add(a, route{method: http.MethodGet, path: path + "/results", group: group, summary: "How the arms of the splits of a version do, with a verdict that looking does not spoil", roles: everybody}, func(ctx context.Context, in *version) (*out[record.SplitResults], error) {
		r, err := a.Documents.SplitResults(ctx, in.Name, in.Version)
		return &out[record.SplitResults]{r}, err
	})
}

// publishSequence looks at a version once more before leads enter it: links, reps and the rules of the house may have changed
// since it was written.
func (a *API) publishSequence(ctx context.Context, p record.Publication) (record.Sequence, error) {
	kept, err := a.Documents.Sequence(ctx, p.Name, p.Version)
	if err != nil {
		return kept, err
	}
	house, err := a.house(ctx)
	if err != nil {
		return kept, err
	}
	if _, err := document.ParseSequence([]byte(kept.Source), a.sendable, a.Letters.CheckSequence, house.playable); err != nil {
		return kept, err
	}
	return a.Documents.PublishSequence(ctx, p)
}

// house is what a sequence relies on that is no part of it.
type house struct {
	reps  map[string]bool // addresses of the active ones
	rules sequence.Rules
}

func (a *API) house(ctx context.Context) (house, error) {
	h := house{reps: map[string]bool{}}
	for cursor, more := "", true; more; more = cursor != "" {
		page, err := a.Team.Reps(ctx, cursor, maxPage)
		if err != nil {
			return h, err
		}
		for _, r := range page.Items {
			h.reps[r.Email] = r.Active
		}
		cursor = page.NextCursor
	}
	for cursor, more := "", true; more; more = cursor != "" {
		page, err := a.Documents.Policies(ctx, cursor, maxPage)
		if err != nil {
			return h, err
		}
		for _, p := range page.Items {
			var policy lifecycle.Policy
			if p.Active && json.Unmarshal(p.Document, &policy) == nil && policy.Nurture.Quiet != nil {
				h.rules.Quiet = &sequence.Quiet{From: policy.Nurture.Quiet.From, To: policy.Nurture.Quiet.To}
			}
		}
		cursor = page.NextCursor
	}
	return h, nil
}

const maxPage = 200
