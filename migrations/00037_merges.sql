-- +goose Up
-- Two leads that are one person. The one that ends keeps its row, its keys and its ledgers, and points to the one that goes on:
-- what names it afterwards is found by its keys and led there. Its stage is erased, so that nothing is done for it any more,
-- also by programs of before; but nothing of it was erased.

ALTER TABLE leads
    ADD COLUMN merged_into uuid,          -- the lead that goes on; of a chain its end
    ADD COLUMN merged_at timestamptz,
    ADD COLUMN reborn bigint,             -- the version with which an undone merge began it anew: a run that knows an older one is of before
    DROP CONSTRAINT leads_erased_is_empty,
    ADD CONSTRAINT leads_erased_is_empty CHECK (stage <> 'erased' OR merged_into IS NOT NULL OR (email IS NULL AND external_id IS NULL AND profile = '{}')),
    ADD CONSTRAINT leads_merged_is_over CHECK (merged_into IS NULL OR stage = 'erased' AND merged_at IS NOT NULL AND merged_into <> id);
CREATE INDEX leads_by_survivor ON leads (merged_into) WHERE merged_into IS NOT NULL;

CREATE TABLE merges (
    id         uuid PRIMARY KEY,
    lead_id    uuid NOT NULL REFERENCES leads (id) ON DELETE CASCADE, -- the one that ended
    into_id    uuid NOT NULL REFERENCES leads (id) ON DELETE CASCADE, -- the one that goes on
    at         timestamptz NOT NULL DEFAULT now(),
    reason     text NOT NULL DEFAULT '' CONSTRAINT merges_reason CHECK (reason ~ '^[a-z0-9_]{0,64}$'),
    actor_type text NOT NULL,
    actor_id   text,
    before     jsonb NOT NULL,            -- the projection of the one that ended, for the undo: ids and codes
    score      jsonb,                     -- the row of its score, which is nobody's meanwhile
    changed    jsonb NOT NULL DEFAULT '{}', -- what became otherwise of the one that goes on: names of fields, purposes, codes
    brought    uuid[] NOT NULL DEFAULT '{}', -- what had been merged into the one that ended
    visitors   text[] NOT NULL DEFAULT '{}', -- that it had
    counts     jsonb NOT NULL DEFAULT '{}', -- what was joined, in figures
    undone_at  timestamptz
);
CREATE UNIQUE INDEX merges_one_open ON merges (lead_id) WHERE undone_at IS NULL;
CREATE INDEX merges_by_survivor ON merges (into_id, at);
CREATE INDEX merges_by_time ON merges (at DESC, id DESC);

-- Which events a merge gave to the one that goes on, until it can no longer be undone.
CREATE TABLE merge_events (
    merge_id     uuid NOT NULL REFERENCES merges (id) ON DELETE CASCADE,
    event_id     uuid NOT NULL,
    received_at  timestamptz NOT NULL,
    inherited_at timestamptz,
    PRIMARY KEY (merge_id, event_id)
);

CREATE TRIGGER audit AFTER INSERT ON merges FOR EACH ROW WHEN (coalesce(current_setting('leadflow.actor', true), '') <> '')
    EXECUTE FUNCTION audit_row('merge', 'id', 'lead_id,into_id,reason', '');
CREATE TRIGGER audit_undone AFTER UPDATE OF undone_at ON merges FOR EACH ROW
    WHEN (coalesce(current_setting('leadflow.actor', true), '') <> '' AND OLD.undone_at IS NULL AND NEW.undone_at IS NOT NULL)
    EXECUTE FUNCTION audit_row('merge', 'id', 'lead_id,into_id,undone_at', 'visitors,counts');
-- A lead that was merged was not erased.
DROP TRIGGER audit_erased ON leads;
CREATE TRIGGER audit_erased AFTER UPDATE OF stage ON leads FOR EACH ROW
    WHEN (NEW.stage = 'erased' AND OLD.stage <> 'erased' AND NEW.merged_into IS NULL AND coalesce(current_setting('leadflow.actor', true), '') <> '')
    EXECUTE FUNCTION audit_row('lead', 'id', 'stage', '');

-- +goose Down
-- What was merged cannot be told from what was erased by programs of before: what its row still names goes, its ledgers stay.
UPDATE leads SET email = NULL, external_id = NULL, profile = '{}' WHERE merged_into IS NOT NULL;
DROP TABLE merge_events, merges;
DROP TRIGGER audit_erased ON leads;
CREATE TRIGGER audit_erased AFTER UPDATE OF stage ON leads FOR EACH ROW
    WHEN (NEW.stage = 'erased' AND OLD.stage <> 'erased' AND coalesce(current_setting('leadflow.actor', true), '') <> '')
    EXECUTE FUNCTION audit_row('lead', 'id', 'stage', '');
DROP INDEX leads_by_survivor;
ALTER TABLE leads DROP CONSTRAINT leads_merged_is_over, DROP CONSTRAINT leads_erased_is_empty,
    DROP COLUMN merged_into, DROP COLUMN merged_at, DROP COLUMN reborn,
    ADD CONSTRAINT leads_erased_is_empty CHECK (stage <> 'erased' OR (email IS NULL AND external_id IS NULL AND profile = '{}'));
