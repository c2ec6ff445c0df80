-- +goose Up
-- What concerns many runs and does nothing by itself goes behind what acts: clocks that are planned anew since a policy changed, queues that look again
-- since somebody came. It went before everything, or among it. See ADR 68.
DROP INDEX outbox_due;
ALTER TABLE outbox DROP COLUMN urgency;
ALTER TABLE outbox ADD COLUMN urgency smallint NOT NULL GENERATED ALWAYS AS (
    CASE WHEN triggers - '{terms,look}'::text[] = '{}' THEN 2 WHEN triggers - '{terms,look,capture}'::text[] = '{}' THEN 1 ELSE 0 END) STORED;
CREATE INDEX outbox_due ON outbox (urgency, not_before) WHERE not_before < 'infinity';

-- +goose Down
DROP INDEX outbox_due;
ALTER TABLE outbox DROP COLUMN urgency;
ALTER TABLE outbox ADD COLUMN urgency smallint NOT NULL GENERATED ALWAYS AS (
    CASE WHEN triggers = '{}' THEN 2 WHEN triggers - 'capture' = '{}' THEN 1 ELSE 0 END) STORED;
CREATE INDEX outbox_due ON outbox (urgency, not_before) WHERE not_before < 'infinity';
