-- +goose Up
-- One decision over many leads. The set is fixed when it begins; each lead's decision has an id made of both.

CREATE TABLE bulks (
    id            uuid PRIMARY KEY,
    action        text NOT NULL CONSTRAINT bulks_action CHECK (action IN ('pause', 'resume', 'reassign', 'recycle', 'disqualify')),
    body          jsonb NOT NULL DEFAULT '{}',    -- of each decision: ids and codes
    filter        jsonb NOT NULL DEFAULT '{}',    -- what was asked for, but for words that were searched: they may be a person's
    key_id        uuid,
    state         text NOT NULL DEFAULT 'queued' CONSTRAINT bulks_state CHECK (state IN ('queued', 'running', 'done', 'cancelled')),
    pace          double precision NOT NULL CONSTRAINT bulks_pace CHECK (pace > 0), -- leads a second at most
    total         int NOT NULL DEFAULT 0,
    applied       int NOT NULL DEFAULT 0,
    refused       int NOT NULL DEFAULT 0,
    failed        int NOT NULL DEFAULT 0,
    claim         int NOT NULL DEFAULT 0,         -- grows with each claim: who holds an older one notes nothing more
    claimed_until timestamptz,
    created_at    timestamptz NOT NULL DEFAULT now(),
    started_at    timestamptz,
    finished_at   timestamptz
);
CREATE INDEX bulks_open ON bulks (created_at) WHERE state IN ('queued', 'running');

CREATE TABLE bulk_leads (
    bulk_id     uuid NOT NULL REFERENCES bulks (id) ON DELETE CASCADE,
    lead_id     uuid NOT NULL,
    -- asked: its decision is stored and the run has not answered yet
    state       text NOT NULL DEFAULT 'waiting' CONSTRAINT bulk_leads_state CHECK (state IN ('waiting', 'asked', 'applied', 'refused', 'failed')),
    decision_id uuid,
    code        text NOT NULL DEFAULT '',
    PRIMARY KEY (bulk_id, lead_id)
);
CREATE INDEX bulk_leads_open ON bulk_leads (bulk_id, state, lead_id) WHERE state IN ('waiting', 'asked');
CREATE INDEX bulk_leads_by_lead ON bulk_leads (lead_id);

CREATE TRIGGER bulks_notify AFTER INSERT ON bulks FOR EACH STATEMENT EXECUTE FUNCTION notify_channel('bulk_action');

CREATE TRIGGER audit AFTER INSERT ON bulks FOR EACH ROW WHEN (coalesce(current_setting('leadflow.actor', true), '') <> '')
    EXECUTE FUNCTION audit_row('bulk', 'id', 'action,total', '');
CREATE TRIGGER audit_state AFTER UPDATE OF state ON bulks FOR EACH ROW
    WHEN (coalesce(current_setting('leadflow.actor', true), '') <> '' AND OLD.state <> NEW.state AND NEW.state = 'cancelled')
    EXECUTE FUNCTION audit_row('bulk', 'id', 'action,state', 'finished_at,claimed_until');

-- +goose Down
DROP TABLE bulk_leads, bulks;
