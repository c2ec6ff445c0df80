-- +goose Up
-- Imports in depth: how the file was read, what became of known people, starts that are spread, undo within an hour.

ALTER TABLE imports
    ADD COLUMN encoding   text NOT NULL DEFAULT 'utf-8',
    ADD COLUMN delimiter  text NOT NULL DEFAULT ',',
    ADD COLUMN file_hash  bytea,                     -- SHA-256 of the file and of how it was asked for
    ADD COLUMN claim      int NOT NULL DEFAULT 0,    -- grows with each claim: who holds an older one decides nothing more
    ADD COLUMN start_rate double precision NOT NULL DEFAULT 0, -- runs started a second at most; 0: as the house does
    ADD COLUMN skipped    int NOT NULL DEFAULT 0,    -- of the unchanged
    ADD COLUMN repeated   int NOT NULL DEFAULT 0,    -- of all rows: an earlier row was about the same person
    ADD COLUMN undo_at    timestamptz,
    ADD COLUMN undo_by    jsonb,                     -- the actor who asked for it
    ADD COLUMN removed    int NOT NULL DEFAULT 0,    -- leads, by undo
    ADD COLUMN restored   int NOT NULL DEFAULT 0,
    ADD COLUMN kept       int NOT NULL DEFAULT 0,
    DROP CONSTRAINT imports_state,
    ADD CONSTRAINT imports_state CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled', 'undoing', 'undone'));
DROP INDEX imports_open;
CREATE INDEX imports_open ON imports (created_at) WHERE state IN ('queued', 'running', 'undoing');
CREATE INDEX imports_by_hash ON imports (file_hash) WHERE file_hash IS NOT NULL;

ALTER TABLE import_rows
    ADD COLUMN unread   boolean NOT NULL DEFAULT false, -- failed as it was read: there is nothing to try again
    ADD COLUMN repeated boolean NOT NULL DEFAULT false,
    ADD COLUMN before   jsonb,                       -- of a known lead: what was changed, from what; taken away with the right to undo
    ADD COLUMN undone   text NOT NULL DEFAULT '' CONSTRAINT import_rows_undone CHECK (undone IN ('', 'removed', 'restored', 'partly', 'kept')),
    ADD COLUMN kept     jsonb,                       -- [{what, reason}]
    DROP CONSTRAINT import_rows_state,
    ADD CONSTRAINT import_rows_state CHECK (state IN ('pending', 'created', 'updated', 'unchanged', 'skipped', 'failed'));
CREATE INDEX import_rows_before ON import_rows (import_id, row) WHERE before IS NOT NULL;
CREATE INDEX import_rows_looked_at ON import_rows (import_id) WHERE state NOT IN ('pending', 'failed') AND keys <> '{}';
CREATE INDEX import_rows_kept ON import_rows (import_id, row) WHERE kept IS NOT NULL;

-- What an import has to tell runs is parked (due at infinity) and let go at a pace; whatever else is told of the lead makes
-- the row due at once.
ALTER TABLE outbox ADD COLUMN import_id uuid;
CREATE INDEX outbox_of_imports ON outbox (import_id, not_before, seq) WHERE import_id IS NOT NULL;

-- At what pace. Apart from imports, whose rows all captures of a file share a lock on.
CREATE TABLE import_starts (
    import_id uuid PRIMARY KEY REFERENCES imports (id) ON DELETE CASCADE,
    rate      double precision NOT NULL,             -- a second at most; 0: as the house does
    parked    boolean NOT NULL DEFAULT true,         -- some wait, or may come
    begun_at  timestamptz NOT NULL DEFAULT now(),
    paced_at  timestamptz NOT NULL DEFAULT now()     -- up to when what was due was let go
);
CREATE INDEX import_starts_parked ON import_starts (import_id) WHERE parked;

-- +goose Down
DROP INDEX import_rows_looked_at;
DROP TABLE import_starts;
UPDATE outbox SET not_before = now() WHERE not_before = 'infinity';
ALTER TABLE outbox DROP COLUMN import_id;
DELETE FROM import_rows WHERE state = 'skipped';
ALTER TABLE import_rows DROP COLUMN unread, DROP COLUMN repeated, DROP COLUMN before, DROP COLUMN undone, DROP COLUMN kept,
    DROP CONSTRAINT import_rows_state,
    ADD CONSTRAINT import_rows_state CHECK (state IN ('pending', 'created', 'updated', 'unchanged', 'failed'));
UPDATE imports SET state = 'failed' WHERE state IN ('cancelled', 'undoing', 'undone');
DROP INDEX imports_open;
ALTER TABLE imports DROP COLUMN encoding, DROP COLUMN delimiter, DROP COLUMN file_hash, DROP COLUMN claim, DROP COLUMN start_rate,
    DROP COLUMN skipped, DROP COLUMN repeated, DROP COLUMN undo_at, DROP COLUMN undo_by, DROP COLUMN removed, DROP COLUMN restored, DROP COLUMN kept,
    DROP CONSTRAINT imports_state,
    ADD CONSTRAINT imports_state CHECK (state IN ('queued', 'running', 'done', 'failed'));
CREATE INDEX imports_open ON imports (created_at) WHERE state IN ('queued', 'running');
