-- +goose Up
-- A decision is of the moment at which it is written down, under the locks it was made under, and not of that at which it began to
-- wait for them: so the ledger's times stand in the order of its decisions.
ALTER TABLE routings ALTER COLUMN at SET DEFAULT clock_timestamp();

-- When the attempt that wrote the projection was asked to. A task that recorded several versions may be lost, and be decided anew with fewer:
-- then the older version is the true one.
ALTER TABLE leads ADD COLUMN told_at timestamptz;

-- +goose Down
ALTER TABLE leads DROP COLUMN told_at;
ALTER TABLE routings ALTER COLUMN at SET DEFAULT now();
