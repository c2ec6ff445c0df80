package store

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// world is what is the same for everything in one transaction: its time and the model everybody is scored by.
type world struct {
	now     time.Time
	version int
	scorer  *scoring.Scorer
}

type published struct {
	Now     time.Time
	Version int
}

const sqlPublishedModel = `SELECT now() AS at, version FROM models WHERE state = 'published'`

const sqlModelDocument = `SELECT document FROM models WHERE version = @version`

// enter reads the time and the published model; ErrNoModel when there is none.
func (s *Store) enter(ctx context.Context, q querier) (world, error) {
	rows, _ := q.Query(ctx, sqlPublishedModel)
	at, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[published])
	if errors.Is(err, pgx.ErrNoRows) {
		return world{}, ErrNoModel
	}
	if err != nil {
		return world{}, err
	}
	scorer, err := s.scorer(ctx, q, at.Version)
	return world{now: at.Now, version: at.Version, scorer: scorer}, err
}

// scorer gives a version made ready. A version that was published never changes, so it is read once.
func (s *Store) scorer(ctx context.Context, q querier, version int) (*scoring.Scorer, error) {
	if known, ok := s.scorers.Load(version); ok {
		return known.(*scoring.Scorer), nil
	}
	rows, _ := q.Query(ctx, sqlModelDocument, pgx.NamedArgs{"version": version})
	document, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[json.RawMessage])
	if err != nil {
		return nil, err
	}
	var m scoring.Model
	if err := json.Unmarshal(document, &m); err != nil {
		return nil, &Error{Op: "read model", Code: "the stored document is no model"}
	}
	scorer, err := scoring.New(m)
	if err != nil {
		return nil, &Error{Op: "read model", Code: "the stored document is no valid model"}
	}
	s.scorers.Store(version, scorer)
	return scorer, nil
}

// subject is one lead whose score may change in this transaction. Its row is locked.
type subject struct {
	lead    leadRow
	created bool
	profile person.Profile // as it follows; the lead's row has it as it was
	address string         // as it follows
	events  []happened     // new ones
	kinds   []string       // what the run must hear whatever the score says
}

// standing is a lead's score as it was.
type standing struct {
	LeadID       string
	ModelVersion int
	Accumulators scoring.Accumulators
	Band         string
	MQLAt        *time.Time
	MQLCycle     *int
	adjustments  []scoring.Adjustment
	before       []scoring.Event // all earlier events; read only to fold anew
	anew         bool            // never scored, folded by another model, or an adjustment came before what is folded
}

const sqlStandings = `SELECT lead_id, model_version, accumulators, band, mql_at, mql_cycle FROM scores WHERE lead_id = ANY(@leads::uuid[])`

const sqlAdjustments = `SELECT lead_id, at, policy, cycle FROM adjustments WHERE lead_id = ANY(@leads::uuid[]) ORDER BY lead_id, at`

const sqlEventsOf = `SELECT lead_id, id, type, occurred_at, received_at, properties FROM events
WHERE lead_id = ANY(@leads::uuid[]) AND received_at <= coalesce(@until::timestamptz, 'infinity')`

// complete reads what is missing to fold for the subjects: all earlier events of whom is to be folded anew.
func complete(ctx context.Context, tx querier, w world, subjects []*subject, out map[string]*standing) error {
	var anew []string
	for _, su := range subjects {
		id := su.lead.ID
		if su.created {
			out[id] = &standing{LeadID: id, anew: true}
			continue
		}
		st := out[id]
		if st.anew = st.ModelVersion != w.version || w.scorer.Stale(st.Accumulators, st.adjustments); st.anew {
			anew = append(anew, id)
		}
	}
	return history(ctx, tx, out, anew, nil)
}

// stood reads the scores of leads and what was adjusted.
func stood(ctx context.Context, tx querier, ids []string) (map[string]*standing, error) {
	out := make(map[string]*standing, len(ids))
	b := &pgx.Batch{}
	queueStood(b, ids, out)
	return out, tx.SendBatch(ctx, b).Close()
}

