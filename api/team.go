package api

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/leadflow-dev/leadflow/domain/calendar"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/intake"
)

// maxName is how long names are at most, in characters.
const maxName = 200

// repBody is a rep as it is written; of a patch, absent stays and null clears.
type repBody struct {
	Name       string  `json:"name"`
	Email      string  `json:"email"`
	TeamID     *string `json:"team_id,omitempty"`
	TimeZone   string  `json:"time_zone,omitempty" doc:"IANA name; absent: UTC"`
	CalendarID *string `json:"calendar_id,omitempty"`
	Capacity   *int    `json:"capacity,omitempty" doc:"open leads at most; null: no limit"`
	Active     bool    `json:"active,omitempty" doc:"absent: true"`

	Weight      *int     `json:"weight,omitempty" doc:"0 to 1000, in pools that go by weights; absent: 1"`
	PerDay      *int     `json:"per_day,omitempty" doc:"offers from midnight to midnight at most, in the rep's time zone; null: no limit"`
	Tags        []string `json:"tags,omitempty" doc:"what pools may ask for: skills, segments"`
	Languages   []string `json:"languages,omitempty" doc:"BCP 47, such as de or pt-BR; de speaks de-AT as well"`
	Territories []string `json:"territories,omitempty" doc:"values of the field that a pool covers by, such as DE"`
}

type teamBody struct {
	Name       string  `json:"name"`
	ManagerID  *string `json:"manager_id,omitempty" doc:"a rep, who hears of what nobody accepts"`
	CalendarID *string `json:"calendar_id,omitempty"`
}

type calendarBody struct {
	Name string        `json:"name" doc:"policies name calendars by this"`
	Spec calendar.Spec `json:"spec"`
}

// resource adds the four routes of a plain thing.
func resource[T any](a *API, group, path, one string, body any, list func(context.Context, string, int) (record.Page[T], error),
	read func(context.Context, string) (T, error), create func(context.Context) (T, error), update func(context.Context, T) (T, error),
) {
	add(a, route{method: http.MethodGet, path: path, group: group, summary: "List " + strings.ToLower(group) + "s", roles: everybody}, func(ctx context.Context, in *Paged) (*out[record.Page[T]], error) {
		page, err := list(ctx, in.Cursor, in.Limit)
		return &out[record.Page[T]]{page}, err
	})
	add(a, route{method: http.MethodPost, path: path, group: group, summary: "Make " + one, roles: operators, status: http.StatusCreated, body: body}, func(ctx context.Context, _ *struct{}) (*out[T], error) {
		made, err := create(ctx)
		return &out[T]{made}, err
	})
	add(a, route{method: http.MethodGet, path: path + "/{id}", group: group, summary: "Read " + one, roles: everybody}, func(ctx context.Context, in *ByID) (*out[T], error) {
		found, err := read(ctx, in.ID)
		return &out[T]{found}, err
	})
	add(a, route{method: http.MethodPatch, path: path + "/{id}", group: group, summary: "Change " + one, roles: operators, body: body}, func(ctx context.Context, in *ByID) (*out[T], error) {
		found, err := read(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		changed, err := update(ctx, found)
		return &out[T]{changed}, err
	})
}

func (a *API) team() {
	resource(a, "Rep", "/v1/reps", "a rep", repBody{}, a.Team.Reps, a.Team.Rep, func(ctx context.Context) (record.Rep, error) {
		r, err := a.decodeRep(ctx, record.Rep{TimeZone: "UTC", Active: true})
		if err != nil {
			return r, err
		}
		return a.Team.CreateRep(ctx, r)
	}, func(ctx context.Context, r record.Rep) (record.Rep, error) {
		r, err := a.decodeRep(ctx, r)
		if err != nil {
			return r, err
		}
		return a.Team.UpdateRep(ctx, r)
	})
	resource(a, "Team", "/v1/teams", "a team", teamBody{}, a.Team.Teams, a.Team.Team, func(ctx context.Context) (record.Team, error) {
		t, err := a.decodeTeam(ctx, record.Team{})
		if err != nil {
			return t, err
		}
		return a.Team.CreateTeam(ctx, t)
	}, func(ctx context.Context, t record.Team) (record.Team, error) {
		t, err := a.decodeTeam(ctx, t)
		if err != nil {
			return t, err
		}
		return a.Team.UpdateTeam(ctx, t)
	})
}

func (a *API) decodeRep(ctx context.Context, r record.Rep) (record.Rep, error) {
	b := repBody{r.Name, r.Email, r.TeamID, r.TimeZone, r.CalendarID, r.Capacity, r.Active, r.Weight, r.PerDay, r.Tags, r.Languages, r.Territories}
	if err := decode(ctx, &b); err != nil {
		return r, err
	}
	var c checks
	c.text("name", b.Name, maxName)
	address, ok := a.Intake.NormalizeAddress(b.Email)
	if !ok {
		c.add("email", "invalid", "must be a bare address such as ada@example.com")
	}
	if !intake.KnownZone(b.TimeZone) {
		c.add("time_zone", "invalid", "must be an IANA time zone such as Europe/Berlin")
	}
	if b.Capacity != nil && *b.Capacity < 0 {
		c.add("capacity", "invalid", "must be 0 or more, or null for no limit")
	}
	a.checkTeam(ctx, &c, b.TeamID)
	a.checkCalendar(ctx, &c, b.CalendarID)
	b.checkSkills(&c)
	r.Weight, r.PerDay, r.Tags, r.Languages, r.Territories = b.Weight, b.PerDay, b.Tags, b.Languages, b.Territories
	r.Name, r.Email, r.TeamID, r.TimeZone, r.CalendarID, r.Capacity, r.Active = strings.TrimSpace(b.Name), address, b.TeamID, b.TimeZone, b.CalendarID, b.Capacity, b.Active
	return r, c.err()
}

func (a *API) decodeTeam(ctx context.Context, t record.Team) (record.Team, error) {
	b := teamBody{t.Name, t.ManagerID, t.CalendarID}
	if err := decode(ctx, &b); err != nil {
		return t, err
	}
	var c checks
	c.text("name", b.Name, maxName)
	if b.ManagerID != nil {
		a.checkRep(ctx, &c, *b.ManagerID, "manager_id")
	}
	a.checkCalendar(ctx, &c, b.CalendarID)
	t.Name, t.ManagerID, t.CalendarID = strings.TrimSpace(b.Name), b.ManagerID, b.CalendarID
	return t, c.err()
}

func (a *API) checkRep(ctx context.Context, c *checks, id, field string) {
	_, err := a.Team.Rep(ctx, id)
	c.exists(field, "a rep", id, err)
}

func (a *API) checkTeam(ctx context.Context, c *checks, id *string) {
	if id != nil {
		_, err := a.Team.Team(ctx, *id)
		c.exists("team_id", "a team", *id, err)
	}
}

func (a *API) checkCalendar(ctx context.Context, c *checks, id *string) {
	if id != nil {
		_, err := a.Team.Calendar(ctx, *id)
		c.exists("calendar_id", "a calendar", *id, err)
	}
}

// exists notes that nothing has the id. What the store cannot tell now it will tell when the row is written.
func (c *checks) exists(field, what, id string, err error) {
	if uuid.Validate(id) != nil || errors.Is(err, record.ErrNotFound) {
		c.add(field, "unknown", "must be the id of "+what)
	}
}
