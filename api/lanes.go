package api

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// Lanes hold and release what leaves the house.
type Lanes interface {
	Lanes(ctx context.Context) ([]record.Lane, error)
	// HoldLanes lets nothing more out of the lanes, for all workers at once.
	HoldLanes(ctx context.Context, lanes []string) error
	// ReleaseLanes lets it out again, and answers what goes out and what is parked instead.
	ReleaseLanes(ctx context.Context, r record.LaneRelease) ([]record.LaneReleased, error)
}

// allLanes stands for every lane in a path.
const allLanes = "all"

type byLane struct {
	Lane string `path:"lane" enum:"outbox,alert,bulk,webhook,all"`
}

func (in byLane) lanes() ([]string, error) {
	if in.Lane == allLanes {
		return record.Lanes, nil
	}
	if !slices.Contains(record.Lanes, in.Lane) {
		return nil, problem(http.StatusNotFound, "not_found", "there is no such lane; there are: "+strings.Join(record.Lanes, " ")+" "+allLanes)
	}
	return []string{in.Lane}, nil
}

// laneList is a page that holds all.
type laneList = record.Page[record.Lane]

type releaseBody struct {
	DryRun    bool   `json:"dry_run,omitempty" doc:"only tell what would go out and what would be parked"`
	Resend    bool   `json:"resend,omitempty" doc:"after a restore: send also nurture mail that may have been sent since the backup"`
	SentUntil string `json:"sent_until,omitempty" format:"date-time" doc:"after a restore: when the house that was lost sent last; absent: when the restore was noticed"`
}

// released is what a release answers.
type released struct {
	DryRun bool                  `json:"dry_run"`
	Items  []record.LaneReleased `json:"items"`
}

func (a *API) lanes() {
	const path, group = "/v1/lanes", "Lanes"
	add(a, route{method: http.MethodGet, path: path, group: group, summary: "The ways out of the house: which are held, and what waits", roles: operators}, func(ctx context.Context, _ *struct{}) (*out[laneList], error) {
		items, err := a.Lanes.Lanes(ctx)
		return &out[laneList]{laneList{Items: items}}, err
	})
	add(a, route{method: http.MethodPost, path: path + "/{lane}/hold", group: group, summary: "Let nothing more out", roles: operators, also: []int{http.StatusNotFound}}, func(ctx context.Context, in *byLane) (*out[laneList], error) {
		lanes, err := in.lanes()
		if err == nil {
			err = a.Lanes.HoldLanes(ctx, lanes)
		}
		if err != nil {
			return nil, err
		}
		items, err := a.Lanes.Lanes(ctx)
		return &out[laneList]{laneList{Items: items}}, err
	})
	add(a, route{method: http.MethodPost, path: path + "/{lane}/release", group: group, summary: "Let it out again; after a restore, nurture mail that may have been sent is parked", roles: operators, body: releaseBody{}, also: []int{http.StatusNotFound}}, a.release)
}

func (a *API) release(ctx context.Context, in *byLane) (*out[released], error) {
	lanes, err := in.lanes()
	if err != nil {
		return nil, err
	}
	var b releaseBody
	if err := decode(ctx, &b); err != nil {
		return nil, err
	}
	r := record.LaneRelease{Lanes: lanes, DryRun: b.DryRun, Resend: b.Resend}
	if b.SentUntil != "" {
		if r.SentUntil, err = time.Parse(time.RFC3339, b.SentUntil); err != nil {
			return nil, invalid(FieldError{Field: "sent_until", Code: "invalid", Detail: "must be a time such as 2026-03-01T09:00:00Z"})
		}
	}
	items, err := a.Lanes.ReleaseLanes(ctx, r)
	return &out[released]{released{b.DryRun, items}}, err
}
