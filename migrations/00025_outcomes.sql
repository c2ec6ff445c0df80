-- +goose Up
-- A bounce that was about us or the mail - a blocklist, a size, a policy - says nothing of the address: it is noted and not
-- counted against it.
ALTER TABLE mail_returns ADD COLUMN ours boolean NOT NULL DEFAULT false CONSTRAINT mail_returns_ours CHECK (NOT (ours AND hard));

-- Processes that send nurture mail at this moment: they divide the rates of the house among them. Nothing of it is worth a disk.
CREATE UNLOGGED TABLE mail_senders (
    id      uuid PRIMARY KEY,
    seen_at timestamptz NOT NULL
);

-- The bytes of mails are kept for a while, their rows for good. What came back of one needs the address it went to: its hash stays.
ALTER TABLE deliveries ADD COLUMN mailed bytea; -- keyed hash of that address, as in suppressions; null: the message still tells
CREATE TABLE mail_thinned (
    one    boolean PRIMARY KEY DEFAULT true CONSTRAINT mail_thinned_one CHECK (one),
    before timestamptz NOT NULL         -- of what was made before nothing has bytes but what is in mail_thin_later
);
CREATE TABLE mail_thin_later (
    delivery_id uuid PRIMARY KEY REFERENCES deliveries (id) ON DELETE CASCADE -- it had not come to its end by then
);

-- +goose Down
DROP TABLE mail_thin_later, mail_thinned;
ALTER TABLE deliveries DROP COLUMN mailed;
DROP TABLE mail_senders;
ALTER TABLE mail_returns DROP COLUMN ours;
