-- +goose Up
-- What reports count at a million leads without asking more than one narrow row of each lead and each offer. Whatever is not told by the
-- timeline marks its lead, which is folded anew: see ADR 58.

ALTER TABLE journeys
    ADD COLUMN personas   text[] NOT NULL DEFAULT '{}', -- of the published model, by the profile as it is known
    ADD COLUMN rewon_at   timestamptz,                  -- won in a cycle after the first
    ADD COLUMN touched_at      timestamptz[],           -- of what was won for money: the touches before it, by their source and campaign
    ADD COLUMN touch_sources   text[],
    ADD COLUMN touch_campaigns text[],
    ADD COLUMN engaged_at timestamptz;                  -- the newest engagement of a cycle that is over; of the last one and of the whole scores tell

-- From whom on everybody is folded once more (null: nobody is), because personas are others now, or as here, there is more to fold.
ALTER TABLE journeys_folded
    ADD COLUMN again    uuid DEFAULT '00000000-0000-0000-0000-000000000000',
    ADD COLUMN personas text NOT NULL DEFAULT '';       -- of the model by which journeys are folded, as a hash

-- Leads that are to be folded anew, as often as something of them changed. No index: it is nearly empty.
CREATE TABLE journeys_due (lead_id uuid NOT NULL);
ALTER TABLE journeys_due SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 10000);

-- How each offer went, and the moments between which somebody is answerable. Of who was erased the moments stay as they were.
CREATE TABLE offer_times (
    assignment_id uuid PRIMARY KEY REFERENCES assignments (id) ON DELETE CASCADE,
    lead_id       uuid NOT NULL,
    offered_at    timestamptz NOT NULL,
    due_at        timestamptz,                 -- null: a claim, which has no deadline
    decided_at    timestamptz,
    state         text NOT NULL,
    decided       boolean NOT NULL,            -- accepted or rejected, whatever came of it later
    accepted      boolean NOT NULL,
    source_code   text NOT NULL,
    campaign      text NOT NULL,
    band          text NOT NULL,
    model_version int,
    team_id       uuid,
    rep_id        uuid NOT NULL,
    crossed_at    timestamptz,                 -- when the house knew that sales must hear
    delivered_at  timestamptz,                 -- when the rep was told, by a mail that was sent
    seen_at       timestamptz,
    touched_at    timestamptz,                 -- the first logged activity after the decision
    untouched     boolean NOT NULL,            -- a clock of the first touch was missed
    told_late     float8                       -- seconds by which the latest clock of it was told late, where it was a minute or more
);
CREATE INDEX offer_times_by_offer ON offer_times (offered_at, assignment_id);

-- +goose StatementBegin
CREATE FUNCTION journey_due() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'leads' THEN
        INSERT INTO journeys_due VALUES (NEW.id);
    ELSE
        INSERT INTO journeys_due VALUES (NEW.lead_id);
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER journey_due AFTER UPDATE OF profile ON leads FOR EACH ROW WHEN (NEW.profile IS DISTINCT FROM OLD.profile) EXECUTE FUNCTION journey_due();
CREATE TRIGGER journey_due_worked AFTER UPDATE OF worked_at ON leads FOR EACH ROW WHEN (NEW.worked_at IS NOT NULL) EXECUTE FUNCTION journey_due();
CREATE TRIGGER journey_due AFTER UPDATE OF state, due_at, decided_at ON assignments FOR EACH ROW
    WHEN ((NEW.state, NEW.due_at, NEW.decided_at) IS DISTINCT FROM (OLD.state, OLD.due_at, OLD.decided_at)) EXECUTE FUNCTION journey_due();
CREATE TRIGGER journey_due AFTER UPDATE OF state ON deliveries FOR EACH ROW WHEN (NEW.kind = 'offer' AND NEW.state = 'sent' AND OLD.state <> 'sent') EXECUTE FUNCTION journey_due();

-- +goose Down
DROP TRIGGER journey_due ON deliveries;
DROP TRIGGER journey_due ON assignments;
DROP TRIGGER journey_due_worked ON leads;
DROP TRIGGER journey_due ON leads;
DROP FUNCTION journey_due;
DROP TABLE offer_times, journeys_due;
ALTER TABLE journeys_folded DROP COLUMN personas, DROP COLUMN again;
ALTER TABLE journeys DROP COLUMN engaged_at, DROP COLUMN touched_at, DROP COLUMN touch_sources, DROP COLUMN touch_campaigns, DROP COLUMN rewon_at, DROP COLUMN personas;
