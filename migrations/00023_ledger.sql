-- +goose Up
-- What a mail is claimed by and sent under changes no index: Postgres then writes the row in its page alone (HOT), where it
-- wrote five indexes for each of the three states a mail goes through. So no index names the state, but what of it holds until
-- the mail has ended. The columns follow from the state by themselves; adding them writes the table anew.
ALTER TABLE deliveries
    ADD COLUMN open   boolean NOT NULL GENERATED ALWAYS AS (state IN ('queued', 'claimed', 'sending')) STORED,
    ADD COLUMN unsent text GENERATED ALWAYS AS (CASE WHEN state IN ('failed', 'unknown', 'suppressed', 'expired') THEN state END) STORED;
DROP INDEX deliveries_due;
DROP INDEX deliveries_by_state;
CREATE INDEX deliveries_due ON deliveries (lane, not_before) WHERE open;
CREATE INDEX deliveries_newest ON deliveries (created_at DESC, id DESC);
CREATE INDEX deliveries_unsent ON deliveries (unsent, created_at DESC, id DESC) WHERE unsent IS NOT NULL;
-- Room for a second version of every row in its page: what is claimed together lies together.
ALTER TABLE deliveries SET (fillfactor = 50);

-- +goose Down
ALTER TABLE deliveries SET (fillfactor = 85);
DROP INDEX deliveries_unsent;
DROP INDEX deliveries_newest;
DROP INDEX deliveries_due;
CREATE INDEX deliveries_by_state ON deliveries (state, created_at DESC, id DESC);
CREATE INDEX deliveries_due ON deliveries (lane, not_before) WHERE state IN ('queued', 'claimed', 'sending');
ALTER TABLE deliveries DROP COLUMN open, DROP COLUMN unsent;
