-- +goose Up
-- Reports of engagement read journeys, and scores of those only who engaged in the last thirty days: a journey has the newest engagement of the lead as it was
-- when it was folded, and whoever engaged since is folded once a day before these days are over. See ADR 65.

COMMENT ON COLUMN journeys.engaged_at IS 'the newest engagement; of the last cycle and of the whole as it was when it was folded';
ALTER TABLE journeys_folded ADD COLUMN swept_at timestamptz NOT NULL DEFAULT '-infinity'; -- when those were folded who engaged last nearly thirty days ago
UPDATE journeys j SET engaged_at = s.engaged_at FROM scores s
WHERE s.lead_id = j.lead_id AND (j.cycle = 0 OR j.cycle = j.cycles) AND s.engaged_at IS NOT NULL;

-- +goose Down
UPDATE journeys SET engaged_at = NULL WHERE cycle = 0 OR cycle = cycles;
ALTER TABLE journeys_folded DROP COLUMN swept_at;
COMMENT ON COLUMN journeys.engaged_at IS NULL;
