package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// maxShadows is how many models score along at once: each costs each event nearly what the published one does.
const maxShadows = 3

const (
	sqlCountShadows = `SELECT (SELECT count(*) FROM shadows WHERE ended_at IS NULL)::int, state = 'published',
	EXISTS (SELECT FROM shadows WHERE model_version = @version AND ended_at IS NULL) FROM models WHERE version = @version`
	sqlBeginShadow = `INSERT INTO shadows (model_version) VALUES (@version)`
	sqlEndShadow   = `UPDATE shadows SET ended_at = now(), why = @why WHERE model_version = @version AND ended_at IS NULL`
	// The row of the published version says who scores along: there it costs those who score nothing to know.
	sqlShadowsOfPublished = `UPDATE models SET shadows = ARRAY(SELECT id FROM shadows WHERE ended_at IS NULL ORDER BY id) WHERE state = 'published'`
)

// BeginShadow lets a version score along from now on. The same again changes nothing. record.ErrNotFound; record.ErrConflict of
// the published version; record.ErrTooMany.
func (s *Store) BeginShadow(ctx context.Context, version int) (record.Shadow, error) {
	err := s.shadowing(ctx, "begin shadow", func(tx pgx.Tx) error {
		var n int
		var published, begun bool
		err := tx.QueryRow(ctx, sqlCountShadows, pgx.NamedArgs{"version": version}).Scan(&n, &published, &begun)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return record.ErrNotFound
		case err != nil || begun:
			return err
		case published:
			return record.ErrConflict
		case n >= maxShadows:
			return record.ErrTooMany
		}
		_, err = tx.Exec(ctx, sqlBeginShadow, pgx.NamedArgs{"version": version})
		return err
	})
	if err != nil {
		return record.Shadow{}, err
	}
	return s.shadowOf(ctx, version)
}

// EndShadow ends it; what it said stays. record.ErrNotFound where it does not score along.
func (s *Store) EndShadow(ctx context.Context, version int) (record.Shadow, error) {
	err := s.shadowing(ctx, "end shadow", func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, sqlEndShadow, pgx.NamedArgs{"version": version, "why": "ended"})
		if err == nil && tag.RowsAffected() == 0 {
			err = record.ErrNotFound
		}
		return err
	})
	if err != nil {
		return record.Shadow{}, err
	}
	return s.shadowOf(ctx, version)
}

func (s *Store) shadowing(ctx context.Context, op string, fn func(tx pgx.Tx) error) error {
	return s.tx(ctx, op, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, sqlLockModels); err != nil {
			return err
		}
		if err := fn(tx); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, sqlShadowsOfPublished)
		return err
	})
}

const sqlShadow = `SELECT id, model_version AS version, began_at, ended_at, why FROM shadows WHERE model_version = @version ORDER BY id DESC LIMIT 1`

func (s *Store) shadowOf(ctx context.Context, version int) (record.Shadow, error) {
	rows, _ := s.pool.Query(ctx, sqlShadow, pgx.NamedArgs{"version": version})
	sh, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[record.Shadow])
	return sh, masked("read shadow", err)
}

const sqlShadowBands = `SELECT s.band AS from, x.band AS to, count(*)::int AS leads FROM shadow_scores x JOIN scores s ON s.lead_id = x.lead_id
WHERE x.shadow_id = @shadow GROUP BY 1, 2 ORDER BY array_position(ARRAY['hot', 'warm', 'cold'], s.band), array_position(ARRAY['hot', 'warm', 'cold'], x.band)`

// What became of a cycle is where its journey has come to by now.
const sqlShadowCalls = `SELECT c.by, count(*) FILTER (WHERE NOT c.revoked)::int AS cycles, count(*) FILTER (WHERE c.revoked)::int AS revoked,
	count(*) FILTER (WHERE NOT c.revoked AND j.accepted_at IS NOT NULL)::int AS accepted,
	count(*) FILTER (WHERE NOT c.revoked AND j.won_at IS NOT NULL)::int AS won,
	count(*) FILTER (WHERE NOT c.revoked AND j.stage IN ('lost', 'disqualified', 'dormant'))::int AS over
FROM (
	SELECT lead_id, cycle, CASE WHEN count(*) = 2 THEN 'both' ELSE max(by) END AS by, bool_or(revoked_at IS NOT NULL) AS revoked
	FROM shadow_calls WHERE shadow_id = @shadow GROUP BY lead_id, cycle
) AS c LEFT JOIN journeys j ON j.lead_id = c.lead_id AND j.cycle = c.cycle
GROUP BY c.by ORDER BY array_position(ARRAY['both', 'published', 'shadow'], c.by)`

