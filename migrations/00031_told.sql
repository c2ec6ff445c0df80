-- +goose Up
-- What people decide, what they are told, and what is learnt from it.

-- Reasons that the house has given itself. They stand before those of the policy's document and the built-in ones; a retired
-- one is not given any more, and what was decided by it goes on by its path.
CREATE TABLE reasons (
    kind       text NOT NULL CONSTRAINT reasons_kind CHECK (kind IN ('reject', 'lose', 'disqualify')),
    code       text NOT NULL CONSTRAINT reasons_code CHECK (code ~ '^[a-z0-9][a-z0-9_]{0,63}$'),
    rule       jsonb NOT NULL,          -- path, cool_down, sequence, score, title, retired
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (kind, code)
);

ALTER TABLE decisions ADD COLUMN undone_at timestamptz;

-- An outcome keeps what its offer was made for: later analysis weighs each rule without looking ahead. rules holds ids of rules
-- and points, and nothing of the person.
ALTER TABLE outcomes
    ADD COLUMN assignment_id uuid,
    ADD COLUMN model_version int,
    ADD COLUMN score int,
    ADD COLUMN rules jsonb,             -- [{rule, axis, points, raw}]
    ADD COLUMN duplicate_of uuid;
CREATE INDEX outcomes_by_time ON outcomes (at DESC, id DESC);

-- A subscriber is anybody who wants all of it, signed; a Slack channel is one of a team or a rep, and its address is the secret.
ALTER TABLE webhooks
    ADD COLUMN format text NOT NULL DEFAULT 'standard' CONSTRAINT webhooks_format CHECK (format IN ('standard', 'slack')),
    ADD COLUMN team_id uuid REFERENCES teams (id) ON DELETE CASCADE,
    ADD COLUMN rep_id uuid REFERENCES reps (id) ON DELETE CASCADE,
    ADD COLUMN older_secret text,
    ADD COLUMN older_until timestamptz,
    ADD COLUMN disabled text NOT NULL DEFAULT '', -- why we stopped: gone (the receiver said 410), operator
    ADD CONSTRAINT webhooks_older CHECK ((older_secret IS NULL) = (older_until IS NULL)),
    ADD CONSTRAINT webhooks_for_whom CHECK (format = 'slack' OR team_id IS NULL AND rep_id IS NULL);

ALTER TABLE deliveries DROP CONSTRAINT deliveries_channel;
ALTER TABLE deliveries ADD CONSTRAINT deliveries_channel CHECK (channel IN ('mail', 'webhook', 'slack'));
CREATE INDEX deliveries_by_webhook ON deliveries (webhook_id, created_at DESC, id DESC) WHERE webhook_id IS NOT NULL;

-- What became of an alert is on the timeline of its lead, in the transaction that says so. Nurture mail is not: it has a
-- ledger of its own, and nobody reads a timeline of six mails a lead for their states.
-- +goose StatementBegin
CREATE FUNCTION note_delivery() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO timeline (lead_id, at, kind, actor_type, why, cycle, assignment_id, data)
    VALUES (NEW.lead_id, now(), 'told', 'system', NEW.kind, greatest(1, coalesce(NEW.cycle, 1)),
        NEW.assignment_id, jsonb_strip_nulls(jsonb_build_object('delivery_id', NEW.id, 'channel', NEW.channel, 'state', NEW.state,
            'code', nullif(NEW.code, ''), 'attempts', NEW.attempts, 'rep_id', NEW.rep_id, 'webhook_id', NEW.webhook_id)));
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER deliveries_on_timeline AFTER UPDATE OF state ON deliveries FOR EACH ROW
    WHEN (NEW.lane <> 'bulk' AND NEW.lead_id IS NOT NULL AND OLD.state IS DISTINCT FROM NEW.state
        AND NEW.state IN ('sent', 'failed', 'unknown', 'suppressed', 'expired'))
    EXECUTE FUNCTION note_delivery();

-- +goose Down
DROP TRIGGER deliveries_on_timeline ON deliveries;
DROP FUNCTION note_delivery;
DROP INDEX deliveries_by_webhook;
DELETE FROM deliveries WHERE channel = 'slack';
ALTER TABLE deliveries DROP CONSTRAINT deliveries_channel;
ALTER TABLE deliveries ADD CONSTRAINT deliveries_channel CHECK (channel IN ('mail', 'webhook'));
DELETE FROM webhooks WHERE format = 'slack';
ALTER TABLE webhooks DROP CONSTRAINT webhooks_for_whom, DROP CONSTRAINT webhooks_older, DROP COLUMN disabled, DROP COLUMN older_until,
    DROP COLUMN older_secret, DROP COLUMN rep_id, DROP COLUMN team_id, DROP COLUMN format;
DROP INDEX outcomes_by_time;
ALTER TABLE outcomes DROP COLUMN duplicate_of, DROP COLUMN rules, DROP COLUMN score, DROP COLUMN model_version, DROP COLUMN assignment_id;
ALTER TABLE decisions DROP COLUMN undone_at;
DROP TABLE reasons;
