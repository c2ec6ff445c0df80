-- +goose Up
-- A bounce that was about us or the mail - a blocklist, a size, a policy - says nothing of the address: it is noted and not
-- counted against it.
ALTER TABLE mail_returns ADD COLUMN ours boolean NOT NULL DEFAULT false CONSTRAINT mail_returns_ours CHECK (NOT (ours AND hard));

-- +goose Down
ALTER TABLE mail_returns DROP COLUMN ours;