func queueStood(b *pgx.Batch, ids []string, out map[string]*standing) {
	for _, id := range ids {
		out[id] = &standing{LeadID: id}
	}
	if len(ids) == 0 {
		return
	}
	b.Queue(sqlStandings, pgx.NamedArgs{"leads": ids}).Query(func(rows pgx.Rows) error {
		found, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[standing])
		for _, st := range found {
			out[st.LeadID] = st
		}
		return err
	})
	b.Queue(sqlAdjustments, pgx.NamedArgs{"leads": ids}).Query(func(rows pgx.Rows) error {
		var id string
		var a scoring.Adjustment
		_, err := pgx.ForEachRow(rows, []any{&id, &a.At, &a.Policy, &a.Cycle}, func() error {
			out[id].adjustments = append(out[id].adjustments, a)
			return nil
		})
		return err
	})
}

// history reads all events of the leads, or those that had been received by a moment.
func history(ctx context.Context, tx querier, standings map[string]*standing, ids []string, until *time.Time) error {
	if len(ids) == 0 {
		return nil
	}
	rows, _ := tx.Query(ctx, sqlEventsOf, pgx.NamedArgs{"leads": ids, "until": until})
	var id string
	var h happened
	_, err := pgx.ForEachRow(rows, []any{&id, &h.ID, &h.Type, &h.OccurredAt, &h.ReceivedAt, &h.Properties}, func() error {
		standings[id].before = append(standings[id].before, h.scored())
		return nil
	})
	return err
}

// scored is the event as scoring looks at it. Properties are read back from what is stored, so that folding now and
// recomputing later see the same.
func (h happened) scored() scoring.Event {
	e := scoring.Event{ID: h.ID, Type: h.Type, OccurredAt: h.OccurredAt, ReceivedAt: h.ReceivedAt}
	if len(h.Properties) > 2 {
		_ = json.Unmarshal(h.Properties, &e.Properties) // it was marshalled here, or read from jsonb
	}
	return e
}

// rescore folds the new events of the subjects and queues what follows: scores, marks on the leads, suppressions, and a
// row for each run that must hear of it. It reads at once and writes with the batch.
func (s *Store) rescore(ctx context.Context, tx querier, b *pgx.Batch, w world, subjects []*subject) error {
	var ids []string
	for _, su := range subjects {
		if !su.created {
			ids = append(ids, su.lead.ID)
		}
	}
	stood, err := stood(ctx, tx, ids)
	if err != nil {
		return err
	}
	return s.fold(ctx, tx, b, w, subjects, stood)
}

// fold is rescore for whoever has read where the leads stand.
func (s *Store) fold(ctx context.Context, tx querier, b *pgx.Batch, w world, subjects []*subject, stood map[string]*standing) error {
	if len(subjects) == 0 {
		return nil
	}
	slices.SortFunc(subjects, func(a, b *subject) int { return strings.Compare(a.lead.ID, b.lead.ID) })
	if err := complete(ctx, tx, w, subjects, stood); err != nil {
		return err
	}
	var scores scoreRows
	var marks markRows
	var tells []told
	for _, su := range subjects {
		v := judge(w, su, stood[su.lead.ID])
		if err := scores.add(su.lead.ID, w, v); err != nil {
			return err
		}
		marks.add(su, v)
		if v.tell {
			tells = append(tells, told{su.lead.ID, v.after.Score, v.after.Band, v.kinds})
		}
		if v.suppress != "" && su.address != "" {
			b.Queue(sqlSuppress, s.suppressArgs(su.lead.ID, su.address, v.suppress))
		}
	}
	scores.queue(b)
	marks.queue(b)
	tell(b, tells...)
	return nil
}

