-- +goose Up
-- What thousands of runs are told at once about their clocks comes after what a lead is told that turned hot, and before scores that merely moved. See ADR 70.
DROP INDEX outbox_due;
ALTER TABLE outbox DROP COLUMN urgency;
ALTER TABLE outbox ADD COLUMN urgency smallint NOT NULL GENERATED ALWAYS AS (
    CASE WHEN triggers = '{}' THEN 3 WHEN triggers - 'terms' = '{}' THEN 2 WHEN triggers - '{capture,terms}'::text[] = '{}' THEN 1 ELSE 0 END) STORED;
CREATE INDEX outbox_due ON outbox (urgency, not_before) WHERE not_before < 'infinity';

-- +goose Down
DROP INDEX outbox_due;
ALTER TABLE outbox DROP COLUMN urgency;
ALTER TABLE outbox ADD COLUMN urgency smallint NOT NULL GENERATED ALWAYS AS (
    CASE WHEN triggers = '{}' THEN 2 WHEN triggers - 'capture' = '{}' THEN 1 ELSE 0 END) STORED;
CREATE INDEX outbox_due ON outbox (urgency, not_before) WHERE not_before < 'infinity';
