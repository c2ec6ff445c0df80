package api

import (
	"cmp"
	"context"
	"net/http"
	"slices"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/sequence"
	"github.com/leadflow-dev/leadflow/domain/span"
)

type sequenceVersion struct {
	Name    string `path:"name" maxLength:"200"`
	Version int    `path:"version" minimum:"1" maximum:"2147483647"`
}

type publishBody struct {
	Inside string `json:"inside,omitempty" enum:"stay,move,restart" doc:"what becomes of who is in other versions: stay (absent): they end there; move: they go on in this one at the step of the same id, or of the next that is there; restart: they begin this one"`
}

type resumeSequenceBody struct {
	CatchUp string `json:"catch_up,omitempty" enum:"shift,keep,drop" doc:"shift (absent): what was left of waits is left; keep: they ran on; drop: mails that came due meanwhile are left out"`
	Spread  string `json:"spread,omitempty" doc:"such as 4h: those who were held up come back over so long; absent: at once"`
}

// longestSpread keeps a return within what anybody can mean.
const longestSpread = 30 * span.Day

// publications are the routes that say which version leads are in, and whether it is held.
func (a *API) publications() {
	const path, group = "/v1/sequences/{name}/{version}", "Sequences"
	add(a, route{method: http.MethodPost, path: path + "/publish", group: group, summary: "Let leads enter this version, and say what becomes of those in others", roles: marketers, body: publishBody{}}, a.publish)
	add(a, route{method: http.MethodGet, path: path + "/inside", group: group, summary: "Who is in other versions, and where they would go on in this one", roles: everybody}, func(ctx context.Context, in *sequenceVersion) (*out[record.Inside], error) {
		inside, err := a.Documents.Inside(ctx, in.Name, in.Version)
		return &out[record.Inside]{inside}, err
	})
	add(a, route{method: http.MethodPost, path: path + "/pause", group: group, summary: "Hold this version: who comes to go on in it waits", roles: planners}, func(ctx context.Context, in *sequenceVersion) (*out[record.SequenceHold], error) {
		h, err := a.Documents.PauseSequence(ctx, in.Name, in.Version, keyOf(ctx).Name)
		return &out[record.SequenceHold]{h}, err
	})
	add(a, route{method: http.MethodPost, path: path + "/resume", group: group, summary: "End its hold, and say what becomes of the time", roles: planners, body: resumeSequenceBody{}}, a.resumeSequence)
}

func (a *API) publish(ctx context.Context, in *sequenceVersion) (*out[record.Sequence], error) {
	var b publishBody
	if err := decode(ctx, &b); err != nil {
		return nil, err
	}
	inside := sequence.Inside(cmp.Or(b.Inside, string(sequence.Stay)))
	if !slices.Contains(sequence.Insides, inside) {
		return nil, invalid(FieldError{Field: "inside", Code: "invalid", Detail: "must be stay, move or restart"})
	}
	if err := a.publishable(ctx, in.Name, in.Version); err != nil {
		return nil, err
	}
	s, err := a.publishSequence(ctx, record.Publication{Name: in.Name, Version: in.Version, Inside: inside})
	return &out[record.Sequence]{s}, err
}

func (a *API) resumeSequence(ctx context.Context, in *sequenceVersion) (*out[record.SequenceHold], error) {
	var b resumeSequenceBody
	if err := decode(ctx, &b); err != nil {
		return nil, err
	}
	var wrong checks
	catchUp := sequence.CatchUp(cmp.Or(b.CatchUp, string(sequence.Shift)))
	if !slices.Contains(sequence.CatchUps, catchUp) {
		wrong.add("catch_up", "invalid", "must be shift, keep or drop")
	}
	spread, err := span.Parse(cmp.Or(b.Spread, "0"))
	if err != nil || spread.Duration() > longestSpread {
		wrong.add("spread", "invalid", "must be a duration such as 30m or 4h, at most 30d")
	}
	if err := wrong.err(); err != nil {
		return nil, err
	}
	h, err := a.Documents.ResumeSequence(ctx, in.Name, in.Version, catchUp, spread)
	return &out[record.SequenceHold]{h}, err
}
