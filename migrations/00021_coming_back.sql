-- +goose Up
-- What comes back of a mail: hits that do not count, consents with their evidence, and what people prefer.

-- An event that does not count: a scanner's, or one that somebody took back. It stays, and nobody who scores, explains or asks
-- for engagement reads it. Without a constraint: one on events would be checked on every partition that is attached.
ALTER TABLE events ADD COLUMN voided_at timestamptz, -- null: it counts
    ADD COLUMN void_reason text;

-- The evidence of a consent: which wording it was given to, by whom and from where, as keyed hashes.
ALTER TABLE consents ADD COLUMN wording text NOT NULL DEFAULT '',
    ADD COLUMN address_hash bytea,
    ADD COLUMN ip_hash bytea,
    ADD COLUMN confirmation_id uuid;     -- double opt-in: what was asked

-- A consent that is asked for by mail and not given before the person says so.
CREATE TABLE confirmations (
    id           uuid PRIMARY KEY,
    lead_id      uuid NOT NULL REFERENCES leads (id) ON DELETE CASCADE,
    purpose      text NOT NULL,
    source       text NOT NULL,
    wording      text NOT NULL,
    address_hash bytea NOT NULL,         -- who was asked: a later address was not
    asked_at     timestamptz NOT NULL DEFAULT now(),
    ended_at     timestamptz,            -- confirmed, or nothing to be confirmed any more
    confirmed    boolean NOT NULL DEFAULT false
);
CREATE UNIQUE INDEX confirmations_one_open ON confirmations (lead_id, purpose) WHERE ended_at IS NULL;
CREATE INDEX confirmations_by_lead ON confirmations (lead_id, asked_at);

-- What a person chose on the page of preferences, beside consents by purpose.
CREATE TABLE preferences (
    lead_id        uuid PRIMARY KEY REFERENCES leads (id) ON DELETE CASCADE,
    mails_per_week int CONSTRAINT preferences_mails_per_week CHECK (mails_per_week BETWEEN 1 AND 50), -- null: no cap of their own
    updated_at     timestamptz NOT NULL DEFAULT now()
);

-- +goose Down
DROP TABLE preferences, confirmations;
ALTER TABLE consents DROP COLUMN wording, DROP COLUMN address_hash, DROP COLUMN ip_hash, DROP COLUMN confirmation_id;
-- A release that does not know the mark would count them.
DELETE FROM events WHERE voided_at IS NOT NULL;
ALTER TABLE events DROP COLUMN voided_at, DROP COLUMN void_reason;
