-- +goose Up
-- What decisions about leads go by changes rarely: policy, routing document, people, absences, calendars, subscribers. Whoever decides keeps it and
-- asks one row whether it is still so.

CREATE TABLE office (
    one        boolean PRIMARY KEY DEFAULT true CONSTRAINT office_one CHECK (one),
    revision   uuid NOT NULL DEFAULT gen_random_uuid(), -- another one after each transaction that changed something
    changed_by xid8 NOT NULL DEFAULT pg_current_xact_id()
);
INSERT INTO office DEFAULT VALUES;

-- At the end of a transaction: its row is the last that is locked, so nobody who changes one thing waits for who changes another.
-- +goose StatementBegin
CREATE FUNCTION office_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE office SET revision = gen_random_uuid(), changed_by = pg_current_xact_id() WHERE changed_by <> pg_current_xact_id();
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER office_changed AFTER INSERT OR UPDATE OR DELETE ON reps DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION office_changed();
CREATE CONSTRAINT TRIGGER office_changed AFTER INSERT OR UPDATE OR DELETE ON teams DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION office_changed();
CREATE CONSTRAINT TRIGGER office_changed AFTER INSERT OR UPDATE OR DELETE ON absences DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION office_changed();
CREATE CONSTRAINT TRIGGER office_changed AFTER INSERT OR UPDATE OR DELETE ON calendars DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION office_changed();
CREATE CONSTRAINT TRIGGER office_changed AFTER INSERT OR UPDATE OR DELETE ON policies DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION office_changed();
CREATE CONSTRAINT TRIGGER office_changed AFTER INSERT OR UPDATE OR DELETE ON routes DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION office_changed();
CREATE CONSTRAINT TRIGGER office_changed AFTER INSERT OR UPDATE OR DELETE ON webhooks DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION office_changed();

-- A number by chance that each turn of a pool gives its row: who decided from an older one is found out. Versions are never deleted, so the
-- ledger need not lock one to name it; and its newest rows are found by their ids.
ALTER TABLE routing_pools ADD COLUMN tag bigint NOT NULL DEFAULT 0;
ALTER TABLE routings DROP CONSTRAINT routings_document_fkey;
DROP INDEX routings_by_time;

-- +goose Down
CREATE INDEX routings_by_time ON routings (id DESC) WHERE input IS NOT NULL;
ALTER TABLE routings ADD CONSTRAINT routings_document_fkey FOREIGN KEY (document) REFERENCES routes (version);
ALTER TABLE routing_pools DROP COLUMN tag;
DROP TRIGGER office_changed ON webhooks;
DROP TRIGGER office_changed ON routes;
DROP TRIGGER office_changed ON policies;
DROP TRIGGER office_changed ON calendars;
DROP TRIGGER office_changed ON absences;
DROP TRIGGER office_changed ON teams;
DROP TRIGGER office_changed ON reps;
DROP FUNCTION office_changed;
DROP TABLE office;
