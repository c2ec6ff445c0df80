package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// shadow is a model that scores along with the published one: the same events, in the same transaction, judged by the same
// rules, with nothing that follows. It begins where the published one stands, as if it had been published then.
type shadow struct {
	id    int64
	w     world
	stood map[string]*standing
	rows  shadowRows
	calls callRows
}

const sqlShadowVersion = `SELECT model_version FROM shadows WHERE id = @shadow`

// shadowVersion is whose shadow it is, which never changes.
func (s *Store) shadowVersion(ctx context.Context, q querier, id int64) (int, error) {
	if known, ok := s.shadows.Load(id); ok {
		return known.(int), nil
	}
	rows, _ := q.Query(ctx, sqlShadowVersion, pgx.NamedArgs{"shadow": id})
	version, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[int])
	if err == nil {
		s.shadows.Store(id, version)
	}
	return version, err
}

const sqlShadowStandings = `SELECT lead_id, accumulators, fit, band, mql_at, mql_cycle, evaluated_at FROM shadow_scores
WHERE shadow_id = @shadow AND lead_id = ANY(@leads::uuid[])`

// along reads where the subjects stand under each shadow. It must come before the published model carries over what is stored:
// whom a shadow has not seen yet it takes from there. Leads are locked, so nobody else writes their rows.
func (s *Store) along(ctx context.Context, q querier, w world, subjects []*subject, stood map[string]*standing) ([]*shadow, error) {
	if len(w.shadows) == 0 {
		return nil, nil
	}
	var known []string
	for _, su := range subjects {
		if !su.created {
			known = append(known, su.lead.ID)
		}
	}
	var all []*shadow
	for _, id := range w.shadows {
		version, err := s.shadowVersion(ctx, q, id)
		if err != nil {
			return nil, err
		}
		scorer, err := s.scorer(ctx, q, version)
		if err != nil {
			return nil, err
		}
		sh := &shadow{id: id, w: world{now: w.now, version: version, scorer: scorer, shadow: true}, stood: map[string]*standing{}}
		if err := sh.read(ctx, q, known, stood); err != nil {
			return nil, err
		}
		if err := s.complete(ctx, q, sh.w, subjects, sh.stood); err != nil {
			return nil, err
		}
		all = append(all, sh)
	}
	return all, nil
}

func (sh *shadow) read(ctx context.Context, q querier, leads []string, stood map[string]*standing) error {
	for _, id := range leads {
		copied := *stood[id]
		sh.stood[id] = &copied
	}
	if len(leads) == 0 {
		return nil
	}
	rows, _ := q.Query(ctx, sqlShadowStandings, pgx.NamedArgs{"shadow": sh.id, "leads": leads})
	var st standing
	_, err := pgx.ForEachRow(rows, []any{&st.LeadID, &st.Accumulators, &st.Fit, &st.Band, &st.MQLAt, &st.MQLCycle, &st.EvaluatedAt}, func() error {
		own := sh.stood[st.LeadID] // what is of the lead, under whatever model, is there
		own.ModelVersion, own.Accumulators, own.Fit, own.Band = sh.w.version, st.Accumulators, st.Fit, st.Band
		own.MQLAt, own.MQLCycle, own.EvaluatedAt, own.refolded = st.MQLAt, st.MQLCycle, st.EvaluatedAt, false
		st = standing{}
		return nil
	})
	return err
}

// judge does for the shadow what was done for the published model, and notes what both say where either finds an edge.
func (sh *shadow) judge(w world, su *subject, st *standing, v verdict) {
	own := sh.stood[su.lead.ID]
	o := judge(sh.w, su, own)
	sh.rows.add(su.lead.ID, o)
	if v.mqlAt != nil && v.mqlAt != st.MQLAt {
		sh.calls.add(su, "published", w, v, o)
	}
	if o.mqlAt != nil && o.mqlAt != own.MQLAt {
		sh.calls.add(su, "shadow", w, v, o)
	}
}

type shadowRows struct {
	leads, bands      []string
	accumulators      [][]byte
	scores            []int
	fits, engagements []float64
	mqlAt             []*time.Time
	mqlCycles         []*int
	at                []time.Time
}

func (r *shadowRows) add(lead string, v verdict) {
	r.leads, r.bands, r.accumulators = append(r.leads, lead), append(r.bands, v.after.Band), append(r.accumulators, v.accumulators.Stored())
	r.scores, r.fits, r.engagements = append(r.scores, v.after.Score), append(r.fits, v.after.Fit), append(r.engagements, v.after.Engagement)
	r.mqlAt, r.mqlCycles, r.at = append(r.mqlAt, v.mqlAt), append(r.mqlCycles, v.mqlCycle), append(r.at, v.at)
}

