-- +goose Up
-- What waits for runs goes by urgency; what leaves the house goes by lanes that can be held; the house notices when it was
-- restored from a backup.

-- Of what waits for Temporal that which acts at once goes first, then who begins, then scores that merely moved.
ALTER TABLE outbox ADD COLUMN urgency smallint NOT NULL GENERATED ALWAYS AS (
    CASE WHEN triggers = '{}' THEN 2 WHEN triggers - 'capture' = '{}' THEN 1 ELSE 0 END) STORED;
DROP INDEX outbox_due;
CREATE INDEX outbox_due ON outbox (urgency, not_before); -- without the seq: a row that grows need not touch the index

CREATE TABLE lanes (
    lane    text PRIMARY KEY CONSTRAINT lanes_lane CHECK (lane IN ('outbox', 'alert', 'bulk', 'webhook')),
    held_at timestamptz,               -- null: it runs
    why     text NOT NULL DEFAULT ''   -- operator, restored
);
INSERT INTO lanes (lane) VALUES ('outbox'), ('alert'), ('bulk'), ('webhook');

-- Where this database lives, and how far its life has come. One row.
CREATE TABLE house (
    one         boolean PRIMARY KEY DEFAULT true CONSTRAINT house_is_one CHECK (one),
    id          uuid NOT NULL DEFAULT gen_random_uuid(),
    place       text,                  -- cluster and database; null until a worker has moved in
    tide        bigint NOT NULL DEFAULT 0, -- raised by workers, and told to Temporal afterwards
    tide_at     timestamptz,
    seq_mark    bigint NOT NULL DEFAULT 0, -- outbox_seq at that time
    restored_at timestamptz            -- when a restore was noticed last
);
INSERT INTO house DEFAULT VALUES;

-- +goose StatementBegin
-- The cluster and the database we are in. A dump restored elsewhere is elsewhere; a copied data directory is not.
CREATE FUNCTION this_place() RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    db text := (SELECT oid::text FROM pg_database WHERE datname = current_database());
BEGIN
    IF has_function_privilege('pg_control_system()', 'EXECUTE') THEN
        RETURN (SELECT system_identifier FROM pg_control_system()) || '/' || db;
    END IF;
    RETURN '-/' || db;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- Everything that leaves is held, and seqs go on above everything a run can have seen: at microseconds since 1970, which
-- grow faster than seqs are used up, however old the backup is and however often it is restored. What was told since the
-- last tide is renumbered with them, or runs would not hear of what came in since the restore. Rows that are older keep
-- their seqs: a run that had them before ignores them rightly. The caller holds the row of house.
CREATE FUNCTION hold_all() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    mark bigint := (SELECT seq_mark FROM house);
    last bigint;
    base bigint;
BEGIN
    LOCK TABLE outbox IN SHARE ROW EXCLUSIVE MODE; -- nobody is between a seq and its row
    SELECT last_value, greatest(last_value, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint) INTO last, base FROM outbox_seq;
    UPDATE outbox SET seq = seq + base - mark, triggers = (
        SELECT coalesce(jsonb_object_agg(kind, CASE WHEN n::bigint > mark THEN n::bigint + base - mark ELSE n::bigint END), '{}')
        FROM jsonb_each_text(triggers) AS t (kind, n))
    WHERE seq > mark;
    PERFORM setval('outbox_seq', base + greatest(last - mark, 1));
    UPDATE lanes SET held_at = coalesce(held_at, now()), why = 'restored';
    UPDATE house SET place = this_place(), seq_mark = base, restored_at = now();
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- Every new connection calls it: who talks to a database that was moved has connected to it since. True: just noticed.
CREATE FUNCTION notice_place() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM house WHERE place <> this_place()) THEN
        RETURN false;
    END IF;
    PERFORM FROM house FOR UPDATE;
    IF NOT EXISTS (SELECT FROM house WHERE place <> this_place()) THEN
        RETURN false; -- another connection was faster
    END IF;
    PERFORM hold_all();
    RETURN true;
END $$;
-- +goose StatementEnd

-- +goose Down
DROP FUNCTION notice_place, hold_all, this_place;
DROP TABLE house, lanes;
DROP INDEX outbox_due;
ALTER TABLE outbox DROP COLUMN urgency;
CREATE INDEX outbox_due ON outbox (not_before);
