-- +goose Up
-- Test mails: how many went out in the last hour is asked before each.
CREATE INDEX deliveries_tests ON deliveries (created_at) WHERE kind = 'test';

-- +goose Down
DROP INDEX deliveries_tests;
