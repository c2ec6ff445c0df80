-- +goose Up
-- What leads have of visitors, and how the house of the events is kept.
-- A lead is known since it was made, or since the oldest event it has of a visitor was received: null is the former.
ALTER TABLE leads ADD COLUMN known_since timestamptz;
UPDATE leads l SET known_since = e.oldest
FROM (SELECT lead_id, min(received_at) AS oldest FROM events WHERE lead_id IS NOT NULL AND visitor_id IS NOT NULL GROUP BY lead_id) AS e
WHERE e.lead_id = l.id AND e.oldest < l.created_at;

-- Who comes to what the visitor did while it was nobody's: to its events that have no lead yet. Null: nothing is left. It stays
-- when the visitor changes hands meanwhile.
ALTER TABLE visitors ADD COLUMN heir_id uuid REFERENCES leads (id),
    ADD CONSTRAINT visitors_heir CHECK (heir_id IS NULL OR lead_id IS NOT NULL);
CREATE INDEX visitors_by_heir ON visitors (heir_id) WHERE heir_id IS NOT NULL;
CREATE INDEX events_of_nobody ON events (visitor_id, received_at, id) WHERE lead_id IS NULL;
ALTER TABLE events ADD COLUMN inherited_at timestamptz; -- when the lead came to it; null: it was the lead's on arrival

-- Since when a step waits for what touch_wanted names; null: not known.
ALTER TABLE leads ADD COLUMN touch_since timestamptz;

-- When house was kept last: partitions made, what was beside them taken in, what had its time dropped.
ALTER TABLE events_kept ADD COLUMN kept_at timestamptz NOT NULL DEFAULT now();

-- +goose Down
-- Whoever is owed something gets it, and is folded anew when it is looked at next.
UPDATE scores SET accumulators = NULL, accumulators_json = '{"newest": 1, "cuts": [0]}' WHERE lead_id IN (SELECT heir_id FROM visitors);
UPDATE events e SET lead_id = v.heir_id FROM visitors v WHERE v.heir_id IS NOT NULL AND e.visitor_id = v.visitor_id AND e.lead_id IS NULL;
ALTER TABLE events DROP COLUMN inherited_at;
DROP INDEX events_of_nobody;
DROP INDEX visitors_by_heir;
ALTER TABLE visitors DROP CONSTRAINT visitors_heir, DROP COLUMN heir_id;
ALTER TABLE events_kept DROP COLUMN kept_at;
ALTER TABLE leads DROP COLUMN known_since, DROP COLUMN touch_since;