// callRows are what both models said.
type callRows struct {
	leads, by      []string
	cycles         []int
	at             []time.Time
	published, may []scoring.Result
	version        int
}

func (r *callRows) add(su *subject, by string, w world, v, o verdict) {
	r.leads, r.by, r.cycles, r.at = append(r.leads, su.lead.ID), append(r.by, by), append(r.cycles, su.lead.Cycle), append(r.at, w.now)
	r.published, r.may, r.version = append(r.published, v.after), append(r.may, o.after), w.version
}

const sqlWriteShadows = `INSERT INTO shadow_scores (shadow_id, lead_id, accumulators, score, fit, engagement, band, mql_at, mql_cycle, evaluated_at)
SELECT @shadow, r.* FROM unnest(@leads::uuid[], @accumulators::bytea[], @scores::int[], @fits::float8[], @engagements::float8[], @bands::text[],
	@mql_at::timestamptz[], @mql_cycles::int[], @at::timestamptz[])
	AS r (lead_id, accumulators, score, fit, engagement, band, mql_at, mql_cycle, evaluated_at) ORDER BY lead_id
ON CONFLICT (shadow_id, lead_id) DO UPDATE SET accumulators = EXCLUDED.accumulators, score = EXCLUDED.score, fit = EXCLUDED.fit,
	engagement = EXCLUDED.engagement, band = EXCLUDED.band, mql_at = EXCLUDED.mql_at, mql_cycle = EXCLUDED.mql_cycle, evaluated_at = EXCLUDED.evaluated_at`

// The first call of a cycle stands.
const sqlWriteCalls = `INSERT INTO shadow_calls (shadow_id, lead_id, cycle, by, at, published, score, fit, engagement, band,
	shadow_score, shadow_fit, shadow_engagement, shadow_band)
SELECT @shadow, lead_id, cycle, by, at, @published, score, fit, engagement, band, shadow_score, shadow_fit, shadow_engagement, shadow_band
FROM unnest(@leads::uuid[], @cycles::int[], @by::text[], @at::timestamptz[], @scores::int[], @fits::float8[], @engagements::float8[], @bands::text[],
	@shadow_scores::int[], @shadow_fits::float8[], @shadow_engagements::float8[], @shadow_bands::text[])
	AS r (lead_id, cycle, by, at, score, fit, engagement, band, shadow_score, shadow_fit, shadow_engagement, shadow_band)
ORDER BY lead_id, by ON CONFLICT DO NOTHING`

// queue writes after the scores: everybody takes these locks in that order.
func (sh *shadow) queue(b *pgx.Batch) {
	if r := sh.rows; len(r.leads) > 0 {
		b.Queue(sqlWriteShadows, pgx.NamedArgs{
			"shadow": sh.id, "leads": r.leads, "accumulators": r.accumulators, "scores": r.scores, "fits": r.fits, "engagements": r.engagements,
			"bands": r.bands, "mql_at": r.mqlAt, "mql_cycles": r.mqlCycles, "at": r.at,
		})
	}
	if len(sh.calls.leads) == 0 {
		return
	}
	args := pgx.NamedArgs{
		"shadow": sh.id, "leads": sh.calls.leads, "cycles": sh.calls.cycles, "by": sh.calls.by, "at": sh.calls.at, "published": sh.calls.version,
	}
	for prefix, results := range map[string][]scoring.Result{"": sh.calls.published, "shadow_": sh.calls.may} {
		var scores []int
		var fits, engagements []float64
		var bands []string
		for _, r := range results {
			scores, fits = append(scores, r.Score), append(fits, r.Fit)
			engagements, bands = append(engagements, r.Engagement), append(bands, r.Band)
		}
		args[prefix+"scores"], args[prefix+"fits"], args[prefix+"engagements"], args[prefix+"bands"] = scores, fits, engagements, bands
	}
	b.Queue(sqlWriteCalls, args)
}

// Where the past of a lead is rewritten (events are taken back, leads are merged or parted again) its shadows forget it, and begin
// anew from the published score with whatever happens next.
const sqlForgetShadowScores = `DELETE FROM shadow_scores WHERE lead_id = ANY(@leads::uuid[])`

// What both were called for by events that do not count any more.
const sqlRevokeCalls = `UPDATE shadow_calls SET revoked_at = now() WHERE lead_id = @lead AND cycle = @cycle AND revoked_at IS NULL`

// retold queues what follows for shadows where the past of leads was rewritten.
func retold(b *pgx.Batch, leads ...string) {
	b.Queue(sqlForgetShadowScores, pgx.NamedArgs{"leads": leads})
}
