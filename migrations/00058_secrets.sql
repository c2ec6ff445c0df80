-- +goose Up
-- Whoever rotates the secret of a subscriber twice within a day has receivers that know any of three: all of them sign as long as they were promised to.

CREATE TABLE webhook_secrets (
    webhook_id uuid NOT NULL REFERENCES webhooks ON DELETE CASCADE,
    secret     text NOT NULL,
    until_at   timestamptz NOT NULL, -- it signs beside the newest until then
    PRIMARY KEY (webhook_id, secret)
);
INSERT INTO webhook_secrets SELECT id, older_secret, older_until FROM webhooks WHERE older_until > now() AND older_secret <> secret;
ALTER TABLE webhooks DROP CONSTRAINT webhooks_older, DROP COLUMN older_secret, DROP COLUMN older_until;

-- +goose Down
ALTER TABLE webhooks
    ADD COLUMN older_secret text,
    ADD COLUMN older_until timestamptz,
    ADD CONSTRAINT webhooks_older CHECK ((older_secret IS NULL) = (older_until IS NULL));
UPDATE webhooks w SET older_secret = s.secret, older_until = s.until_at
FROM (SELECT DISTINCT ON (webhook_id) * FROM webhook_secrets ORDER BY webhook_id, until_at DESC) AS s WHERE s.webhook_id = w.id;
DROP TABLE webhook_secrets;
