-- +goose Up
-- What the clocks of an assignment were made of, and when its rep first saw it.

CREATE TABLE assignment_terms (
    assignment_id uuid PRIMARY KEY REFERENCES assignments (id) ON DELETE CASCADE,
    band          text NOT NULL DEFAULT '',   -- at that moment: a lead that warms up later keeps its terms
    rule          text NOT NULL DEFAULT '',   -- name of the policy's rule; empty: its own clocks
    seen_at       timestamptz,
    seen_by       text NOT NULL DEFAULT ''    -- inbox, link
);

-- The report reads a period of offers.
CREATE INDEX assignments_by_offer ON assignments (offered_at);

-- +goose Down
DROP INDEX assignments_by_offer;
DROP TABLE assignment_terms;
