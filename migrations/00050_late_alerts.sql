-- +goose Up
-- What an outage made late is told in the order in which it was due, to each whom it is for. due_at is that moment; while gathering the
-- row waits for those that were due before it (decision 53). No other row is in the index.
ALTER TABLE deliveries ADD COLUMN due_at timestamptz, ADD COLUMN gathering boolean NOT NULL DEFAULT false;
CREATE INDEX deliveries_gathering ON deliveries (lane, coalesce(webhook_id, rep_id), due_at) WHERE gathering AND open;

-- In which cycle of the lead that goes on it was merged: what was sent before is not sent again in that one. The moment does not tell, for
-- the run of a lead may begin after it, and its first cycle with it.
ALTER TABLE leads ADD COLUMN merged_cycle int;
UPDATE leads m SET merged_cycle = l.cycle FROM leads l WHERE m.merged_into = l.id AND m.merged_at >= l.cycle_started_at;

-- +goose Down
ALTER TABLE leads DROP COLUMN merged_cycle;
DROP INDEX deliveries_gathering;
ALTER TABLE deliveries DROP COLUMN due_at, DROP COLUMN gathering;
