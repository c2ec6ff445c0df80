-- +goose Up
-- A decision that took effect in a task of which nobody knows that it was kept is kept once the run says that it has come to that version of the lead; 0: it is. A run that
-- has begun anew would not know it, and decide a second time. See ADR 69.
DROP INDEX decisions_open;
ALTER TABLE decisions ALTER COLUMN unkept DROP DEFAULT;
ALTER TABLE decisions ALTER COLUMN unkept TYPE bigint USING unkept::int;
ALTER TABLE decisions ALTER COLUMN unkept SET DEFAULT 0;
UPDATE decisions d SET unkept = (SELECT coalesce(max(t.version), 1) FROM timeline t
	WHERE t.lead_id = d.lead_id AND t.of_run AND t.data ->> 'decision_id' = d.id::text) WHERE unkept > 0;
CREATE INDEX decisions_open ON decisions (next_at) WHERE state = 'pending' OR unkept > 0;

-- +goose Down
DROP INDEX decisions_open;
ALTER TABLE decisions ALTER COLUMN unkept DROP DEFAULT;
ALTER TABLE decisions ALTER COLUMN unkept TYPE boolean USING unkept > 0;
ALTER TABLE decisions ALTER COLUMN unkept SET DEFAULT false;
CREATE INDEX decisions_open ON decisions (next_at) WHERE state = 'pending' OR unkept;
