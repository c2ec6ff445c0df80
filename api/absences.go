package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/intake"
)

type absenceBody struct {
	From  string `json:"from" doc:"a date, whose midnight in the rep's time zone is meant, or a moment (RFC 3339)"`
	Until string `json:"until" doc:"a date, which is the last day away, or a moment (RFC 3339)"`
	Kind  string `json:"kind,omitempty" enum:"vacation,other" doc:"absent: vacation"`
}

type absencesQuery struct {
	ByID
	Past bool `query:"past" doc:"also those that are over"`
}

type byAbsence struct {
	ByID
	Absence string `path:"absence" maxLength:"200"`
}

// longestAbsence keeps an absence within what anybody can mean: who is gone for longer is deactivated.
const longestAbsence = 3 * 366 * 24 * time.Hour

func (a *API) absences() {
	const path, group = "/v1/reps/{id}/absences", "Rep"
	add(a, route{method: http.MethodGet, path: path, group: group, summary: "List when a rep is away", roles: everybody}, func(ctx context.Context, in *absencesQuery) (*out[record.Page[record.Absence]], error) {
		items, err := a.Routing.Absences(ctx, in.ID, in.Past)
		return &out[record.Page[record.Absence]]{record.Page[record.Absence]{Items: items}}, err
	})
	add(a, route{method: http.MethodPost, path: path, group: group, summary: "Say when a rep is away: nothing is offered to them then, and what was goes to others", roles: []string{RoleOps, RoleSales}, status: http.StatusCreated, body: absenceBody{}}, a.addAbsence)
	add(a, route{method: http.MethodDelete, path: path + "/{absence}", group: group, summary: "Take an absence back", roles: []string{RoleOps, RoleSales}, status: http.StatusNoContent}, func(ctx context.Context, in *byAbsence) (*struct{}, error) {
		return nil, a.Routing.RemoveAbsence(ctx, in.ID, in.Absence)
	})
}

func (a *API) addAbsence(ctx context.Context, in *ByID) (*out[record.Absence], error) {
	rep, err := a.Team.Rep(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	b := absenceBody{Kind: "vacation"}
	if err := decode(ctx, &b); err != nil {
		return nil, err
	}
	var c checks
	zone, err := time.LoadLocation(rep.TimeZone)
	if err != nil {
		zone = time.UTC
	}
	from, until := c.moment("from", b.From, zone, 0), c.moment("until", b.Until, zone, 1)
	if !slices.Contains(record.AbsenceKinds, b.Kind) {
		c.add("kind", "invalid", "must be one of: "+strings.Join(record.AbsenceKinds, " "))
	}
	if len(c) == 0 {
		switch {
		case !until.After(from):
			c.add("until", "invalid", "must be after from")
		case until.Before(time.Now()):
			c.add("until", "invalid", "must not have passed: nothing that was offered is changed by it")
		case until.Sub(from) > longestAbsence:
			c.add("until", "invalid", "must be within three years of from; make the rep inactive instead")
		}
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	made, err := a.Routing.AddAbsence(ctx, record.Absence{RepID: rep.ID, From: from, Until: until, Kind: b.Kind})
	return &out[record.Absence]{made}, err
}

// moment reads a date, as the midnight so many days after it begins, or a moment.
func (c *checks) moment(field, text string, zone *time.Location, days int) time.Time {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.UTC()
	}
	day, err := time.ParseInLocation(time.DateOnly, text, zone)
	if err != nil || day.Year() < 2000 || day.Year() > 2999 {
		c.add(field, "invalid", "must be a date such as 2026-12-24, or a moment such as 2026-12-24T12:00:00Z")
		return time.Time{}
	}
	return time.Date(day.Year(), day.Month(), day.Day()+days, 0, 0, 0, 0, zone).UTC()
}

// Bounds of what is known of a rep.
const (
	maxWeight = 1000
	maxSkills = 200
	maxSkill  = 64
)

// checkSkills checks what routing goes by, and puts languages into their usual spelling.
func (b *repBody) checkSkills(c *checks) {
	if b.Weight != nil && (*b.Weight < 0 || *b.Weight > maxWeight) {
		c.add("weight", "invalid", fmt.Sprintf("must be 0 to %d", maxWeight))
	}
	if b.PerDay != nil && *b.PerDay < 0 {
		c.add("per_day", "invalid", "must be 0 or more, or null for no limit")
	}
	for _, list := range []struct {
		field string
		of    *[]string
	}{{"tags", &b.Tags}, {"languages", &b.Languages}, {"territories", &b.Territories}} {
		c.words(list.field, list.of)
	}
	for i, text := range b.Languages {
		tag, ok := intake.Language(text)
		if !ok {
			c.add("languages", "invalid", "must be BCP 47 languages such as de or pt-BR")
			return
		}
		b.Languages[i] = tag
	}
}

// words trims a list of short words, of which each is there once.
func (c *checks) words(field string, list *[]string) {
	var out []string
	for _, w := range *list {
		w = strings.TrimSpace(w)
		if w == "" || utf8.RuneCountInString(w) > maxSkill || strings.ContainsFunc(w, func(r rune) bool { return r < ' ' }) {
			c.add(field, "invalid", fmt.Sprintf("must be words of 1 to %d characters", maxSkill))
			return
		}
		if !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	if len(out) > maxSkills {
		c.add(field, "invalid", fmt.Sprintf("may have %d entries at most", maxSkills))
	}
	*list = out
}
