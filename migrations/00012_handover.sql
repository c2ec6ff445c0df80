-- +goose Up
-- A delivery that is born claimed has its sender already: nobody is called for it.

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION notify_lanes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify(lane, '') FROM (SELECT DISTINCT lane FROM added WHERE state = 'queued') AS lanes;
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- Who looks for what is due does not go past what imports parked, a million rows or more.
DROP INDEX outbox_due;
CREATE INDEX outbox_due ON outbox (urgency, not_before) WHERE not_before < 'infinity';

-- +goose Down
DROP INDEX outbox_due;
CREATE INDEX outbox_due ON outbox (urgency, not_before);
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION notify_lanes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify(lane, '') FROM (SELECT DISTINCT lane FROM added) AS lanes;
    RETURN NULL;
END $$;
-- +goose StatementEnd
