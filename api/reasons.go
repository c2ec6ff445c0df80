package api

import (
	"context"
	"net/http"
	"regexp"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/span"
)

// Reasons is the vocabulary of decisions.
type Reasons interface {
	Reasons(ctx context.Context, kind string) ([]record.Reason, error)
	KeepReason(ctx context.Context, kind, code string, r lifecycle.Reason) error
}

type reasonQuery struct {
	Paged        // lists of the command line ask for pages; there is one
	Kind  string `query:"kind" enum:"reject,lose,disqualify"`
}

type reasonBody struct {
	Kind     string `json:"kind" enum:"reject,lose,disqualify"`
	Code     string `json:"code" doc:"small letters, digits and underscores; that of a built-in reason takes its place"`
	Title    string `json:"title,omitempty" doc:"what people read; absent: the code"`
	Path     string `json:"path" enum:"recycle,reroute,disqualify,stay_lost,duplicate" doc:"reject: recycle, reroute, disqualify or duplicate; lose: recycle, disqualify or stay_lost; disqualify: disqualify"`
	CoolDown string `json:"cool_down,omitempty" doc:"recycle: such as 30d; absent: the policy's default"`
	Sequence string `json:"sequence,omitempty" doc:"recycle: of the next cycle; absent: the one of before"`
	Score    string `json:"score,omitempty" enum:"keep,halve,zero,floor" doc:"recycle: what becomes of the score; absent: keep"`
}

type oneReason struct {
	Kind string `path:"kind" enum:"reject,lose,disqualify"`
	Code string `path:"code" maxLength:"64"`
}

var reasonOwn = regexp.MustCompile(`^[a-z0-9][a-z0-9_]{0,63}$`)

func (a *API) reasons() {
	const path, group = "/v1/reasons", "Decisions"
	add(a, route{method: http.MethodGet, path: path, group: group, summary: "The reasons that decisions may give, and what each leads to", roles: everybody}, func(ctx context.Context, in *reasonQuery) (*out[record.Page[record.Reason]], error) {
		all, err := a.Reasons.Reasons(ctx, in.Kind)
		return &out[record.Page[record.Reason]]{record.Page[record.Reason]{Items: all}}, err
	})
	add(a, route{
		method: http.MethodPost, path: path, group: group, roles: planners, body: reasonBody{},
		summary: "Add a reason, or change what one leads to: from the next decision on, for every lead",
	}, a.addReason)
	add(a, route{
		method: http.MethodPost, path: path + "/{kind}/{code}/retire", group: group, roles: planners, also: []int{http.StatusNotFound},
		summary: "Retire a reason, also a built-in one: it may not be given any more, and what was decided by it goes on by its path; add it again to bring it back",
	}, a.retireReason)
}

func (a *API) addReason(ctx context.Context, _ *struct{}) (*out[record.Reason], error) {
	var b reasonBody
	if err := decode(ctx, &b); err != nil {
		return nil, err
	}
	var c checks
	r := lifecycle.Reason{Path: lifecycle.Path(b.Path), Sequence: b.Sequence, Score: lifecycle.ScorePolicy(b.Score), Title: b.Title}
	kind, known := lifecycle.Reasoned[b.Kind]
	switch {
	case !known:
		c.add("kind", "invalid", "must be reject, lose or disqualify")
	case !lifecycle.Leads(kind, r.Path) || !knownPath(r.Path):
		c.add("path", "invalid", "must be one that this kind of decision can take: reject recycle, reroute, disqualify or duplicate; lose recycle, disqualify or stay_lost; disqualify disqualify")
	}
	if !reasonOwn.MatchString(b.Code) {
		c.add("code", "invalid", "must be a code of small letters, digits and underscores")
	}
	if b.Title != "" {
		c.text("title", b.Title, 100)
	}
	if b.CoolDown != "" {
		d, err := span.Parse(b.CoolDown)
		if err != nil {
			c.add("cool_down", "invalid", "must be a duration such as 30d")
		}
		r.CoolDown = d
	}
	switch r.Score {
	case "", lifecycle.ScoreKeep, lifecycle.ScoreHalve, lifecycle.ScoreZero, lifecycle.ScoreFloor:
	default:
		c.add("score", "invalid", "must be keep, halve, zero or floor")
	}
	if len(b.Sequence) > 0 && !sequenceName.MatchString(b.Sequence) {
		c.add("sequence", "invalid", "must be the name of a sequence")
	}
	if r.Path != lifecycle.PathRecycle && (r.CoolDown != 0 || r.Score != "" || r.Sequence != "") {
		c.add("path", "invalid", "cool_down, score and sequence belong to the path recycle")
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	if err := a.Reasons.KeepReason(ctx, b.Kind, b.Code, r); err != nil {
		return nil, err
	}
	return a.reasonAs(ctx, b.Kind, b.Code)
}

var sequenceName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

func knownPath(p lifecycle.Path) bool {
	switch p {
	case lifecycle.PathRecycle, lifecycle.PathReroute, lifecycle.PathDisqualify, lifecycle.PathStayLost, lifecycle.PathDuplicate:
		return true
	}
	return false
}

// retireReason keeps what the reason leads to: leads that rest because of it go on by that.
func (a *API) retireReason(ctx context.Context, in *oneReason) (*out[record.Reason], error) {
	found, err := a.reasonAs(ctx, in.Kind, in.Code)
	if err != nil {
		return nil, err
	}
	r := lifecycle.Reason{
		Path: lifecycle.Path(found.Body.Path), Sequence: found.Body.Sequence, Score: lifecycle.ScorePolicy(found.Body.Score), Title: found.Body.Title, Retired: true,
	}
	if found.Body.CoolDown != "" {
		if r.CoolDown, err = span.Parse(found.Body.CoolDown); err != nil {
			return nil, err
		}
	}
	if err := a.Reasons.KeepReason(ctx, in.Kind, in.Code, r); err != nil {
		return nil, err
	}
	return a.reasonAs(ctx, in.Kind, in.Code)
}

func (a *API) reasonAs(ctx context.Context, kind, code string) (*out[record.Reason], error) {
	all, err := a.Reasons.Reasons(ctx, kind)
	if err != nil {
		return nil, err
	}
	for _, r := range all {
		if r.Code == code && r.Kind == kind {
			return &out[record.Reason]{r}, nil
		}
	}
	return nil, record.ErrNotFound
}
