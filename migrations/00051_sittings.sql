-- +goose Up
-- Turns are taken under the pool's lock again: nobody decides from what it remembers of them.
ALTER TABLE routing_pools DROP COLUMN tag;

-- +goose Down
ALTER TABLE routing_pools ADD COLUMN tag bigint NOT NULL DEFAULT 0;
