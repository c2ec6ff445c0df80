-- +goose Up
-- Where a publishable key may be used, and how visitors nobody ever identified are found when their time is over.

ALTER TABLE api_keys ADD COLUMN origins text[] NOT NULL DEFAULT '{}', -- scheme://host[:port], or *; of a site key only
    ADD CONSTRAINT api_keys_origins CHECK (role = 'site' OR origins = '{}');
CREATE INDEX visitors_by_age ON visitors (seen_at) WHERE lead_id IS NULL;

-- +goose Down
DROP INDEX visitors_by_age;
ALTER TABLE api_keys DROP CONSTRAINT api_keys_origins, DROP COLUMN origins;
