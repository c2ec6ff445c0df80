-- +goose Up
-- A decision takes effect in Postgres within the task of its run that decides. Where that task is lost, and nobody asks again, the run has never heard of it: whoever asks notes
-- that it was kept, and until then it is asked again as if it waited.
ALTER TABLE decisions ADD COLUMN unkept boolean NOT NULL DEFAULT false;
DROP INDEX decisions_pending;
CREATE INDEX decisions_open ON decisions (next_at) WHERE state = 'pending' OR unkept;

-- +goose Down
DROP INDEX decisions_open;
CREATE INDEX decisions_pending ON decisions (next_at) WHERE state = 'pending';
ALTER TABLE decisions DROP COLUMN unkept;