const sqlShadowEarlier = `SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM p.at - h.at) / 3600)::float8
FROM shadow_calls p JOIN shadow_calls h USING (shadow_id, lead_id, cycle)
WHERE p.shadow_id = @shadow AND p.by = 'published' AND h.by = 'shadow' AND p.revoked_at IS NULL AND h.revoked_at IS NULL`

const sqlShadowLeads = `SELECT count(*)::int, coalesce((SELECT version FROM models WHERE state = 'published'), 0) FROM shadow_scores WHERE shadow_id = @shadow`

// CompareShadow compares what a version said when last it scored along with the published one; record.ErrNotFound where it never
// did.
func (s *Store) CompareShadow(ctx context.Context, version int) (record.ShadowComparison, error) {
	sh, err := s.shadowOf(ctx, version)
	out := record.ShadowComparison{Shadow: sh}
	if err != nil {
		return out, err
	}
	args := pgx.NamedArgs{"shadow": sh.ID}
	b := &pgx.Batch{}
	b.Queue(sqlShadowLeads, args).QueryRow(func(row pgx.Row) error { return row.Scan(&out.Leads, &out.Published) })
	b.Queue(sqlShadowBands, args).Query(func(rows pgx.Rows) (err error) {
		out.Bands, err = pgx.CollectRows(rows, pgx.RowToStructByName[record.BandShift])
		return err
	})
	b.Queue(sqlShadowCalls, args).Query(func(rows pgx.Rows) (err error) {
		out.Calls, err = pgx.CollectRows(rows, pgx.RowToStructByName[record.ShadowCalls])
		return err
	})
	b.Queue(sqlShadowEarlier, args).QueryRow(func(row pgx.Row) error { return row.Scan(&out.EarlierHours) })
	return out, masked("compare shadow", s.pool.SendBatch(ctx, b).Close())
}

const sqlListCalls = `SELECT lead_id, cycle, by, at, published, score, fit, engagement, band, shadow_score, shadow_fit, shadow_engagement, shadow_band, revoked_at
FROM shadow_calls WHERE shadow_id = @shadow AND (@lead::uuid IS NULL OR lead_id = @lead) AND (lead_id, cycle, by) > (@after::uuid, @cycle::int, @by::text)
ORDER BY lead_id, cycle, by LIMIT @rows`

// ShadowCalls lists what both said at each call, by lead; of one lead or of all (empty). record.ErrNotFound.
func (s *Store) ShadowCalls(ctx context.Context, version int, leadID, cursor string, limit int) (record.Page[record.ShadowCall], error) {
	const op = "list shadow calls"
	none := record.Page[record.ShadowCall]{}
	sh, err := s.shadowOf(ctx, version)
	if err != nil {
		return none, err
	}
	if leadID != "" && !isID(leadID) {
		return none, record.ErrNotFound
	}
	place, err := unsealed(op, cursor, "00000000-0000-0000-0000-000000000000@0@")
	if err != nil {
		return none, err
	}
	parts := strings.SplitN(place, "@", 3)
	if len(parts) != 3 || !isID(parts[0]) {
		return none, errCursor
	}
	cycle, err := numberOf(parts[1])
	if err != nil || parts[2] != "" && parts[2] != "published" && parts[2] != "shadow" {
		return none, errCursor
	}
	rows, _ := s.pool.Query(ctx, sqlListCalls, pgx.NamedArgs{
		"shadow": sh.ID, "lead": nullable(leadID), "after": parts[0], "cycle": cycle, "by": parts[2], "rows": pageSize(limit) + 1,
	})
	calls, err := pgx.CollectRows(rows, pgx.RowToStructByName[record.ShadowCall])
	return pageOf(calls, limit, func(c record.ShadowCall) string {
		return sealed(op, fmt.Sprintf("%s@%d@%s", c.LeadID, c.Cycle, c.By))
	}), masked(op, err)
}
