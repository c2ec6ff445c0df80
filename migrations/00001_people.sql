-- +goose Up
-- People, what we know of them and since when, and the projection of their runs.

CREATE TABLE calendars (
    id         uuid PRIMARY KEY,
    name       text NOT NULL CONSTRAINT calendars_name_unique UNIQUE,
    spec       jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE teams (
    id          uuid PRIMARY KEY,
    name        text NOT NULL CONSTRAINT teams_name_unique UNIQUE,
    manager_id  uuid,
    calendar_id uuid REFERENCES calendars (id),
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE reps (
    id          uuid PRIMARY KEY,
    name        text NOT NULL,
    email       text NOT NULL CONSTRAINT reps_email_unique UNIQUE,
    team_id     uuid REFERENCES teams (id),
    time_zone   text NOT NULL DEFAULT 'UTC',
    calendar_id uuid REFERENCES calendars (id),
    capacity    int CONSTRAINT reps_capacity_not_negative CHECK (capacity >= 0),
    active      boolean NOT NULL DEFAULT true,
    turn        bigint NOT NULL DEFAULT 0, -- the routing turn that came to this rep last: the lowest is next
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX reps_turn ON reps (turn, id) WHERE active;
ALTER TABLE teams ADD CONSTRAINT teams_manager_is_a_rep FOREIGN KEY (manager_id) REFERENCES reps (id);
CREATE SEQUENCE routing_turn;

CREATE TABLE policies (
    id         uuid PRIMARY KEY,
    name       text NOT NULL CONSTRAINT policies_name_unique UNIQUE,
    source     text NOT NULL,           -- the document as written
    document   jsonb NOT NULL,
    active     boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX policies_one_active ON policies (active) WHERE active;

CREATE TABLE leads (
    id               uuid PRIMARY KEY,
    email            text,              -- normalised: the identity key
    external_id      text,
    profile          jsonb NOT NULL DEFAULT '{}',
    source           jsonb NOT NULL DEFAULT '{}',
    source_code      text NOT NULL DEFAULT 'other' CONSTRAINT leads_source_code CHECK (source_code ~ '^[a-z0-9._-]{1,64}$'),
    consent          jsonb NOT NULL DEFAULT '{}',
    nurture          boolean NOT NULL DEFAULT true,  -- false: imported without asking for mail
    alert            boolean NOT NULL DEFAULT true,  -- false: imported without asking for alerts
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    engaged_at       timestamptz,       -- newest engagement
    worked_at        timestamptz,       -- newest logged activity of sales
    touch_wanted     text[],            -- engagement types a waiting step wants to hear of

    -- the projection of the run, written by RecordStage under its version
    stage            text NOT NULL DEFAULT 'captured' CONSTRAINT leads_stage CHECK (stage IN (
        'captured', 'nurturing', 'qualified', 'handoff', 'working', 'opportunity',
        'won', 'lost', 'dormant', 'disqualified', 'erased')),
    stage_at         timestamptz NOT NULL DEFAULT now(),
    cycle            int NOT NULL DEFAULT 1 CONSTRAINT leads_cycle CHECK (cycle >= 1),
    cycle_started_at timestamptz NOT NULL DEFAULT now(),
    version          bigint NOT NULL DEFAULT 0,
    seq              bigint NOT NULL DEFAULT 0,
    paused           boolean NOT NULL DEFAULT false,
    muted            text NOT NULL DEFAULT '',
    reason           text NOT NULL DEFAULT '',
    owner            uuid REFERENCES reps (id),
    team_id          uuid REFERENCES teams (id),
    assignment_id    uuid,
    sla_due_at       timestamptz,
    sla_state        text NOT NULL DEFAULT 'none' CONSTRAINT leads_sla_state CHECK (sla_state IN ('none', 'running', 'held', 'met', 'breached')),
    next_kind        text NOT NULL DEFAULT '',
    next_at          timestamptz,
    state            jsonb,             -- what a lost run goes on from
    CONSTRAINT leads_email_unique UNIQUE (email),
    CONSTRAINT leads_external_id_unique UNIQUE (external_id),
    CONSTRAINT leads_erased_is_empty CHECK (stage <> 'erased' OR (email IS NULL AND external_id IS NULL AND profile = '{}'))
);
CREATE INDEX leads_by_creation ON leads (created_at DESC, id DESC);
CREATE INDEX leads_by_stage ON leads (stage, created_at DESC, id DESC);
CREATE INDEX leads_by_owner ON leads (owner, created_at DESC, id DESC) WHERE owner IS NOT NULL;
CREATE INDEX leads_inbox ON leads (sla_due_at) WHERE stage IN ('handoff', 'qualified', 'working', 'opportunity');

-- Every value with the time it was learned: analysis must not look ahead.
CREATE TABLE profile_values (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lead_id    uuid NOT NULL REFERENCES leads (id) ON DELETE CASCADE,
    field      text NOT NULL,
    value      jsonb,                   -- null: cleared
    learned_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    source     text NOT NULL
);
CREATE INDEX profile_values_by_lead ON profile_values (lead_id, id);

CREATE TABLE touches (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lead_id uuid NOT NULL REFERENCES leads (id) ON DELETE CASCADE,
    at      timestamptz NOT NULL DEFAULT now(),
    source  jsonb NOT NULL
);
CREATE INDEX touches_by_lead ON touches (lead_id, id);

CREATE TABLE consents (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lead_id uuid NOT NULL REFERENCES leads (id) ON DELETE CASCADE,
    purpose text NOT NULL,
    granted boolean NOT NULL,
    at      timestamptz NOT NULL DEFAULT now(),
    source  text NOT NULL
);
CREATE INDEX consents_by_lead ON consents (lead_id, id);

CREATE TABLE visitors (
    visitor_id text PRIMARY KEY CONSTRAINT visitors_id_is_a_secret CHECK (length(visitor_id) BETWEEN 16 AND 128),
    lead_id    uuid REFERENCES leads (id) ON DELETE CASCADE,
    seen_at    timestamptz NOT NULL DEFAULT now(),
    claimed_at timestamptz
);
CREATE INDEX visitors_by_lead ON visitors (lead_id) WHERE lead_id IS NOT NULL;

CREATE TABLE notes (
    id      uuid PRIMARY KEY,
    lead_id uuid NOT NULL REFERENCES leads (id) ON DELETE CASCADE,
    at      timestamptz NOT NULL DEFAULT now(),
    rep_id  uuid,
    key_id  uuid,
    text    text NOT NULL CONSTRAINT notes_text_size CHECK (length(text) BETWEEN 1 AND 10000)
);
CREATE INDEX notes_by_lead ON notes (lead_id, at);

CREATE TABLE timeline (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lead_id       uuid NOT NULL REFERENCES leads (id) ON DELETE CASCADE,
    at            timestamptz NOT NULL,
    kind          text NOT NULL,
    from_stage    text,
    to_stage      text,
    actor_type    text NOT NULL CONSTRAINT timeline_actor CHECK (actor_type IN ('system', 'rep', 'key', 'lead')),
    actor_id      text,
    why           text NOT NULL DEFAULT '',
    cycle         int NOT NULL,
    version       bigint NOT NULL DEFAULT 0,
    of_run        boolean NOT NULL DEFAULT false, -- written by RecordStage: replaced when its version is decided anew
    assignment_id uuid,
    data          jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX timeline_by_lead ON timeline (lead_id, at, id);
CREATE INDEX timeline_by_run ON timeline (lead_id, version) WHERE of_run;
CREATE INDEX timeline_given_up ON timeline (at) WHERE kind = 'given_up'; -- the doctor and the metrics ask for it

-- +goose Down
DROP TABLE timeline, notes, visitors, consents, touches, profile_values, leads, policies;
ALTER TABLE teams DROP CONSTRAINT teams_manager_is_a_rep;
DROP TABLE reps, teams, calendars;
DROP SEQUENCE routing_turn;
