-- +goose Up
-- A bounce that was about us or the mail - a blocklist, a size, a policy - says nothing of the address: it is noted and not
-- counted against it.
ALTER TABLE mail_returns ADD COLUMN ours boolean NOT NULL DEFAULT false CONSTRAINT mail_returns_ours CHECK (NOT (ours AND hard));

-- Processes that send nurture mail at this moment: they divide the rates of the house among them. Nothing of it is worth a disk.
CREATE UNLOGGED TABLE mail_senders (
    id      uuid PRIMARY KEY,
    seen_at timestamptz NOT NULL
);

-- +goose Down
DROP TABLE mail_senders;
ALTER TABLE mail_returns DROP COLUMN ours;
