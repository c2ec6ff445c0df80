-- +goose Up
-- Who gets which lead: documents that say so, what is known of reps, turns by pool, and a ledger that can be asked again.

ALTER TABLE reps ADD COLUMN weight int NOT NULL DEFAULT 1 CONSTRAINT reps_weight CHECK (weight BETWEEN 0 AND 1000),
    ADD COLUMN per_day int CONSTRAINT reps_per_day_not_negative CHECK (per_day >= 0), -- offers from midnight to midnight, in their zone
    ADD COLUMN tags text[] NOT NULL DEFAULT '{}',
    ADD COLUMN languages text[] NOT NULL DEFAULT '{}',
    ADD COLUMN territories text[] NOT NULL DEFAULT '{}';

CREATE TABLE absences (
    id         uuid PRIMARY KEY,
    rep_id     uuid NOT NULL REFERENCES reps (id) ON DELETE CASCADE,
    from_at    timestamptz NOT NULL,
    until_at   timestamptz NOT NULL,
    kind       text NOT NULL DEFAULT 'vacation' CONSTRAINT absences_kind CHECK (kind IN ('vacation', 'other')),
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT absences_end_after_they_begin CHECK (until_at > from_at)
);
CREATE INDEX absences_by_rep ON absences (rep_id, until_at);

CREATE TABLE routes (
    version      int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    state        text NOT NULL DEFAULT 'draft' CONSTRAINT routes_state CHECK (state IN ('draft', 'published', 'retired')),
    source       text NOT NULL,
    document     jsonb NOT NULL,       -- with the ids of its teams and reps in the place of their names
    note         text NOT NULL DEFAULT '',
    author       text NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL DEFAULT now(),
    published_at timestamptz
);
CREATE UNIQUE INDEX routes_one_published ON routes (state) WHERE state = 'published';

-- The turns of a pool: how many it has given, and of each rep the last and what is owed to them. Pools keep them from one
-- version of a document to the next. Written by each decision, so there is room for the next version of a row beside it.
CREATE TABLE routing_pools (
    name  text PRIMARY KEY,
    turns bigint NOT NULL DEFAULT 0,
    reps  jsonb NOT NULL DEFAULT '{}'  -- {rep: {"t": turn, "c": credit}}
) WITH (fillfactor = 30);
INSERT INTO routing_pools (name, turns, reps)
SELECT 'everybody', coalesce(max(turn), 0), coalesce(jsonb_object_agg(id, jsonb_build_object('t', turn)) FILTER (WHERE turn > 0), '{}') FROM reps;
DROP INDEX reps_turn;

ALTER TABLE routings ADD COLUMN document int REFERENCES routes (version), -- null: what is built in
    ADD COLUMN rule text NOT NULL DEFAULT '',
    ADD COLUMN pool text NOT NULL DEFAULT '',
    ADD COLUMN strategy text NOT NULL DEFAULT '',
    ADD COLUMN turn bigint,            -- of the pool; null: it gave none
    ADD COLUMN input jsonb;            -- what it was decided from, beside the candidates; null: before it was kept, or erased
CREATE INDEX routings_by_time ON routings (id DESC) WHERE input IS NOT NULL;

-- Who works with a company: the expression is that of the statement that asks.
CREATE INDEX leads_by_account ON leads ((coalesce(nullif(lower(profile ->> 'company_domain'), ''), split_part(email, '@', 2))))
    WHERE owner IS NOT NULL;
CREATE INDEX assignments_by_rep_time ON assignments (rep_id, offered_at);

-- The run was told that the rep of this open offer is away.
ALTER TABLE assignments ADD COLUMN away_told boolean NOT NULL DEFAULT false;

-- +goose Down
ALTER TABLE assignments DROP COLUMN away_told;
DROP INDEX assignments_by_rep_time;
DROP INDEX leads_by_account;
DROP INDEX routings_by_time;
ALTER TABLE routings DROP COLUMN input, DROP COLUMN turn, DROP COLUMN strategy, DROP COLUMN pool, DROP COLUMN rule, DROP COLUMN document;
CREATE INDEX reps_turn ON reps (turn, id) WHERE active;
UPDATE reps SET turn = coalesce((SELECT (p.reps -> reps.id::text ->> 't')::bigint FROM routing_pools p WHERE p.name = 'everybody'), turn);
DROP TABLE routing_pools, routes, absences;
ALTER TABLE reps DROP COLUMN territories, DROP COLUMN languages, DROP COLUMN tags, DROP COLUMN per_day, DROP COLUMN weight;
