package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
)

const sqlWebhooks = `SELECT id, url, '' AS secret, kinds, active FROM webhooks WHERE id < @after ORDER BY id DESC LIMIT @rows`

// Webhooks lists the subscribers, newest first, without their secrets.
func (s *Store) Webhooks(ctx context.Context, cursor string, limit int) (record.Page[record.Webhook], error) {
	return list(ctx, s, "list webhooks", sqlWebhooks, cursor, limit, func(w record.Webhook) string { return w.ID })
}

const sqlCreateWebhook = `INSERT INTO webhooks (id, url, secret, kinds, active)
VALUES (@id, @url, @secret, coalesce(@kinds::text[], '{}'), @active) RETURNING id, url, secret, kinds, active`

// CreateWebhook adds a subscriber. The answer is the only place its secret is ever shown.
func (s *Store) CreateWebhook(ctx context.Context, w record.Webhook) (record.Webhook, error) {
	if w.ID == "" {
		w.ID = newID()
	}
	rows, _ := s.pool.Query(ctx, sqlCreateWebhook, pgx.NamedArgs{
		"id": w.ID, "url": w.URL, "secret": w.Secret, "kinds": w.Kinds, "active": w.Active,
	})
	out, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[record.Webhook])
	return out, masked("create webhook", err)
}
