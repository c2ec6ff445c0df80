-- +goose Up
-- The table beside a calendar's spec: holidays, closures and openings that are added and removed one by one or by file.

-- Grows with every change of a calendar, its days included: what was made of it is kept in memory under it.
ALTER TABLE calendars ADD COLUMN revision bigint NOT NULL DEFAULT 1;

CREATE TABLE calendar_days (
    id          uuid PRIMARY KEY,
    calendar_id uuid NOT NULL REFERENCES calendars (id) ON DELETE CASCADE,
    kind        text NOT NULL CONSTRAINT calendar_days_kind CHECK (kind IN ('holiday', 'closure', 'opening')),
    first_day   date NOT NULL,                -- local, as everything here
    from_at     text NOT NULL DEFAULT '',     -- closure: 2026-12-24T12:00 or a date; opening: 10:00
    to_at       text NOT NULL DEFAULT '',
    name        text NOT NULL DEFAULT '',
    source      text NOT NULL DEFAULT 'person',
    created_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT calendar_days_holidays_are_whole CHECK ((kind = 'holiday') = (from_at = '' AND to_at = '')),
    CONSTRAINT calendar_days_once UNIQUE (calendar_id, first_day, kind, from_at, to_at)
);

-- Which countries' holidays a calendar was given, and until which year it has them.
CREATE TABLE calendar_seeds (
    calendar_id uuid NOT NULL REFERENCES calendars (id) ON DELETE CASCADE,
    country     text NOT NULL,
    until       int NOT NULL,
    seeded_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (calendar_id, country)
);

-- +goose Down
DROP TABLE calendar_seeds, calendar_days;
ALTER TABLE calendars DROP COLUMN revision;
