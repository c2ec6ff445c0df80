package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// shownWebhook is what people see of one: no secret, and of a Slack address, which is one, its host only.
const shownWebhook = `id, CASE format WHEN 'slack' THEN regexp_replace(url, '^(https?://[^/]+)/.*$', '\1/...') ELSE url END AS url,
	'' AS secret, kinds, active, format, team_id::text AS team_id, rep_id::text AS rep_id,
	(SELECT max(until_at) FROM webhook_secrets WHERE webhook_id = webhooks.id AND until_at > now()) AS older_until, disabled, '{}'::text[] AS older_secrets`

const sqlWebhooks = `SELECT ` + shownWebhook + ` FROM webhooks WHERE id < @after ORDER BY id DESC LIMIT @rows`

// Webhooks lists the subscribers, newest first, without their secrets.
func (s *Store) Webhooks(ctx context.Context, cursor string, limit int) (record.Page[record.Webhook], error) {
	return list(ctx, s, "list webhooks", sqlWebhooks, cursor, limit, func(w record.Webhook) string { return w.ID })
}

const sqlCreateWebhook = `INSERT INTO webhooks (id, url, secret, kinds, active, format, team_id, rep_id)
VALUES (@id, @url, @secret, coalesce(@kinds::text[], '{}'), @active, coalesce(nullif(@format, ''), 'standard'), @team, @rep) RETURNING ` + shownWebhook

// CreateWebhook adds a subscriber, or a channel of Slack. The answer is the only place its secret is ever shown.
// record.ErrNotFound for a team or a rep that is none.
func (s *Store) CreateWebhook(ctx context.Context, w record.Webhook) (record.Webhook, error) {
	if w.ID == "" {
		w.ID = newID()
	}
	rows, _ := s.pool.Query(ctx, sqlCreateWebhook, pgx.NamedArgs{
		"id": w.ID, "url": w.URL, "secret": w.Secret, "kinds": w.Kinds, "active": w.Active, "format": w.Format, "team": w.TeamID, "rep": w.RepID,
	})
	out, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[record.Webhook])
	out.Secret = w.Secret
	return out, masked("create webhook", err)
}

const sqlChangeWebhook = `UPDATE webhooks SET active = coalesce(@active::boolean, active), kinds = coalesce(@kinds::text[], kinds),
	url = coalesce(@url::text, url), disabled = CASE WHEN @active::boolean THEN '' WHEN NOT @active::boolean THEN 'operator' ELSE disabled END
WHERE id = @id RETURNING ` + shownWebhook

// ChangeWebhook changes a subscriber; record.ErrNotFound.
func (s *Store) ChangeWebhook(ctx context.Context, id string, c record.WebhookChange) (record.Webhook, error) {
	if !isID(id) {
		return record.Webhook{}, record.ErrNotFound
	}
	rows, _ := s.pool.Query(ctx, sqlChangeWebhook, pgx.NamedArgs{"id": id, "active": c.Active, "kinds": c.Kinds, "url": c.URL})
	w, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[record.Webhook])
	return w, masked("change webhook", err)
}

const (
	sqlLockWebhook = `SELECT FROM webhooks WHERE id = @id FOR UPDATE`

	// A secret that is not to be kept takes those before it along: somebody has it who should not.
	sqlForgetSecrets = `DELETE FROM webhook_secrets WHERE webhook_id = @id AND (until_at <= now() OR @keep::interval <= '0')`
	// One that comes back is the newest, and signs once.
	sqlTakeSecret = `DELETE FROM webhook_secrets WHERE webhook_id = @id AND secret = @secret`
	sqlKeepSecret = `INSERT INTO webhook_secrets (webhook_id, secret, until_at) SELECT id, secret, now() + @keep::interval FROM webhooks
WHERE id = @id AND format = 'standard' AND @keep::interval > '0' AND secret <> @secret`
	sqlRotateWebhook = `UPDATE webhooks SET secret = @secret WHERE id = @id AND format = 'standard' RETURNING ` + shownWebhook
)

// RotateWebhook gives a subscriber a new secret; the one before signs as well for so long, as do those before it as long as they
// were to, so that a receiver who knows any of them goes on. Without keep none but the new one signs. record.ErrNotFound; the
// answer is the only place the new one is shown.
func (s *Store) RotateWebhook(ctx context.Context, id, secret string, keep time.Duration) (w record.Webhook, err error) {
	if !isID(id) {
		return w, record.ErrNotFound
	}
	args := pgx.NamedArgs{"id": id, "secret": secret, "keep": keep}
	err = s.tx(ctx, "rotate webhook", func(tx pgx.Tx) error {
		for _, sql := range []string{sqlLockWebhook, sqlForgetSecrets, sqlTakeSecret, sqlKeepSecret} {
			if _, err := tx.Exec(ctx, sql, args); err != nil {
				return err
			}
		}
		rows, _ := tx.Query(ctx, sqlRotateWebhook, args)
		w, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[record.Webhook])
		return err
	})
	w.Secret = secret
	return w, err
}

const sqlDisableWebhook = `UPDATE webhooks SET active = false, disabled = @why WHERE id = @id AND active`

// DisableWebhook stops telling a subscriber who wants no more of it.
func (s *Store) DisableWebhook(ctx context.Context, id, why string) error {
	_, err := s.pool.Exec(ctx, sqlDisableWebhook, pgx.NamedArgs{"id": id, "why": why})
	return masked("disable webhook", err)
}
