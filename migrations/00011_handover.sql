-- +goose Up
-- A delivery that is born claimed has its sender already: nobody is called for it.

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION notify_lanes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify(lane, '') FROM (SELECT DISTINCT lane FROM added WHERE state = 'queued') AS lanes;
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION notify_lanes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify(lane, '') FROM (SELECT DISTINCT lane FROM added) AS lanes;
    RETURN NULL;
END $$;
-- +goose StatementEnd
