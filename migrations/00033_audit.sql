-- +goose Up
-- What people changed: who, what, when, on which object. Rows are written by triggers, in the transaction of the change,
-- wherever the store says who acts (leadflow.actor: type, a space, id). What machines do is not people's, and not here.

CREATE TABLE audit_log (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at          timestamptz NOT NULL DEFAULT now(),
    actor_type  text NOT NULL,              -- key: of the API; command: of the command line, on the database itself
    actor_id    text NOT NULL,              -- id of the key; the command
    action      text NOT NULL CONSTRAINT audit_log_action CHECK (action IN ('created', 'changed', 'deleted')),
    object_type text NOT NULL,
    object_id   text NOT NULL DEFAULT '',   -- empty: several
    objects     int NOT NULL DEFAULT 1,     -- how many: lists are one row
    fields      text[] NOT NULL DEFAULT '{}', -- names of what was changed, never what it was or is
    data        jsonb NOT NULL DEFAULT '{}'   -- codes only: kind, state, role
);
CREATE INDEX audit_log_by_object ON audit_log (object_type, object_id, id DESC);
CREATE INDEX audit_log_by_actor ON audit_log (actor_id, id DESC);

-- +goose StatementBegin
CREATE FUNCTION audit_log_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is only added to' USING ERRCODE = 'restrict_violation';
END $$;
-- +goose StatementEnd
CREATE TRIGGER audit_log_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION audit_log_stays();

-- Arguments: what the object is called; its id, columns by @; columns whose new value is a code and is kept; columns that
-- say nothing when they alone change. Each of the last two by comma.
-- +goose StatementBegin
CREATE FUNCTION audit_row() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    actor  text := current_setting('leadflow.actor');
    was    jsonb := CASE WHEN TG_OP = 'INSERT' THEN '{}' ELSE to_jsonb(OLD) END;
    new_is jsonb := CASE WHEN TG_OP = 'DELETE' THEN to_jsonb(OLD) ELSE to_jsonb(NEW) END;
    changed text[] := '{}';
BEGIN
    IF TG_OP = 'UPDATE' THEN
        SELECT coalesce(array_agg(key ORDER BY key), '{}') INTO changed FROM jsonb_each(new_is)
        WHERE value IS DISTINCT FROM was -> key AND key <> ALL (string_to_array(TG_ARGV[3], ','));
        IF changed = '{}' THEN
            RETURN NULL;
        END IF;
    END IF;
    INSERT INTO audit_log (actor_type, actor_id, action, object_type, object_id, fields, data)
    SELECT split_part(actor, ' ', 1), substr(actor, strpos(actor, ' ') + 1),
        CASE TG_OP WHEN 'INSERT' THEN 'created' WHEN 'UPDATE' THEN 'changed' ELSE 'deleted' END, TG_ARGV[0],
        (SELECT string_agg(new_is ->> c, '@' ORDER BY n) FROM unnest(string_to_array(TG_ARGV[1], '@')) WITH ORDINALITY AS u (c, n)),
        changed,
        (SELECT coalesce(jsonb_object_agg(c, new_is -> c), '{}') FROM unnest(string_to_array(TG_ARGV[2], ',')) AS c
            WHERE jsonb_typeof(new_is -> c) <> 'null');
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- Lists may be long: one row a statement. An address is named by its keyed hash, as where it is suppressed.
-- +goose StatementBegin
CREATE FUNCTION audit_suppressions() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    actor text := coalesce(current_setting('leadflow.actor', true), '');
BEGIN
    IF actor <> '' THEN
        INSERT INTO audit_log (actor_type, actor_id, action, object_type, object_id, objects, data)
        SELECT split_part(actor, ' ', 1), substr(actor, strpos(actor, ' ') + 1), TG_ARGV[0], 'suppression',
            CASE WHEN count(*) = 1 THEN max(encode(hash, 'hex')) ELSE '' END, count(*),
            CASE WHEN count(DISTINCT reason) = 1 THEN jsonb_build_object('reason', max(reason)) ELSE '{}' END
        FROM these HAVING count(*) > 0;
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER audit_created AFTER INSERT ON suppressions REFERENCING NEW TABLE AS these FOR EACH STATEMENT EXECUTE FUNCTION audit_suppressions('created');
CREATE TRIGGER audit_changed AFTER UPDATE ON suppressions REFERENCING NEW TABLE AS these FOR EACH STATEMENT EXECUTE FUNCTION audit_suppressions('changed');
CREATE TRIGGER audit_deleted AFTER DELETE ON suppressions REFERENCING OLD TABLE AS these FOR EACH STATEMENT EXECUTE FUNCTION audit_suppressions('deleted');

CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON api_keys FOR EACH ROW WHEN (coalesce(current_setting('leadflow.actor', true), '') <> '')
    EXECUTE FUNCTION audit_row('key', 'id', 'role', 'last_used_at');
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON reps FOR EACH ROW WHEN (coalesce(current_setting('leadflow.actor', true), '') <> '')
    EXECUTE FUNCTION audit_row('rep', 'id', 'active', 'updated_at,turn,turn_at,last_offered_at');
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON teams FOR EACH ROW WHEN (coalesce(current_setting('leadflow.actor', true), '') <> '')
    EXECUTE FUNCTION audit_row('team', 'id', '', 'updated_at');
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON calendars FOR EACH ROW WHEN (coalesce(current_setting('leadflow.actor', true), '') <> '')
    EXECUTE FUNCTION audit_row('calendar', 'id', '', 'updated_at');
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON policies FOR EACH ROW WHEN (coalesce(current_setting('leadflow.actor', true), '') <> '')
    EXECUTE FUNCTION audit_row('policy', 'id', 'active', 'updated_at');
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON models FOR EACH ROW WHEN (coalesce(current_setting('leadflow.actor', true), '') <> '')
    EXECUTE FUNCTION audit_row('model', 'version', 'state', 'updated_at');
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON sequences FOR EACH ROW WHEN (coalesce(current_setting('leadflow.actor', true), '') <> '')
    EXECUTE FUNCTION audit_row('sequence', 'name@version', 'state', 'updated_at');
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON sequence_holds FOR EACH ROW WHEN (coalesce(current_setting('leadflow.actor', true), '') <> '')
    EXECUTE FUNCTION audit_row('sequence_hold', 'name@version', 'catch_up', '');
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON absences FOR EACH ROW WHEN (coalesce(current_setting('leadflow.actor', true), '') <> '')
    EXECUTE FUNCTION audit_row('absence', 'id', 'rep_id,kind', '');
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON calendar_days FOR EACH ROW WHEN (coalesce(current_setting('leadflow.actor', true), '') <> '')
    EXECUTE FUNCTION audit_row('calendar_day', 'id', 'calendar_id,kind', '');
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON calendar_seeds FOR EACH ROW WHEN (coalesce(current_setting('leadflow.actor', true), '') <> '')
    EXECUTE FUNCTION audit_row('calendar_seed', 'calendar_id@country', 'until', '');
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON routes FOR EACH ROW WHEN (coalesce(current_setting('leadflow.actor', true), '') <> '')
    EXECUTE FUNCTION audit_row('route', 'version', 'state', '');
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON reasons FOR EACH ROW WHEN (coalesce(current_setting('leadflow.actor', true), '') <> '')
    EXECUTE FUNCTION audit_row('reason', 'kind@code', '', 'updated_at');
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON lanes FOR EACH ROW WHEN (coalesce(current_setting('leadflow.actor', true), '') <> '')
    EXECUTE FUNCTION audit_row('lane', 'lane', 'why', '');
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON webhooks FOR EACH ROW WHEN (coalesce(current_setting('leadflow.actor', true), '') <> '')
    EXECUTE FUNCTION audit_row('webhook', 'id', 'active', 'updated_at');
-- What becomes of a decision is the run's answer, not a second change.
CREATE TRIGGER audit AFTER INSERT ON decisions FOR EACH ROW WHEN (coalesce(current_setting('leadflow.actor', true), '') <> '')
    EXECUTE FUNCTION audit_row('decision', 'id', 'kind,lead_id', '');
CREATE TRIGGER audit AFTER INSERT ON notes FOR EACH ROW WHEN (coalesce(current_setting('leadflow.actor', true), '') <> '')
    EXECUTE FUNCTION audit_row('note', 'id', 'lead_id', '');
CREATE TRIGGER audit AFTER INSERT OR DELETE ON imports FOR EACH ROW WHEN (coalesce(current_setting('leadflow.actor', true), '') <> '')
    EXECUTE FUNCTION audit_row('import', 'id', 'state,dry_run,alert,nurture', '');
CREATE TRIGGER audit_state AFTER UPDATE OF state ON imports FOR EACH ROW
    WHEN (coalesce(current_setting('leadflow.actor', true), '') <> '' AND OLD.state <> NEW.state AND NEW.state IN ('cancelled', 'undoing'))
    EXECUTE FUNCTION audit_row('import', 'id', 'state', 'finished_at,claimed_until,undo_at,undo_by,ready');
CREATE TRIGGER audit_erased AFTER UPDATE OF stage ON leads FOR EACH ROW
    WHEN (NEW.stage = 'erased' AND OLD.stage <> 'erased' AND coalesce(current_setting('leadflow.actor', true), '') <> '')
    EXECUTE FUNCTION audit_row('lead', 'id', 'stage', '');
-- Which mail somebody tried again, skipped or marked as sent.
CREATE TRIGGER audit_decided AFTER UPDATE OF decided ON deliveries FOR EACH ROW WHEN (coalesce(current_setting('leadflow.actor', true), '') <> '')
    EXECUTE FUNCTION audit_row('mail', 'id', 'decided', '');

-- +goose Down
DROP TRIGGER audit_decided ON deliveries;
DROP TRIGGER audit_erased ON leads;
DROP TRIGGER audit_state ON imports;
DROP TRIGGER audit ON imports;
DROP TRIGGER audit ON notes;
DROP TRIGGER audit ON decisions;
DROP TRIGGER audit ON webhooks;
DROP TRIGGER audit ON reasons;
DROP TRIGGER audit ON routes;
DROP TRIGGER audit ON calendar_seeds;
DROP TRIGGER audit ON calendar_days;
DROP TRIGGER audit ON absences;
DROP TRIGGER audit ON lanes;
DROP TRIGGER audit ON sequence_holds;
DROP TRIGGER audit ON sequences;
DROP TRIGGER audit ON models;
DROP TRIGGER audit ON policies;
DROP TRIGGER audit ON calendars;
DROP TRIGGER audit ON teams;
DROP TRIGGER audit ON reps;
DROP TRIGGER audit ON api_keys;
DROP TRIGGER audit_created ON suppressions;
DROP TRIGGER audit_changed ON suppressions;
DROP TRIGGER audit_deleted ON suppressions;
DROP TABLE audit_log;
DROP FUNCTION audit_suppressions, audit_row, audit_log_stays;
