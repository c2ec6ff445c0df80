-- +goose Up
-- How many starts of an import were let go, and two marks by which their pace of late is told.

ALTER TABLE import_starts
    ADD COLUMN gone         int NOT NULL DEFAULT 0,             -- let go
    ADD COLUMN mark_at      timestamptz NOT NULL DEFAULT now(), -- the pace is that since then
    ADD COLUMN mark_started int NOT NULL DEFAULT 0,
    ADD COLUMN next_at      timestamptz NOT NULL DEFAULT now(), -- the mark that follows
    ADD COLUMN next_started int NOT NULL DEFAULT 0;

-- What was let go before was not counted.
WITH before AS (
    SELECT i.id, greatest(0, i.created - i.removed - o.parked) AS gone, greatest(0, i.created - i.removed - o.parked - o.under_way) AS started
    FROM imports i, LATERAL (
        SELECT count(*) FILTER (WHERE not_before = 'infinity') AS parked, count(*) FILTER (WHERE not_before < 'infinity') AS under_way
        FROM outbox WHERE import_id = i.id
    ) AS o
)
UPDATE import_starts p SET gone = b.gone, mark_started = b.started, next_started = b.started FROM before b WHERE b.id = p.import_id;

-- +goose Down
ALTER TABLE import_starts DROP COLUMN gone, DROP COLUMN mark_at, DROP COLUMN mark_started, DROP COLUMN next_at, DROP COLUMN next_started;
