package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// Who decided an offer is on the timeline: its rep, or a key that spoke for them. The newest counts: one may have been undone.
const sqlOfferPage = `SELECT r.name AS rep_name, r.active AS rep_active, ` + zoneOfRep + ` AS time_zone, a.state, a.offered_at, a.decided_at, a.reason,
	a.rep_id::text AS offer_rep, f.name AS offer_name, a.score, a.explanation, l.stage, l.merged_into::text AS merged_into, l.paused, l.email, l.profile, l.source,
	coalesce(o.name, '') AS owner_name, coalesce(o.id::text, '') AS owner_id, coalesce(s.band, 'cold') AS band,
	CASE WHEN a.state = 'offered' THEN coalesce(l.sla_due_at, a.due_at) END AS due_at,
	coalesce((SELECT CASE t.actor_type WHEN 'rep' THEN (SELECT name FROM reps WHERE id::text = t.actor_id)
			WHEN 'key' THEN 'the API key ' || (SELECT name FROM api_keys WHERE id::text = t.actor_id) END
		FROM timeline t WHERE t.lead_id = a.lead_id AND t.assignment_id = a.id AND t.data ->> 'outcome' = a.state
		ORDER BY t.id DESC LIMIT 1), '') AS decided_by,
	CASE WHEN u.undo ->> 'by' = @rep::text AND u.undo ->> 'assignment' = a.id::text AND (u.undo ->> 'until')::timestamptz > now()
		THEN (u.undo ->> 'until')::timestamptz END AS undo_until, coalesce(u.undo ->> 'decision', '') AS undoes,
	EXISTS (SELECT FROM decisions d WHERE d.lead_id = a.lead_id AND d.state = 'pending') AS waiting
FROM assignments a JOIN leads l ON l.id = a.lead_id JOIN reps f ON f.id = a.rep_id JOIN reps r ON r.id = @rep::uuid
	LEFT JOIN reps o ON o.id = l.owner LEFT JOIN scores s ON s.lead_id = l.id
	CROSS JOIN LATERAL (SELECT l.state -> 'lead' -> 'undo' AS undo) u
WHERE a.id = @assignment AND a.lead_id = @lead`

type offerPageRow struct {
	RepName     string
	RepActive   bool
	TimeZone    string
	State       string
	OfferedAt   time.Time
	DecidedAt   *time.Time
	Reason      string
	OfferRep    string
	OfferName   string
	Score       int
	Explanation json.RawMessage
	Stage       lifecycle.Stage
	MergedInto  *string
	Paused      bool
	Email       *string
	Profile     map[string]any
	Source      record.Source
	OwnerName   string
	OwnerID     string
	Band        string
	DueAt       *time.Time
	DecidedBy   string
	UndoUntil   *time.Time
	Undoes      string
	Waiting     bool
}

// whysShown is how many reasons of a score people are shown.
const whysShown = 6

// OfferPage reads an offer as its link shows it: who may see it has the link, which the store cannot know. What is not known
// is record.ErrNotFound, and of a person who is gone record.ErrErased, of one who is another lead by now *record.Merged.
func (s *Store) OfferPage(ctx context.Context, asked record.OfferAsked) (record.OfferPage, error) {
	none := record.OfferPage{}
	if !isID(asked.LeadID) || !isID(asked.AssignmentID) || !isID(asked.RepID) {
		return none, record.ErrNotFound
	}
	rows, _ := s.pool.Query(ctx, sqlOfferPage, pgx.NamedArgs{"lead": asked.LeadID, "assignment": asked.AssignmentID, "rep": asked.RepID})
	row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[offerPageRow])
	if err != nil {
		return none, masked("read offer", err)
	}
	if err := errGoneTo(row.Stage, asked.LeadID, row.MergedInto); err != nil {
		return none, err
	}
	explained, err := explanationOf(row.Explanation)
	if err != nil {
		return none, err
	}
	at := onClockOf(row.TimeZone)
	return record.OfferPage{
		OfferAsked: asked, RepName: row.RepName, RepActive: row.RepActive, OwnerName: row.OwnerName, OwnerID: row.OwnerID,
		OfferRep: row.OfferRep, OfferName: row.OfferName, State: row.State, Stage: row.Stage, Paused: row.Paused,
		OfferedAt: *at(&row.OfferedAt), DueAt: at(row.DueAt), DecidedAt: at(row.DecidedAt), DecidedBy: row.DecidedBy, Reason: row.Reason,
		UndoUntil: at(row.UndoUntil), Undoes: row.Undoes, Waiting: row.Waiting, Score: row.Score, Band: row.Band, Whys: record.Whys(explained.Items, whysShown),
		Email: row.Email, Profile: row.Profile, Source: row.Source,
	}, nil
}

// explanationOf reads what an assignment keeps of the score of its moment.
func explanationOf(raw json.RawMessage) (out record.Score, err error) {
	if len(raw) == 0 {
		return out, nil
	}
	if json.Unmarshal(raw, &out) != nil {
		return out, &Error{Op: "read offer", Code: "the stored explanation cannot be read"}
	}
	return out, nil
}

// onClockOf shows times by the clock of a place; of one that is not known by that of Greenwich.
func onClockOf(zone string) func(*time.Time) *time.Time {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		loc = time.UTC
	}
	return func(at *time.Time) *time.Time {
		if at == nil {
			return nil
		}
		there := at.In(loc)
		return &there
	}
}
