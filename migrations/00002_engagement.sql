-- +goose Up
-- What leads do, what it is worth, and what their runs must be told.

CREATE TABLE models (
    version      int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    state        text NOT NULL DEFAULT 'draft' CONSTRAINT models_state CHECK (state IN ('draft', 'published', 'retired')),
    source       text NOT NULL,
    document     jsonb NOT NULL,
    note         text NOT NULL DEFAULT '',
    author       text NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL DEFAULT now(),
    published_at timestamptz
);
CREATE UNIQUE INDEX models_one_published ON models (state) WHERE state = 'published';

CREATE TABLE sequences (
    name         text NOT NULL CONSTRAINT sequences_name CHECK (name ~ '^[a-z0-9][a-z0-9_-]{0,63}$'),
    version      int NOT NULL CONSTRAINT sequences_version CHECK (version >= 1),
    state        text NOT NULL DEFAULT 'draft' CONSTRAINT sequences_state CHECK (state IN ('draft', 'published', 'retired')),
    is_default   boolean NOT NULL DEFAULT false,
    source       text NOT NULL,
    document     jsonb NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    published_at timestamptz,
    PRIMARY KEY (name, version)
);
CREATE UNIQUE INDEX sequences_one_published ON sequences (name) WHERE state = 'published';
CREATE UNIQUE INDEX sequences_one_default ON sequences (is_default) WHERE is_default AND state = 'published';

-- One row a lead; kept apart from leads because it changes with every event.
CREATE TABLE scores (
    lead_id       uuid PRIMARY KEY REFERENCES leads (id) ON DELETE CASCADE,
    model_version int NOT NULL REFERENCES models (version),
    accumulators  jsonb NOT NULL,
    score         int NOT NULL,
    fit           double precision NOT NULL,
    engagement    double precision NOT NULL,
    band          text NOT NULL,
    grade         text NOT NULL,
    mql_at        timestamptz,
    mql_cycle     int,                  -- the cycle whose edge mql_at is
    evaluated_at  timestamptz NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX scores_by_band ON scores (band, lead_id);
CREATE INDEX scores_by_model ON scores (model_version);

CREATE TABLE adjustments (
    lead_id uuid NOT NULL REFERENCES leads (id) ON DELETE CASCADE,
    cycle   int NOT NULL,               -- the cycle that begins with it
    at      timestamptz NOT NULL,
    policy  text NOT NULL CONSTRAINT adjustments_policy CHECK (policy IN ('keep', 'halve', 'zero', 'floor')),
    PRIMARY KEY (lead_id, cycle)
);

CREATE TABLE events (
    id          uuid NOT NULL,
    lead_id     uuid REFERENCES leads (id) ON DELETE CASCADE,
    visitor_id  text,
    client_id   text,
    type        text NOT NULL,
    occurred_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    properties  jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (received_at, id),
    CONSTRAINT events_have_an_owner CHECK (lead_id IS NOT NULL OR visitor_id IS NOT NULL)
) PARTITION BY RANGE (received_at);
CREATE TABLE events_default PARTITION OF events DEFAULT;
CREATE INDEX events_by_lead ON events (lead_id, occurred_at) WHERE lead_id IS NOT NULL;
CREATE INDEX events_by_visitor ON events (visitor_id) WHERE visitor_id IS NOT NULL;

-- A partitioned table cannot hold a unique key over all its partitions; this one is swept after 35 days.
CREATE TABLE event_ids (
    owner       text NOT NULL,          -- lead id, or v:visitor
    client_id   text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (owner, client_id)
);
CREATE INDEX event_ids_by_age ON event_ids (received_at);

CREATE SEQUENCE outbox_seq;
-- One row a lead, merged, never overwritten: newest score, highest seq, and per trigger its own seq.
CREATE TABLE outbox (
    lead_id       uuid PRIMARY KEY REFERENCES leads (id) ON DELETE CASCADE,
    seq           bigint NOT NULL,
    score         int NOT NULL DEFAULT 0,
    band          text NOT NULL DEFAULT '',
    triggers      jsonb NOT NULL DEFAULT '{}', -- kind -> seq
    not_before    timestamptz NOT NULL DEFAULT now(),
    claimed_until timestamptz,
    attempts      int NOT NULL DEFAULT 0,
    created_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX outbox_due ON outbox (not_before);

-- +goose Down
DROP TABLE outbox, event_ids, events, adjustments, scores, sequences, models;
DROP SEQUENCE outbox_seq;
