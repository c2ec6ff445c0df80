-- +goose Up
-- Who got which lead and why, what people decided, and everything that leaves the house.

CREATE TABLE assignments (
    id            uuid PRIMARY KEY,
    key           text NOT NULL CONSTRAINT assignments_key_unique UNIQUE, -- the command: lead/cycle/offer/n
    lead_id       uuid NOT NULL REFERENCES leads (id) ON DELETE CASCADE,
    cycle         int NOT NULL,
    n             int NOT NULL,
    rep_id        uuid NOT NULL REFERENCES reps (id),
    team_id       uuid REFERENCES teams (id),
    state         text NOT NULL CONSTRAINT assignments_state CHECK (state IN ('offered', 'accepted', 'rejected', 'missed', 'withdrawn')),
    offered_at    timestamptz NOT NULL,
    due_at        timestamptz,
    clocks        jsonb NOT NULL DEFAULT '[]',
    decided_at    timestamptz,
    reason        text NOT NULL DEFAULT '',
    model_version int,
    score         int NOT NULL DEFAULT 0,
    explanation   jsonb NOT NULL DEFAULT '{}',  -- of this moment: later analysis must not look ahead
    CONSTRAINT assignments_decided CHECK ((state = 'offered') = (decided_at IS NULL))
);
CREATE UNIQUE INDEX assignments_one_open ON assignments (lead_id) WHERE state = 'offered';
CREATE INDEX assignments_by_lead ON assignments (lead_id, offered_at);
CREATE INDEX assignments_by_rep ON assignments (rep_id, state);

-- The routing ledger: one row an attempt, also when nobody was found.
CREATE TABLE routings (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lead_id    uuid NOT NULL REFERENCES leads (id) ON DELETE CASCADE,
    key        text NOT NULL,
    at         timestamptz NOT NULL DEFAULT now(),
    candidates jsonb NOT NULL,          -- [{rep_id, turn, open, excluded}]
    rep_id     uuid,
    why        text NOT NULL
);
CREATE INDEX routings_by_lead ON routings (lead_id, id);

CREATE TABLE decisions (
    id          uuid PRIMARY KEY,       -- also the id of the update
    lead_id     uuid NOT NULL REFERENCES leads (id) ON DELETE CASCADE,
    kind        text NOT NULL,
    body        jsonb NOT NULL,         -- notes and answers of buyers included: never sent to the run
    fingerprint text NOT NULL,
    rep_id      uuid,
    key_id      uuid,
    state       text NOT NULL DEFAULT 'pending' CONSTRAINT decisions_state CHECK (state IN ('pending', 'applied', 'refused')),
    code        text NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL DEFAULT now(),
    answered_at timestamptz,
    attempts    int NOT NULL DEFAULT 0,
    next_at     timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX decisions_by_lead ON decisions (lead_id, created_at DESC);
CREATE INDEX decisions_pending ON decisions (next_at) WHERE state = 'pending';

CREATE TABLE outcomes (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lead_id   uuid NOT NULL,            -- kept without identity after erasure
    cycle     int NOT NULL,
    kind      text NOT NULL CONSTRAINT outcomes_kind CHECK (kind IN ('won', 'lost', 'rejected', 'disqualified')),
    at        timestamptz NOT NULL,
    rep_id    uuid,
    reason    text NOT NULL DEFAULT '',
    amount    numeric(18, 2) CONSTRAINT outcomes_amount CHECK (amount >= 0),
    currency  text CONSTRAINT outcomes_currency CHECK (currency ~ '^[A-Z]{3}$'),
    one_thing text,
    missing   text,
    decision  uuid CONSTRAINT outcomes_one_a_decision UNIQUE
);
CREATE INDEX outcomes_by_lead ON outcomes (lead_id);

CREATE TABLE webhooks (
    id         uuid PRIMARY KEY,
    url        text NOT NULL,
    secret     text NOT NULL,
    kinds      text[] NOT NULL DEFAULT '{}', -- empty: all
    active     boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE deliveries (
    id            uuid PRIMARY KEY,
    key           text NOT NULL CONSTRAINT deliveries_key_unique UNIQUE, -- nurture: lead/cycle/mail/sequence@version/step
    lane          text NOT NULL CONSTRAINT deliveries_lane CHECK (lane IN ('alert', 'bulk', 'webhook')),
    channel       text NOT NULL CONSTRAINT deliveries_channel CHECK (channel IN ('mail', 'webhook')),
    kind          text NOT NULL,        -- nurture, offer, reminder, escalation, ...
    state         text NOT NULL DEFAULT 'queued' CONSTRAINT deliveries_state CHECK (state IN (
        'queued', 'claimed', 'sending', 'sent', 'failed', 'unknown', 'suppressed', 'expired')),
    lead_id       uuid REFERENCES leads (id) ON DELETE CASCADE,
    cycle         int,
    sequence      text,
    sequence_version int,
    step          text,
    assignment_id uuid,
    rep_id        uuid,
    webhook_id    uuid REFERENCES webhooks (id) ON DELETE CASCADE,
    payload       jsonb NOT NULL DEFAULT '{}',
    message       bytea,                -- the bytes that were or will be sent
    message_id    text,
    at_least_once boolean NOT NULL DEFAULT false,
    attempts      int NOT NULL DEFAULT 0,
    not_before    timestamptz NOT NULL DEFAULT now(),
    claimed_until timestamptz,
    failing_since timestamptz,          -- put back since then because it could not be delivered: giving up counts from here
    created_at    timestamptz NOT NULL DEFAULT now(),
    sent_at       timestamptz,
    code          text NOT NULL DEFAULT '' -- enhanced status, HTTP status, or why it was suppressed
);
CREATE INDEX deliveries_due ON deliveries (lane, not_before) WHERE state IN ('queued', 'claimed', 'sending');
CREATE INDEX deliveries_by_lead ON deliveries (lead_id, created_at);
CREATE INDEX deliveries_by_state ON deliveries (state, created_at DESC, id DESC);

CREATE TABLE suppressions (
    hash    bytea PRIMARY KEY,          -- keyed hash of the address: outlives erasure
    email   text,                       -- null once erased
    reason  text NOT NULL CONSTRAINT suppressions_reason CHECK (reason IN ('unsubscribe', 'hard_bounce', 'complaint', 'consent', 'manual', 'erased')),
    lead_id uuid,
    at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX suppressions_by_time ON suppressions (at DESC);

-- +goose Down
DROP TABLE suppressions, deliveries, webhooks, outcomes, decisions, routings, assignments;
