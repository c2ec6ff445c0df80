package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// bulkLease is how long a bulk action is left alone by others when nobody extends it.
const bulkLease = 30 * time.Second

// leadsAsked are the leads of a filter, as every list of leads means it. Who was merged into a lead is found as that lead.
const leadsAsked = `l.stage <> 'erased'
	AND (@stages::text[] IS NULL OR l.stage = ANY(@stages)) AND (@owner::uuid IS NULL OR l.owner = @owner)
	AND (@band = '' OR coalesce(s.band, 'cold') = @band) AND (@source = '' OR l.source_code = @source)
	AND (@q = '' OR l.email ILIKE @q OR l.external_id ILIKE @q OR l.profile ->> 'company' ILIKE @q
		OR concat_ws(' ', l.profile ->> 'first_name', l.profile ->> 'last_name') ILIKE @q
		OR l.id IN (SELECT m.merged_into FROM leads m WHERE m.merged_into IS NOT NULL AND (m.email ILIKE @q OR m.external_id ILIKE @q)))`

// filtered are the arguments of leadsAsked; false where nobody can be meant.
func filtered(f record.LeadFilter) (pgx.NamedArgs, bool) {
	return pgx.NamedArgs{
		"stages": f.Stage, "owner": nullable(f.Owner), "band": f.Band, "source": f.Source, "q": contains(f.Query),
	}, f.Owner == "" || isID(f.Owner)
}

const sqlPreviewBulk = `WITH chosen AS (SELECT l.id FROM leads l LEFT JOIN scores s ON s.lead_id = l.id WHERE ` + leadsAsked + `)
SELECT (SELECT count(*) FROM chosen)::int, coalesce((SELECT array_agg(id::text ORDER BY id DESC) FROM (SELECT id FROM chosen ORDER BY id DESC LIMIT @rows) AS newest), '{}')`

// PreviewBulk counts the leads of a filter and names some of them.
func (s *Store) PreviewBulk(ctx context.Context, f record.LeadFilter, sample int) (p record.BulkPreview, err error) {
	p = record.BulkPreview{DryRun: true, Sample: []string{}}
	args, any := filtered(f)
	if !any {
		return p, nil
	}
	args["rows"] = sample
	err = s.pool.QueryRow(ctx, sqlPreviewBulk, args).Scan(&p.Total, &p.Sample)
	return p, masked("preview bulk", err)
}

// One statement: the set is what one moment saw, and its size is known when the audit log is written.
const sqlStartBulk = `WITH chosen AS MATERIALIZED (SELECT l.id FROM leads l LEFT JOIN scores s ON s.lead_id = l.id WHERE @any AND ` + leadsAsked + `),
begun AS (
	INSERT INTO bulks (id, action, body, filter, key_id, pace, total)
	SELECT @id, @action, @body, @filter, @key, @pace, count(*) FROM chosen RETURNING id
)
INSERT INTO bulk_leads (bulk_id, lead_id) SELECT begun.id, chosen.id FROM begun, chosen`

// StartBulk fixes the leads that a bulk action is about, and lets workers begin.
func (s *Store) StartBulk(ctx context.Context, b record.Bulk, f record.LeadFilter) (record.Bulk, error) {
	b.ID = newID()
	args, any := filtered(f)
	if !any {
		args["owner"] = nil
	}
	args["any"], args["id"], args["action"], args["key"], args["pace"] = any, b.ID, b.Action, b.KeyID, b.Pace
	args["body"], args["filter"] = b.Body, b.Filter
	if _, err := s.pool.Exec(ctx, sqlStartBulk, args); err != nil {
		return record.Bulk{}, masked("start bulk", err)
	}
	return s.Bulk(ctx, b.ID)
}

const bulkColumns = `id, action, state, filter, body, total, applied, refused, failed, pace,
	coalesce((applied + refused + failed) / nullif(extract(epoch FROM coalesce(finished_at, now()) - started_at), 0), 0)::float8 AS rate,
	CASE WHEN state = 'running' AND applied + refused + failed > 0 THEN
		now() + (now() - started_at) * ((total - applied - refused - failed)::float8 / (applied + refused + failed))
	END AS eta, created_at, finished_at, key_id, claim`

const sqlBulk = `SELECT ` + bulkColumns + ` FROM bulks WHERE id = @id`

// Bulk reads one; record.ErrNotFound when there is none.
func (s *Store) Bulk(ctx context.Context, id string) (record.Bulk, error) {
	return byID[record.Bulk](ctx, s, "read bulk", sqlBulk, id)
}

const sqlBulks = `SELECT ` + bulkColumns + ` FROM bulks WHERE id < @after ORDER BY id DESC LIMIT @rows`

// Bulks lists all, newest first.
func (s *Store) Bulks(ctx context.Context, cursor string, limit int) (record.Page[record.Bulk], error) {
	return list(ctx, s, "list bulks", sqlBulks, cursor, limit, func(b record.Bulk) string { return b.ID })
}

const sqlCancelBulk = `UPDATE bulks SET state = 'cancelled', finished_at = now() WHERE id = @id AND state IN ('queued', 'running')`

// CancelBulk stops one: what its carrier has in hand at this moment is finished, at most a second's worth. The same again
// is no error; record.ErrConflict, with the bulk as it is, when it was done before, record.ErrNotFound when there is none.
func (s *Store) CancelBulk(ctx context.Context, id string) (record.Bulk, error) {
	if isID(id) {
		if _, err := s.pool.Exec(ctx, sqlCancelBulk, pgx.NamedArgs{"id": id}); err != nil {
			return record.Bulk{}, masked("cancel bulk", err)
		}
	}
	b, err := s.Bulk(ctx, id)
	if err == nil && b.State != "cancelled" {
		err = record.ErrConflict
	}
	return b, err
}

const sqlBulkErrors = `SELECT lead_id, state, decision_id, code FROM bulk_leads
WHERE bulk_id = @id AND lead_id > @after AND state IN ('asked', 'refused', 'failed') ORDER BY lead_id LIMIT @rows`

// BulkErrors are leads on which a bulk action took no effect, or not yet, in the order of their ids after one; "" is the
// first.
func (s *Store) BulkErrors(ctx context.Context, id, after string, limit int) ([]record.BulkLead, error) {
	if after == "" {
		after = "00000000-0000-0000-0000-000000000000"
	}
	rows, _ := s.pool.Query(ctx, sqlBulkErrors, pgx.NamedArgs{"id": id, "after": after, "rows": limit})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[record.BulkLead])
	return out, masked("read bulk", err)
}
