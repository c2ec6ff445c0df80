-- +goose Up
-- Who leaves work behind says so, once a transaction and channel: a pool then need not poll. Claims and outcomes are
-- updates and call nobody; INSERT ... ON CONFLICT fires insert triggers of statements also where it updates.

-- +goose StatementBegin
CREATE FUNCTION notify_channel() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify(TG_ARGV[0], '');
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION notify_lanes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify(lane, '') FROM (SELECT DISTINCT lane FROM added) AS lanes;
    RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE TRIGGER outbox_notify AFTER INSERT ON outbox FOR EACH STATEMENT EXECUTE FUNCTION notify_channel('outbox');
CREATE TRIGGER decisions_notify AFTER INSERT ON decisions FOR EACH STATEMENT EXECUTE FUNCTION notify_channel('decision');
CREATE TRIGGER deliveries_notify AFTER INSERT ON deliveries REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION notify_lanes();
CREATE TRIGGER imports_notify AFTER UPDATE OF ready ON imports FOR EACH ROW WHEN (NEW.ready) EXECUTE FUNCTION notify_channel('import');

-- +goose Down
DROP TRIGGER imports_notify ON imports;
DROP TRIGGER deliveries_notify ON deliveries;
DROP TRIGGER decisions_notify ON decisions;
DROP TRIGGER outbox_notify ON outbox;
DROP FUNCTION notify_lanes, notify_channel;
