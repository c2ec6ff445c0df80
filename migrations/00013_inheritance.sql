-- +goose Up
-- What leads have of visitors, and how the house of the events is kept.
-- A lead is known since it was made, or since the oldest event it has of a visitor was received: null is the former.
ALTER TABLE leads ADD COLUMN known_since timestamptz;
UPDATE leads l SET known_since = e.oldest
FROM (SELECT lead_id, min(received_at) AS oldest FROM events WHERE lead_id IS NOT NULL AND visitor_id IS NOT NULL GROUP BY lead_id) AS e
WHERE e.lead_id = l.id AND e.oldest < l.created_at;

-- When house was kept last: partitions made, what was beside them taken in, what had its time dropped.
ALTER TABLE events_kept ADD COLUMN kept_at timestamptz NOT NULL DEFAULT now();

-- +goose Down
ALTER TABLE events_kept DROP COLUMN kept_at;
ALTER TABLE leads DROP COLUMN known_since;
