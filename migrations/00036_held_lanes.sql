-- +goose Up
-- Nobody is called for what comes into a lane that is held: each call made a worker look for what it may not take. Whoever
-- releases the lane calls; what is committed at that very moment is found by the look that workers take every few seconds.

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION notify_lanes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify(lane, '') FROM (SELECT DISTINCT lane FROM added WHERE state = 'queued') AS rung
    WHERE NOT EXISTS (SELECT FROM lanes l WHERE l.lane = rung.lane AND l.held_at IS NOT NULL);
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION notify_lanes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify(lane, '') FROM (SELECT DISTINCT lane FROM added WHERE state = 'queued') AS lanes;
    RETURN NULL;
END $$;
-- +goose StatementEnd
