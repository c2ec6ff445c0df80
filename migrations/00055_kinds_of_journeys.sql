-- +goose Up
-- A report reads journeys of one kind, those of whole leads or those of cycles: each kind has a table of its own, in which what is of one width
-- comes first. Answers are found by their words instead of being read for each. See ADR 64.

ALTER TABLE journeys RENAME TO journeys_before;
ALTER TABLE journeys_before RENAME CONSTRAINT journeys_pkey TO journeys_before_pkey;
CREATE TABLE journeys (
    lead_id         uuid NOT NULL REFERENCES leads (id) ON DELETE CASCADE,
    cycle           int NOT NULL CONSTRAINT journeys_cycle CHECK (cycle >= 0), -- 0: all cycles of the lead together
    cycles          int NOT NULL,              -- of the lead, so far
    began_at        timestamptz NOT NULL,
    stage_at        timestamptz NOT NULL,
    mql_at          timestamptz,
    accepted_at     timestamptz,
    opportunity_at  timestamptz,
    won_at          timestamptz,
    rewon_at        timestamptz,               -- won in a cycle after the first
    engaged_at      timestamptz,               -- the newest engagement of a cycle that is over; of the last one and of the whole scores tell
    in_nurturing    bigint,                    -- microseconds in the stage, of stays that are over; null: never left it
    in_qualified    bigint,
    in_handoff      bigint,
    in_working      bigint,
    in_opportunity  bigint,
    in_dormant      bigint,
    model_version   int,                       -- at the first offer
    team_id         uuid,                      -- of the first offer that was accepted
    rep_id          uuid,
    cents           bigint,                    -- of what was won, in hundredths
    stage           text NOT NULL,             -- in which the cycle is, or the last it had
    source_code     text NOT NULL,
    campaign        text NOT NULL DEFAULT '',
    band            text NOT NULL DEFAULT '',  -- at the first offer; empty: never offered
    currency        text,
    personas        text[] NOT NULL DEFAULT '{}', -- of the published model, by the profile as it is known
    touched_at      timestamptz[],             -- of what was won for money: the touches before it, by their source and campaign
    touch_sources   text[],
    touch_campaigns text[],
    PRIMARY KEY (lead_id, cycle)
) PARTITION BY RANGE (cycle);
CREATE TABLE journeys_of_leads PARTITION OF journeys FOR VALUES FROM (0) TO (1);
CREATE TABLE journeys_of_cycles PARTITION OF journeys FOR VALUES FROM (1) TO (MAXVALUE);
INSERT INTO journeys (lead_id, cycle, cycles, began_at, stage_at, mql_at, accepted_at, opportunity_at, won_at, rewon_at, engaged_at, in_nurturing, in_qualified, in_handoff,
    in_working, in_opportunity, in_dormant, model_version, team_id, rep_id, cents, stage, source_code, campaign, band, currency, personas, touched_at, touch_sources, touch_campaigns)
SELECT lead_id, cycle, cycles, began_at, stage_at, mql_at, accepted_at, opportunity_at, won_at, rewon_at, engaged_at, in_nurturing, in_qualified, in_handoff,
    in_working, in_opportunity, in_dormant, model_version, team_id, rep_id, cents, stage, source_code, campaign, band, currency, personas, touched_at, touch_sources, touch_campaigns
FROM journeys_before;
DROP TABLE journeys_before;
CREATE INDEX journeys_by_beginning ON journeys (began_at, lead_id, cycle);
CREATE INDEX journeys_qualified ON journeys (mql_at) WHERE mql_at IS NOT NULL;
CREATE INDEX journeys_won ON journeys (won_at) WHERE won_at IS NOT NULL;

-- +goose StatementBegin
-- lexemes_of are the words of a text that words_of made. A word is cut where no theme's is that long.
CREATE FUNCTION lexemes_of(words text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    array_to_tsvector(ARRAY(SELECT left(w, 200) FROM unnest(string_to_array(btrim(words), ' ')) AS w WHERE w <> ''));
-- +goose StatementEnd
-- +goose StatementBegin
-- lexemes_sought is what lexemes_of is asked for a word of a theme, or for all words of a phrase. A word without a blank at its end begins so.
CREATE FUNCTION lexemes_sought(word text) RETURNS tsquery LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    (SELECT string_agg('''' || w || '''', ' & ' ORDER BY n) || CASE WHEN right(word, 1) = ' ' THEN '' ELSE ':*' END
        FROM unnest(string_to_array(btrim(word), ' ')) WITH ORDINALITY AS t (w, n) WHERE w <> '')::tsquery;
-- +goose StatementEnd
CREATE INDEX questions_lexemes ON questions USING gin (lexemes_of(words)) WHERE words IS NOT NULL;

-- +goose Down
DROP INDEX questions_lexemes;
DROP FUNCTION lexemes_sought;
DROP FUNCTION lexemes_of;
CREATE TABLE journeys_before (LIKE journeys INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
INSERT INTO journeys_before SELECT * FROM journeys;
DROP TABLE journeys;
ALTER TABLE journeys_before RENAME TO journeys;
ALTER TABLE journeys ADD PRIMARY KEY (lead_id, cycle), ADD FOREIGN KEY (lead_id) REFERENCES leads (id) ON DELETE CASCADE;
CREATE INDEX journeys_by_beginning ON journeys (began_at, lead_id, cycle);
CREATE INDEX journeys_qualified ON journeys (mql_at) WHERE mql_at IS NOT NULL;
CREATE INDEX journeys_won ON journeys (won_at) WHERE won_at IS NOT NULL;
