package store

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/calendar"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/routing"
)

// office is what decisions about leads go by, which people change now and then: policy, routing document, reps with their teams,
// absences and calendars. It is kept between decisions: whoever decides asks for its revision, under the lock of people, and reads
// it anew where it is another (migration 00035).
type office struct {
	revision  string
	policy    lifecycle.Policy
	noPolicy  error             // why there is none
	route     int               // version of the published routing document; 0: none is
	document  routing.Document  // of that version, or the one that is built in
	reps      []colleague       // by id
	byID      map[string]int    // of reps
	teams     map[string]team   // by id
	calendars map[string]int64  // id -> revision
	named     map[string]string // name of a calendar -> id
	hooks     bool              // there is somebody who subscribes
	pools     []string          // of the document
}

// colleague is a rep as decisions look at them.
type colleague struct {
	ID          string
	Team        *string
	Calendar    *string
	Capacity    *int
	PerDay      *int
	Weight      int
	Active      bool
	Tags        []string
	Languages   []string
	Territories []string
	leave       []leave
}

type leave struct{ from, until time.Time }

type team struct {
	name     string
	calendar *string
}

// away reports whether a rep is absent at a moment.
func (c colleague) away(at time.Time) bool {
	for _, a := range c.leave {
		if !a.from.After(at) && a.until.After(at) {
			return true
		}
	}
	return false
}

const (
	sqlOffice = `SELECT o.revision::text, (SELECT document FROM policies WHERE active), coalesce((SELECT version FROM routes WHERE state = 'published'), 0),
	EXISTS (SELECT FROM webhooks WHERE active) FROM office o WHERE o.one`

	sqlColleagues = `SELECT id, team_id, calendar_id, capacity, per_day, weight, active, tags, languages, territories FROM reps ORDER BY id`

	sqlAbsent = `SELECT rep_id, from_at, until_at FROM absences WHERE until_at > now() ORDER BY rep_id, from_at`

	sqlTeamsOfOffice = `SELECT id, name, calendar_id FROM teams`

	sqlCalendarsOfOffice = `SELECT id, name, revision FROM calendars`
)

// officeOf is the office of a revision, from what is kept or as it is read now.
func (s *Store) officeOf(ctx context.Context, q querier, revision string) (*office, error) {
	if kept := s.office.Load(); kept != nil && kept.revision == revision {
		return kept, nil
	}
	o, err := s.readOffice(ctx, q)
	if err == nil {
		s.office.Store(o)
	}
	return o, err
}

// readOffice reads the revision first: what changes between it and the rest is read again by whoever comes next.
func (s *Store) readOffice(ctx context.Context, q querier) (*office, error) {
	o := &office{byID: map[string]int{}, teams: map[string]team{}, calendars: map[string]int64{}, named: map[string]string{}}
	var policy json.RawMessage
	b := &pgx.Batch{}
	b.Queue(sqlOffice).QueryRow(func(row pgx.Row) error { return row.Scan(&o.revision, &policy, &o.route, &o.hooks) })
	b.Queue(sqlColleagues).Query(o.collectReps)
	b.Queue(sqlAbsent).Query(o.collectAbsent)
	b.Queue(sqlTeamsOfOffice).Query(o.collectTeams)
	b.Queue(sqlCalendarsOfOffice).Query(o.collectCalendars)
	if err := q.SendBatch(ctx, b).Close(); err != nil {
		return nil, err
	}
	o.policy, o.noPolicy = policyOf(policy)
	var err error
	o.document, err = s.routeDocument(ctx, q, o.route)
	o.pools = slices.Collect(maps.Keys(o.document.Pools))
	return o, err
}

func (o *office) collectReps(rows pgx.Rows) (err error) {
	o.reps, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (c colleague, err error) {
		return c, row.Scan(&c.ID, &c.Team, &c.Calendar, &c.Capacity, &c.PerDay, &c.Weight, &c.Active, &c.Tags, &c.Languages, &c.Territories)
	})
	for i, c := range o.reps {
		o.byID[c.ID] = i
	}
	return err
}

func (o *office) collectAbsent(rows pgx.Rows) error {
	var rep string
	var a leave
	_, err := pgx.ForEachRow(rows, []any{&rep, &a.from, &a.until}, func() error {
		if i, there := o.byID[rep]; there {
			o.reps[i].leave = append(o.reps[i].leave, a)
		}
		return nil
	})
	return err
}

func (o *office) collectTeams(rows pgx.Rows) error {
	var id string
	var t team
	_, err := pgx.ForEachRow(rows, []any{&id, &t.name, &t.calendar}, func() error {
		o.teams[id] = t
		t = team{} // what it points to is its own
		return nil
	})
	return err
}

func (o *office) collectCalendars(rows pgx.Rows) error {
	var id, name string
	var revision int64
	_, err := pgx.ForEachRow(rows, []any{&id, &name, &revision}, func() error {
		o.calendars[id], o.named[name] = revision, id
		return nil
	})
	return err
}

// rep finds one; false: nobody has the id.
func (o *office) rep(id string) (colleague, bool) {
	i, there := o.byID[id]
	if !there {
		return colleague{}, false
	}
	return o.reps[i], true
}

// members are the reps of some pools, by id.
func (o *office) members(pools ...routing.Pool) []colleague {
	var out []colleague
	for _, c := range o.reps {
		for _, p := range pools {
			if c.in(p) {
				out = append(out, c)
				break
			}
		}
	}
	return out
}

// in reports whether a pool has the rep: it names them, or they are active and it is of their team or of everybody.
func (c colleague) in(p routing.Pool) bool {
	for _, id := range p.Reps {
		if id == c.ID {
			return true
		}
	}
	return c.Active && (p.Team == "" && len(p.Reps) == 0 || p.Team != "" && c.Team != nil && *c.Team == p.Team)
}

// hoursOf is the business time of a rep: their own calendar, else their team's, else the policy's (calendarOf).
func (s *Store) hoursOf(ctx context.Context, q querier, o *office, rep colleague) (*calendar.Calendar, error) {
	id := o.named[o.policy.Calendar]
	switch {
	case rep.Calendar != nil:
		id = *rep.Calendar
	case rep.Team != nil && o.teams[*rep.Team].calendar != nil:
		id = *o.teams[*rep.Team].calendar
	}
	if id == "" {
		return calendar.Always, nil
	}
	return s.hoursOfCalendar(ctx, q, id, o.calendars[id])
}
