-- +goose Up
-- How far each cycle of each lead came, and when: what reports count. Folded from the timeline by a worker, a lead at a time and as
-- a whole, so that it can be folded again. Of who was erased it stays as it was: it names nobody.

CREATE TABLE journeys (
    lead_id        uuid NOT NULL REFERENCES leads (id) ON DELETE CASCADE,
    cycle          int NOT NULL CONSTRAINT journeys_cycle CHECK (cycle >= 0), -- 0: all cycles of the lead together
    began_at       timestamptz NOT NULL,
    mql_at         timestamptz,
    accepted_at    timestamptz,
    opportunity_at timestamptz,
    won_at         timestamptz,
    stage          text NOT NULL,              -- in which the cycle is, or the last it had
    stage_at       timestamptz NOT NULL,
    cycles         int NOT NULL,               -- of the lead, so far
    source_code    text NOT NULL,
    campaign       text NOT NULL DEFAULT '',
    band           text NOT NULL DEFAULT '',   -- at the first offer; empty: never offered
    model_version  int,                        -- likewise
    team_id        uuid,                       -- of the first offer that was accepted
    rep_id         uuid,
    cents          bigint,                     -- of what was won, in hundredths
    currency       text,
    in_nurturing   bigint,                     -- microseconds in the stage, of stays that are over; null: never left it
    in_qualified   bigint,
    in_handoff     bigint,
    in_working     bigint,
    in_opportunity bigint,
    in_dormant     bigint,
    PRIMARY KEY (lead_id, cycle)
);
CREATE INDEX journeys_by_beginning ON journeys (began_at, lead_id, cycle);
CREATE INDEX journeys_qualified ON journeys (mql_at) WHERE mql_at IS NOT NULL;
CREATE INDEX journeys_won ON journeys (won_at) WHERE won_at IS NOT NULL;

-- Where folding is: what the timeline holds up to done is folded. Up to seen it will be, as soon as every transaction that may
-- still write below it has ended: numbers are given in one order and committed in another.
CREATE TABLE journeys_folded (
    one       boolean PRIMARY KEY DEFAULT true CONSTRAINT journeys_folded_one CHECK (one),
    done      bigint NOT NULL DEFAULT 0,
    seen      bigint NOT NULL DEFAULT 0,
    until     xid8 NOT NULL DEFAULT '0',       -- transactions before it had begun when seen was read
    folded_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO journeys_folded DEFAULT VALUES;

-- What a source or a campaign cost. Days are whole, by UTC, the last one included.
CREATE TABLE costs (
    id          uuid PRIMARY KEY,
    source_code text NOT NULL CONSTRAINT costs_source_code CHECK (source_code ~ '^[a-z0-9._-]{1,64}$'),
    campaign    text NOT NULL DEFAULT '',      -- empty: of the source as a whole
    from_day    date NOT NULL,
    to_day      date NOT NULL,
    amount      numeric(18, 2) NOT NULL CONSTRAINT costs_amount CHECK (amount >= 0),
    currency    text NOT NULL CONSTRAINT costs_currency CHECK (currency ~ '^[A-Z]{3}$'),
    note        text NOT NULL DEFAULT '' CONSTRAINT costs_note CHECK (length(note) <= 200),
    created_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT costs_days CHECK (from_day <= to_day),
    CONSTRAINT costs_once UNIQUE (source_code, campaign, from_day, to_day, currency)
);
CREATE INDEX costs_by_day ON costs (from_day, id);
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON costs FOR EACH ROW WHEN (coalesce(current_setting('leadflow.actor', true), '') <> '')
    EXECUTE FUNCTION audit_row('cost', 'id', 'source_code,currency', '');

-- +goose Down
DROP TABLE costs, journeys_folded, journeys;
