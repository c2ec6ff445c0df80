package simulate

import (
	"fmt"
	"strings"

	"github.com/leadflow-dev/leadflow/domain/calendar"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/routing"
)

// Office is sales as a house has it: who they are, and when they work.
type Office struct {
	Calendars []calendar.Spec
	Teams     []Team
	Reps      []Rep

	teams, reps map[string]string // names by id
}

// NewOffice is what reps, teams and calendars are to a simulation; days of calendars are in their specs already. Call names a rep, the n-th from 1 on. Who takes no leads, being
// inactive or without any capacity, is there and is given none.
func NewOffice(reps []record.Rep, teams []record.Team, calendars []record.Calendar, call func(r record.Rep, n int) string) Office {
	out := Office{teams: map[string]string{}, reps: map[string]string{}}
	hours := map[string]string{}
	for _, c := range calendars {
		spec := c.Spec
		spec.Name, hours[c.ID] = c.Name, c.Name
		out.Calendars = append(out.Calendars, spec)
	}
	by := func(names map[string]string, id *string) string {
		if id == nil {
			return ""
		}
		return names[*id]
	}
	for _, t := range teams {
		out.teams[t.ID] = t.Name
		out.Teams = append(out.Teams, Team{Name: t.Name, Calendar: by(hours, t.CalendarID)})
	}
	taken := map[string]bool{}
	for i, r := range reps {
		one := Rep{
			Name: called(call(r, i+1), i+1, taken), Team: by(out.teams, r.TeamID), Calendar: by(hours, r.CalendarID), Inactive: !r.Active,
			Tags: r.Tags, Languages: r.Languages, Territories: r.Territories,
		}
		if r.Capacity != nil {
			one.Capacity, one.Inactive = *r.Capacity, one.Inactive || *r.Capacity == 0
		}
		if r.PerDay != nil {
			one.PerDay, one.Inactive = *r.PerDay, one.Inactive || *r.PerDay == 0
		}
		if r.Weight != nil {
			one.Weight = *r.Weight
		}
		out.reps[r.ID] = one.Name
		out.Reps = append(out.Reps, one)
	}
	return out
}

// Move puts these people in the place of those a behaviour has.
func (o Office) Move(s *Sales) { s.Calendars, s.Teams, s.Reps = o.Calendars, o.Teams, o.Reps }

// Names puts names in the place of ids in a routing document of the house.
func (o Office) Names(d routing.Document) routing.Document { return d.Resolve(o.teams, o.reps) }

// called is a name in the form that reps have in a simulation, and nobody else's.
func called(name string, n int, taken map[string]bool) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	out := strings.Trim(b.String(), "-")
	if out = strings.TrimRight(out[:min(len(out), 30)], "-"); out == "" || taken[out] {
		out = strings.TrimLeft(fmt.Sprintf("%s-%d", out, n), "-")
	}
	taken[out] = true
	return out
}

// Pseudonym calls reps by their number: what is fitted to a house names nobody.
func Pseudonym(_ record.Rep, n int) string { return fmt.Sprintf("rep-%d", n) }
