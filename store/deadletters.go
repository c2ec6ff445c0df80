package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
)

const sqlHookDeliveries = `SELECT id, webhook_id, kind, lead_id, state, code, attempts, created_at,
	CASE WHEN state IN ('queued', 'claimed', 'sending') THEN not_before END AS not_before, sent_at
FROM deliveries WHERE webhook_id IS NOT NULL AND (created_at, id) < (@at, @after::uuid) AND (@state = '' OR state = @state)
	AND (@webhook::uuid IS NULL OR webhook_id = @webhook)
ORDER BY created_at DESC, id DESC LIMIT @rows`

// HookDeliveries lists what was told to subscribers and channels, newest first. Dead letters are those in state failed.
func (s *Store) HookDeliveries(ctx context.Context, f record.HookFilter) (record.Page[record.HookDelivery], error) {
	const op = "list webhook deliveries"
	after, err := markOf(op, f.Cursor, newest)
	if err != nil || !isID(after.ID) {
		return record.Page[record.HookDelivery]{}, errCursor
	}
	if f.WebhookID != "" && !isID(f.WebhookID) {
		return record.Page[record.HookDelivery]{Items: []record.HookDelivery{}}, nil
	}
	rows, _ := s.pool.Query(ctx, sqlHookDeliveries, pgx.NamedArgs{
		"at": after.At, "after": after.ID, "state": f.State, "webhook": nullable(f.WebhookID), "rows": pageSize(f.Limit) + 1,
	})
	items, err := pgx.CollectRows(rows, pgx.RowToStructByName[record.HookDelivery])
	if err != nil {
		return record.Page[record.HookDelivery]{}, masked(op, err)
	}
	return pageOf(items, f.Limit, func(d record.HookDelivery) string { return sealed(op, mark{d.CreatedAt, d.ID}.text()) }), nil
}

// What is dead is tried again under the id it had: a receiver who has it drops it. One attempt is one claim (decision 9), so
// they go on counting: a replay is one attempt, made by somebody who has mended the receiver.
const sqlReplay = `WITH again AS (
	UPDATE deliveries d SET state = 'queued', code = '', not_before = now(), failing_since = NULL, claimed_until = NULL
	FROM webhooks w
	WHERE w.id = d.webhook_id AND w.active AND d.state IN ('failed', 'expired') AND (d.id = @delivery::uuid OR @delivery::uuid IS NULL AND d.state = 'failed')
		AND (@webhook::uuid IS NULL OR d.webhook_id = @webhook) RETURNING d.id
), rung AS (SELECT pg_notify('webhook', '') FROM (SELECT FROM again LIMIT 1) any_of_them)
SELECT (SELECT count(*) FROM again), (SELECT count(*) FROM rung), @webhook::uuid IS NULL OR EXISTS (SELECT FROM webhooks WHERE id = @webhook)`

// ReplayDelivery tries a dead letter again; record.ErrNotFound where there is none, or its subscriber is switched off.
func (s *Store) ReplayDelivery(ctx context.Context, id string) error {
	if !isID(id) {
		return record.ErrNotFound
	}
	n, err := s.replay(ctx, pgx.NamedArgs{"delivery": id, "webhook": nil})
	if err == nil && n == 0 {
		err = record.ErrNotFound
	}
	return err
}

// ReplayDead tries all dead letters of a subscriber again, and answers how many there are; record.ErrNotFound where there is no
// such subscriber.
func (s *Store) ReplayDead(ctx context.Context, webhookID string) (int, error) {
	if !isID(webhookID) {
		return 0, record.ErrNotFound
	}
	return s.replay(ctx, pgx.NamedArgs{"delivery": nil, "webhook": webhookID})
}

func (s *Store) replay(ctx context.Context, args pgx.NamedArgs) (n int, err error) {
	var rung int
	var there bool
	if err := s.pool.QueryRow(ctx, sqlReplay, args).Scan(&n, &rung, &there); err != nil {
		return 0, masked("replay", err)
	}
	if !there {
		return 0, record.ErrNotFound
	}
	return n, nil
}
