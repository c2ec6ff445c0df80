package store

import (
	"context"
	"encoding/json"
	"maps"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// What was known of leads at moments of their own. Nothing that came later is among it: an event counts from when it was received, or from when
// the lead came to it, whenever it happened, and until it was taken back; a value from when it was learned.
const (
	momentsOf = `unnest(@leads::uuid[], @moments::timestamptz[]) WITH ORDINALITY AS d (lead_id, at, n)`

	sqlKnownEvents = `SELECT d.n, e.id::text, e.type, e.occurred_at, e.received_at, CASE WHEN @asked::text[] IS NULL OR e.type = ANY(@asked) THEN e.properties END
FROM ` + momentsOf + ` JOIN events e ON e.lead_id = d.lead_id
WHERE coalesce(e.inherited_at, e.received_at) <= d.at AND (e.voided_at IS NULL OR e.voided_at > d.at)
	AND (@types::text[] IS NULL OR e.type = ANY(@types))`

	sqlKnownProfiles = `SELECT d.n, v.values FROM ` + momentsOf + ` CROSS JOIN LATERAL (
	SELECT jsonb_object_agg(field, value) FILTER (WHERE value IS NOT NULL) AS values FROM (
		SELECT DISTINCT ON (p.field) p.field, p.value FROM profile_values p
		WHERE p.lead_id = d.lead_id AND p.learned_at <= d.at ORDER BY p.field, p.id DESC) AS newest) AS v
WHERE v.values IS NOT NULL`

	sqlKnownSources = `SELECT d.n, l.source_code FROM ` + momentsOf + ` JOIN leads l ON l.id = d.lead_id`

	// Scoring looks at those up to the moment it is asked for.
	sqlAdjustedOf = `SELECT d.n, a.at, a.policy, a.cycle FROM ` + momentsOf + ` JOIN adjustments a ON a.lead_id = d.lead_id ORDER BY d.n, a.at`
)

// askedAt are leads, each at a moment.
type askedAt struct {
	leads   []string
	moments []time.Time
}

func (a *askedAt) add(lead string, at time.Time) {
	a.leads, a.moments = append(a.leads, lead), append(a.moments, at)
}

// knew is what was known of a lead at a moment.
type knew struct {
	profile     person.Profile
	source      string // code of the first
	events      []scoring.Event
	adjustments []scoring.Adjustment
}

// seenBy is the profile with what a model asks beside it.
func (k knew) seenBy(s *scoring.Scorer) person.Profile { return facts(s, k.source, k.profile) }

// knewThen reads what was known, in the order in which it is asked for. Of events and their properties what these models look at is read, or all
// (none).
func knewThen(ctx context.Context, q querier, a askedAt, models ...*scoring.Scorer) ([]knew, error) {
	out := make([]knew, len(a.leads))
	types, asked := typesFor(models)
	args := pgx.NamedArgs{"leads": a.leads, "moments": a.moments, "types": types, "asked": asked}
	b := &pgx.Batch{}
	var n int
	b.Queue(sqlKnownEvents, args).Query(func(rows pgx.Rows) error {
		var h happened
		_, err := pgx.ForEachRow(rows, []any{&n, &h.ID, &h.Type, &h.OccurredAt, &h.ReceivedAt, &h.Properties}, func() error {
			k := &out[n-1]
			k.events = append(k.events, h.seenBy(models))
			return nil
		})
		return err
	})
	b.Queue(sqlKnownProfiles, args).Query(func(rows pgx.Rows) error {
		var flat map[string]any
		_, err := pgx.ForEachRow(rows, []any{&n, &flat}, func() error {
			out[n-1].profile = nestedProfile(flat)
			flat = nil
			return nil
		})
		return err
	})
	b.Queue(sqlKnownSources, args).Query(func(rows pgx.Rows) error {
		var source string
		_, err := pgx.ForEachRow(rows, []any{&n, &source}, func() error {
			out[n-1].source = source
			return nil
		})
		return err
	})
	b.Queue(sqlAdjustedOf, args).Query(func(rows pgx.Rows) error {
		var at scoring.Adjustment
		_, err := pgx.ForEachRow(rows, []any{&n, &at.At, &at.Policy, &at.Cycle}, func() error {
			out[n-1].adjustments = append(out[n-1].adjustments, at)
			return nil
		})
		return err
	})
	return out, q.SendBatch(ctx, b).Close()
}

// typesFor are the types of events that some models give points for, and those whose properties they look at; nil: all.
func typesFor(models []*scoring.Scorer) (types, asked []string) {
	if len(models) == 0 {
		return nil, nil
	}
	types, asked = []string{}, []string{}
	for _, m := range models {
		types, asked = append(types, m.Counting()...), append(asked, m.Asking()...)
	}
	return types, asked
}

// seenBy is the event as these models look at it, or with all its properties (none).
func (h happened) seenBy(models []*scoring.Scorer) scoring.Event {
	if len(models) == 0 {
		return h.scored(nil)
	}
	e := h.scored(models[0])
	for _, m := range models[1:] {
		if more := m.Read(h.Type, h.Properties); e.Properties == nil {
			e.Properties = more
		} else {
			maps.Copy(e.Properties, more)
		}
	}
	return e
}

const (
	sqlPastEvents = `SELECT id::text, type, occurred_at, received_at, properties, coalesce(inherited_at, received_at) AS since, voided_at
FROM events WHERE lead_id = @lead`

	sqlPastValues = `SELECT id, field, value, learned_at FROM profile_values WHERE lead_id = @lead ORDER BY learned_at, id`

	sqlSourceOf = `SELECT source_code FROM leads WHERE id = @lead`

	sqlPastAdjustments = `SELECT at, policy, cycle FROM adjustments WHERE lead_id = @lead ORDER BY at`
)

// pastOf reads a lead as a model sees it (nil: as it is), with the time at which each thing was learned.
func pastOf(ctx context.Context, q querier, leadID string, s *scoring.Scorer) (scoring.Past, error) {
	var p scoring.Past
	var source string
	args := pgx.NamedArgs{"lead": leadID}
	b := &pgx.Batch{}
	b.Queue(sqlPastEvents, args).Query(func(rows pgx.Rows) error {
		var h happened
		var from time.Time
		var until *time.Time
		_, err := pgx.ForEachRow(rows, []any{&h.ID, &h.Type, &h.OccurredAt, &h.ReceivedAt, &h.Properties, &from, &until}, func() error {
			l := scoring.Learned{Event: h.scored(nil), From: from}
			if until != nil {
				l.Until = *until
			}
			p.Events = append(p.Events, l)
			return nil
		})
		return err
	})
	b.Queue(sqlPastValues, args).Query(func(rows pgx.Rows) (err error) {
		p.Profiles, err = pastProfiles(rows)
		return err
	})
	b.Queue(sqlPastAdjustments, args).Query(func(rows pgx.Rows) (err error) {
		p.Adjustments, err = pgx.CollectRows(rows, pgx.RowToStructByName[scoring.Adjustment])
		return err
	})
	b.Queue(sqlSourceOf, args).QueryRow(func(row pgx.Row) error { return row.Scan(&source) })
	if err := q.SendBatch(ctx, b).Close(); err != nil || s == nil {
		return p, err
	}
	for i := range p.Profiles {
		p.Profiles[i].Profile = facts(s, source, p.Profiles[i].Profile)
	}
	return p, nil
}

// pastProfiles are the profiles that values make, one after the other. Of two values of a field the one of the higher number is newer,
// whatever their transactions' clocks say.
func pastProfiles(rows pgx.Rows) ([]scoring.ProfileSince, error) {
	var out []scoring.ProfileSince
	var id int64
	var field string
	var raw json.RawMessage
	var at time.Time
	flat, newest := map[string]any{}, map[string]int64{}
	_, err := pgx.ForEachRow(rows, []any{&id, &field, &raw, &at}, func() error {
		if id < newest[field] {
			return nil
		}
		newest[field] = id
		var value any
		if len(raw) > 0 {
			if err := json.Unmarshal(raw, &value); err != nil {
				return err
			}
		}
		if delete(flat, field); value != nil {
			flat[field] = value
		}
		next := scoring.ProfileSince{Since: at, Profile: nestedProfile(flat)}
		if n := len(out); n > 0 && out[n-1].Since.Equal(at) {
			out[n-1] = next
		} else {
			out = append(out, next)
		}
		raw = nil
		return nil
	})
	return out, err
}
