-- +goose Up
-- Events by month, and an event is its own record of the client's id: one index less to write, one table less to sweep.
-- The partitions are made by the program (store/partitions.go), which also takes in what the default one holds.

DROP TABLE event_ids;
DROP INDEX events_by_lead;
DROP INDEX events_by_visitor;
-- No index begins with received_at: to a planner that knows a new partition as empty, it would look as good as the right one.
ALTER TABLE events DROP CONSTRAINT events_pkey, ADD PRIMARY KEY (id, received_at);
CREATE INDEX events_by_lead ON events (lead_id, client_id) WHERE lead_id IS NOT NULL;
CREATE INDEX events_by_visitor ON events (visitor_id, client_id) WHERE visitor_id IS NOT NULL;

-- A lead is never deleted, and whoever writes its events holds its lock: a foreign key would look the lead up again for each
-- of them, and would lock all leads whenever a partition is made.
ALTER TABLE events DROP CONSTRAINT events_lead_id_fkey;

-- Events that were received before this moment are no longer kept. One row.
CREATE TABLE events_kept (
    since timestamptz NOT NULL DEFAULT '-infinity',
    one   boolean PRIMARY KEY DEFAULT true CONSTRAINT events_kept_one CHECK (one)
);
INSERT INTO events_kept DEFAULT VALUES;

-- The newest engagement is written with the score, whose row changes anyway: with leads it cost every engagement a second row
-- with eight indexes. The column of leads stays for processes of the release before, and is read with it.
ALTER TABLE scores ADD COLUMN engaged_at timestamptz;
UPDATE scores s SET engaged_at = l.engaged_at FROM leads l WHERE l.id = s.lead_id AND l.engaged_at IS NOT NULL;

-- Rows that change all the time: room for the next version on the same page, so that indexes are left alone, and a vacuum
-- that comes after thousands of changes, not after a fifth of the table.
ALTER TABLE leads SET (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05);
ALTER TABLE scores SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05);
ALTER TABLE visitors SET (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02);
ALTER TABLE deliveries SET (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02);
-- A queue: nearly empty, and rewritten all day long.
ALTER TABLE outbox SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 1000);

-- +goose Down
ALTER TABLE outbox RESET (fillfactor, autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold, autovacuum_analyze_scale_factor, autovacuum_analyze_threshold);
ALTER TABLE deliveries RESET (fillfactor, autovacuum_vacuum_scale_factor);
ALTER TABLE visitors RESET (fillfactor, autovacuum_vacuum_scale_factor);
UPDATE leads l SET engaged_at = greatest(l.engaged_at, s.engaged_at) FROM scores s WHERE s.lead_id = l.id;
ALTER TABLE scores DROP COLUMN engaged_at;
ALTER TABLE scores RESET (autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor);
ALTER TABLE leads RESET (fillfactor, autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor);
DROP TABLE events_kept;
ALTER TABLE events ADD CONSTRAINT events_lead_id_fkey FOREIGN KEY (lead_id) REFERENCES leads (id) ON DELETE CASCADE;
DROP INDEX events_by_visitor;
DROP INDEX events_by_lead;
ALTER TABLE events DROP CONSTRAINT events_pkey, ADD PRIMARY KEY (received_at, id);
CREATE INDEX events_by_lead ON events (lead_id, occurred_at) WHERE lead_id IS NOT NULL;
CREATE INDEX events_by_visitor ON events (visitor_id) WHERE visitor_id IS NOT NULL;
CREATE TABLE event_ids (
    owner       text NOT NULL,
    client_id   text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (owner, client_id)
);
CREATE INDEX event_ids_by_age ON event_ids (received_at);
INSERT INTO event_ids (owner, client_id, received_at)
SELECT coalesce(lead_id::text, 'v:' || visitor_id), client_id, max(received_at) FROM events
WHERE client_id IS NOT NULL AND received_at > now() - interval '35 days' GROUP BY 1, 2;