// scoreRows are the rows of scores to be written, column by column.
type scoreRows struct {
	leads, accumulators, bands, grades []string
	scores, versions                   []int
	fits, engagements                  []float64
	mqlAt                              []*time.Time
	mqlCycles                          []*int
	at                                 time.Time
}

func (r *scoreRows) add(leadID string, w world, v verdict) error {
	raw, err := json.Marshal(v.accumulators)
	if err != nil {
		return err
	}
	r.leads, r.accumulators = append(r.leads, leadID), append(r.accumulators, string(raw))
	r.versions, r.at = append(r.versions, w.version), w.now
	r.scores, r.fits = append(r.scores, v.after.Score), append(r.fits, v.after.Fit)
	r.engagements = append(r.engagements, v.after.Engagement)
	r.bands, r.grades = append(r.bands, v.after.Band), append(r.grades, v.after.Grade)
	r.mqlAt, r.mqlCycles = append(r.mqlAt, v.mqlAt), append(r.mqlCycles, v.mqlCycle)
	return nil
}

// Who began earlier and waited for the row writes later: the row is no older for it.
const sqlWriteScores = `INSERT INTO scores (lead_id, model_version, accumulators, score, fit, engagement, band, grade, mql_at,
	mql_cycle, evaluated_at)
SELECT lead_id, version, accumulators::jsonb, score, fit, engagement, band, grade, mql_at, mql_cycle, @at
FROM unnest(@leads::uuid[], @versions::int[], @accumulators::text[], @scores::int[], @fits::float8[], @engagements::float8[],
	@bands::text[], @grades::text[], @mql_at::timestamptz[], @mql_cycles::int[])
	AS r (lead_id, version, accumulators, score, fit, engagement, band, grade, mql_at, mql_cycle)
ORDER BY lead_id
ON CONFLICT (lead_id) DO UPDATE SET model_version = EXCLUDED.model_version, accumulators = EXCLUDED.accumulators,
	score = EXCLUDED.score, fit = EXCLUDED.fit, engagement = EXCLUDED.engagement, band = EXCLUDED.band, grade = EXCLUDED.grade,
	mql_at = EXCLUDED.mql_at, mql_cycle = EXCLUDED.mql_cycle, evaluated_at = greatest(scores.evaluated_at, EXCLUDED.evaluated_at)`

func (r *scoreRows) queue(b *pgx.Batch) {
	b.Queue(sqlWriteScores, pgx.NamedArgs{
		"leads": r.leads, "versions": r.versions, "accumulators": r.accumulators, "scores": r.scores, "fits": r.fits,
		"engagements": r.engagements, "bands": r.bands, "grades": r.grades, "mql_at": r.mqlAt, "mql_cycles": r.mqlCycles,
		"at": r.at,
	})
}

// markRows are what leads keep of engagement beside the score.
type markRows struct {
	leads           []string
	engaged, worked []*time.Time
	touched         []bool
}

func (r *markRows) add(su *subject, v verdict) {
	if v.engagedAt == nil && v.workedAt == nil && !v.touched {
		return
	}
	r.leads, r.touched = append(r.leads, su.lead.ID), append(r.touched, v.touched)
	r.engaged, r.worked = append(r.engaged, v.engagedAt), append(r.worked, v.workedAt)
}

const sqlMarkLeads = `UPDATE leads l SET engaged_at = greatest(l.engaged_at, m.engaged_at),
	worked_at = greatest(l.worked_at, m.worked_at), touch_wanted = CASE WHEN m.touched THEN NULL ELSE l.touch_wanted END
FROM unnest(@leads::uuid[], @engaged::timestamptz[], @worked::timestamptz[], @touched::boolean[])
	AS m (lead_id, engaged_at, worked_at, touched)
WHERE l.id = m.lead_id`

func (r *markRows) queue(b *pgx.Batch) {
	if len(r.leads) > 0 {
		b.Queue(sqlMarkLeads, pgx.NamedArgs{"leads": r.leads, "engaged": r.engaged, "worked": r.worked, "touched": r.touched})
	}
}
