-- +goose Up
-- Accumulators in a form of their own, which nobody parses (docs/adr/0020). No row is written: what is there in JSON is read
-- as it is, and stored in the new form when its score is written next. A release that knows only JSON finds no such column
-- and fails, rather than to read half of the rows.
ALTER TABLE scores RENAME COLUMN accumulators TO accumulators_json;
ALTER TABLE scores ALTER COLUMN accumulators_json DROP NOT NULL;
ALTER TABLE scores ADD COLUMN accumulators bytea;
ALTER TABLE scores ADD CONSTRAINT scores_accumulators CHECK (num_nonnulls(accumulators, accumulators_json) = 1) NOT VALID;

-- +goose Down
-- SQL does not read the new form: these rows get accumulators that are stale, and are folded anew from their events when they
-- are looked at next. What was before the events that are kept is lost to them.
ALTER TABLE scores DROP CONSTRAINT scores_accumulators;
UPDATE scores SET accumulators_json = '{"newest": 1, "cuts": [0]}' WHERE accumulators_json IS NULL;
ALTER TABLE scores DROP COLUMN accumulators;
ALTER TABLE scores RENAME COLUMN accumulators_json TO accumulators;
ALTER TABLE scores ALTER COLUMN accumulators SET NOT NULL;
