-- +goose Up
-- The life of a model: what a version says never changes; previews over real leads; models that score along without any effect.

-- A version is what it was kept as: scores, explanations and offers name it. Only its state and whom it scores with move.
-- +goose StatementBegin
CREATE FUNCTION models_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.published_at IS NULL THEN
            RETURN OLD;
        END IF;
    ELSIF (NEW.version, NEW.source, NEW.document, NEW.note, NEW.author, NEW.created_at)
        IS NOT DISTINCT FROM (OLD.version, OLD.source, OLD.document, OLD.note, OLD.author, OLD.created_at)
        AND (NEW.published_at IS NOT NULL OR OLD.published_at IS NULL) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a version of a model never changes: keep another' USING ERRCODE = 'restrict_violation';
END $$;
-- +goose StatementEnd
CREATE TRIGGER models_stay BEFORE UPDATE OR DELETE ON models FOR EACH ROW EXECUTE FUNCTION models_stay();

-- What a version would make of everybody, counted by a worker, a piece at a time. Counts and the place they have come to change
-- together: who takes it up after a crash counts nobody twice.
CREATE TABLE model_previews (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    model_version int NOT NULL REFERENCES models (version),
    against       int NOT NULL REFERENCES models (version), -- that was published when it began
    state         text NOT NULL DEFAULT 'queued' CONSTRAINT model_previews_state CHECK (state IN ('queued', 'running', 'done', 'cancelled')),
    weeks         int NOT NULL CONSTRAINT model_previews_weeks CHECK (weeks BETWEEN 1 AND 52),
    at            timestamptz NOT NULL DEFAULT now(),       -- the moment everybody is looked at
    claimed_to    uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000', -- counted up to here
    claim         int NOT NULL DEFAULT 0,                   -- grows with each claim: who holds an older one counts nothing more
    claimed_until timestamptz,
    done          bigint NOT NULL DEFAULT 0,
    total         bigint,
    result        jsonb NOT NULL DEFAULT '{}',              -- counts, and ids of some leads
    created_at    timestamptz NOT NULL DEFAULT now(),
    started_at    timestamptz,
    finished_at   timestamptz
);
CREATE UNIQUE INDEX model_previews_open ON model_previews (model_version) WHERE state IN ('queued', 'running');
CREATE INDEX model_previews_by_model ON model_previews (model_version, id DESC);
CREATE TRIGGER model_previews_notify AFTER INSERT ON model_previews FOR EACH STATEMENT EXECUTE FUNCTION notify_channel('model_preview');
CREATE TRIGGER audit AFTER INSERT ON model_previews FOR EACH ROW WHEN (coalesce(current_setting('leadflow.actor', true), '') <> '')
    EXECUTE FUNCTION audit_row('model_preview', 'id', 'model_version', '');
CREATE TRIGGER audit_state AFTER UPDATE OF state ON model_previews FOR EACH ROW
    WHEN (coalesce(current_setting('leadflow.actor', true), '') <> '' AND OLD.state <> NEW.state AND NEW.state = 'cancelled')
    EXECUTE FUNCTION audit_row('model_preview', 'id', 'model_version,state', 'finished_at,claimed_until');

-- A model that scores along, from a beginning to an end.
CREATE TABLE shadows (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    model_version int NOT NULL REFERENCES models (version),
    began_at      timestamptz NOT NULL DEFAULT now(),
    ended_at      timestamptz,
    why           text NOT NULL DEFAULT '' CONSTRAINT shadows_why CHECK (why IN ('', 'ended', 'published', 'retired'))
);
CREATE UNIQUE INDEX shadows_open ON shadows (model_version) WHERE ended_at IS NULL;
CREATE INDEX shadows_by_model ON shadows (model_version, id DESC);
CREATE TRIGGER audit AFTER INSERT OR UPDATE ON shadows FOR EACH ROW WHEN (coalesce(current_setting('leadflow.actor', true), '') <> '')
    EXECUTE FUNCTION audit_row('shadow', 'id', 'model_version,why', '');

-- Which shadows score beside the published version: in its row, which every transaction that scores reads anyway.
ALTER TABLE models ADD COLUMN shadows bigint[] NOT NULL DEFAULT '{}' CONSTRAINT models_shadows CHECK (state = 'published' OR shadows = '{}');

-- Where leads stand under a shadow. No foreign key to leads: whoever writes holds the lead's lock, as for events.
CREATE TABLE shadow_scores (
    shadow_id    bigint NOT NULL REFERENCES shadows (id) ON DELETE CASCADE,
    lead_id      uuid NOT NULL,
    accumulators bytea NOT NULL,
    score        int NOT NULL,
    fit          double precision NOT NULL,
    engagement   double precision NOT NULL,
    band         text NOT NULL,
    mql_at       timestamptz,
    mql_cycle    int,
    evaluated_at timestamptz NOT NULL,
    PRIMARY KEY (shadow_id, lead_id)
) WITH (fillfactor = 70);
CREATE INDEX shadow_scores_by_lead ON shadow_scores (lead_id);

-- What both said at the moment at which one of them made a cycle an MQL.
CREATE TABLE shadow_calls (
    shadow_id       bigint NOT NULL REFERENCES shadows (id) ON DELETE CASCADE,
    lead_id         uuid NOT NULL,
    cycle           int NOT NULL,
    by              text NOT NULL CONSTRAINT shadow_calls_by CHECK (by IN ('published', 'shadow')),
    at              timestamptz NOT NULL,
    published       int NOT NULL,               -- the version everybody was scored by
    score           int NOT NULL,               -- of the published model
    fit             double precision NOT NULL,
    engagement      double precision NOT NULL,
    band            text NOT NULL,
    shadow_score    int NOT NULL,
    shadow_fit      double precision NOT NULL,
    shadow_engagement double precision NOT NULL,
    shadow_band     text NOT NULL,
    revoked_at      timestamptz,                -- what it was called for was taken back
    PRIMARY KEY (shadow_id, lead_id, cycle, by)
);
CREATE INDEX shadow_calls_by_lead ON shadow_calls (lead_id);

-- +goose Down
DROP TABLE shadow_calls, shadow_scores;
ALTER TABLE models DROP COLUMN shadows;
DROP TABLE shadows, model_previews;
DROP TRIGGER models_stay ON models;
DROP FUNCTION models_stay;
