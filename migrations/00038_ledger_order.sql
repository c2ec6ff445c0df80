-- +goose Up
-- A decision is of the moment at which it is written down, under the locks it was made under, and not of that at which it began to
-- wait for them: so the ledger's times stand in the order of its decisions.
ALTER TABLE routings ALTER COLUMN at SET DEFAULT clock_timestamp();

-- +goose Down
ALTER TABLE routings ALTER COLUMN at SET DEFAULT now();
