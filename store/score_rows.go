package store

import (
	"time"

	"github.com/jackc/pgx/v5"
)

// scoreRows are the rows of scores to be written, column by column.
type scoreRows struct {
	leads, bands, grades []string
	accumulators         [][]byte
	scores, versions     []int
	fits, engagements    []float64
	mqlAt                []*time.Time
	mqlCycles            []*int
	turnsAt              []*time.Time
	engaged              []*time.Time
	at                   []time.Time
}

func (r *scoreRows) add(leadID string, w world, v verdict) {
	var raw []byte
	if !v.moves {
		raw = v.accumulators.Stored()
	}
	r.leads, r.accumulators = append(r.leads, leadID), append(r.accumulators, raw)
	r.versions, r.at = append(r.versions, w.version), append(r.at, v.at)
	r.scores, r.fits = append(r.scores, v.after.Score), append(r.fits, v.after.Fit)
	r.engagements = append(r.engagements, v.after.Engagement)
	r.bands, r.grades = append(r.bands, v.after.Band), append(r.grades, v.after.Grade)
	r.turnsAt = append(r.turnsAt, v.turnsAt)
	r.engaged = append(r.engaged, v.engagedAt)
	r.mqlAt, r.mqlCycles = append(r.mqlAt, v.mqlAt), append(r.mqlCycles, v.mqlCycle)
}

const scoreColumns = `unnest(@leads::uuid[], @versions::int[], @accumulators::bytea[], @scores::int[], @fits::float8[], @engagements::float8[],
	@bands::text[], @grades::text[], @mql_at::timestamptz[], @mql_cycles::int[], @turns_at::timestamptz[], @engaged::timestamptz[],
	@at::timestamptz[])
	AS r (lead_id, version, accumulators, score, fit, engagement, band, grade, mql_at, mql_cycle, turns_at, engaged_at, at)`

const sqlWriteScores = `INSERT INTO scores (lead_id, model_version, accumulators, score, fit, engagement, band, grade, mql_at,
	mql_cycle, turns_at, engaged_at, evaluated_at)
SELECT lead_id, version, accumulators, score, fit, engagement, band, grade, mql_at, mql_cycle, turns_at, engaged_at, at
FROM ` + scoreColumns + ` ORDER BY lead_id
ON CONFLICT (lead_id) DO UPDATE SET model_version = EXCLUDED.model_version, accumulators = EXCLUDED.accumulators, accumulators_json = NULL,
	score = EXCLUDED.score, fit = EXCLUDED.fit, engagement = EXCLUDED.engagement, band = EXCLUDED.band, grade = EXCLUDED.grade,
	mql_at = EXCLUDED.mql_at, mql_cycle = EXCLUDED.mql_cycle, turns_at = EXCLUDED.turns_at, engaged_at = greatest(scores.engaged_at, EXCLUDED.engaged_at),
	evaluated_at = EXCLUDED.evaluated_at`

// Where there is a row already, an update is half the work: it need not be locked first to see whether it is in the way.
const sqlFoldScores = `UPDATE scores s SET model_version = r.version, accumulators = r.accumulators, accumulators_json = NULL, score = r.score, fit = r.fit,
	engagement = r.engagement, band = r.band, grade = r.grade, mql_at = r.mql_at, mql_cycle = r.mql_cycle, turns_at = r.turns_at,
	engaged_at = greatest(s.engaged_at, r.engaged_at), evaluated_at = r.at
FROM ` + scoreColumns + ` WHERE s.lead_id = r.lead_id`

// Of scores that move with time or to another model the accumulators stay as they are stored, and nobody becomes an MQL.
const sqlMoveScores = `UPDATE scores s SET model_version = r.version, score = r.score, fit = r.fit, engagement = r.engagement,
	band = r.band, grade = r.grade, turns_at = r.turns_at, evaluated_at = r.at
FROM unnest(@leads::uuid[], @versions::int[], @scores::int[], @fits::float8[], @engagements::float8[], @bands::text[], @grades::text[],
	@turns_at::timestamptz[], @at::timestamptz[]) AS r (lead_id, version, score, fit, engagement, band, grade, turns_at, at)
WHERE s.lead_id = r.lead_id`

func (r *scoreRows) queue(b *pgx.Batch, sql string) {
	if len(r.leads) == 0 {
		return
	}
	b.Queue(sql, r.args())
}

func (r *scoreRows) args() pgx.NamedArgs {
	return pgx.NamedArgs{
		"leads": r.leads, "versions": r.versions, "accumulators": r.accumulators, "scores": r.scores, "fits": r.fits,
		"engagements": r.engagements, "bands": r.bands, "grades": r.grades, "mql_at": r.mqlAt, "mql_cycles": r.mqlCycles,
		"turns_at": r.turnsAt, "engaged": r.engaged, "at": r.at,
	}
}

// markRows are what leads keep of what happened, beside the score.
type markRows struct {
	leads   []string
	worked  []*time.Time
	touched []bool
}

func (r *markRows) add(su *subject, v verdict) {
	if v.workedAt == nil && !v.touched {
		return
	}
	r.leads, r.touched, r.worked = append(r.leads, su.lead.ID), append(r.touched, v.touched), append(r.worked, v.workedAt)
}

const sqlMarkLeads = `UPDATE leads l SET worked_at = greatest(l.worked_at, m.worked_at),
	touch_wanted = CASE WHEN m.touched THEN NULL ELSE l.touch_wanted END
FROM unnest(@leads::uuid[], @worked::timestamptz[], @touched::boolean[]) AS m (lead_id, worked_at, touched)
WHERE l.id = m.lead_id`

func (r *markRows) queue(b *pgx.Batch) {
	if len(r.leads) > 0 {
		b.Queue(sqlMarkLeads, pgx.NamedArgs{"leads": r.leads, "worked": r.worked, "touched": r.touched})
	}
}
