-- +goose Up
-- What people decide about mails nobody knows of, when each began to leave, and how many went on each day.
ALTER TABLE deliveries
    ADD COLUMN sending_at timestamptz,  -- when DATA began last: whoever asks the mail server's log knows where to look
    ADD COLUMN turn_at    timestamptz,  -- the pace of its domain gave it this turn: it is not given another
    ADD COLUMN decided    text NOT NULL DEFAULT '' CONSTRAINT deliveries_decided CHECK (decided IN ('', 'retry', 'mark-sent', 'skip')),
    ADD COLUMN decided_by text,         -- key:<id>, as on the timeline, where all decisions are
    ADD COLUMN decided_at timestamptz;

-- Every mail's bytes are kept: with lz4 that costs a tenth of what it does with pglz, where this Postgres was built with it.
-- +goose StatementBegin
DO $$
BEGIN
    ALTER TABLE deliveries ALTER COLUMN message SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN NULL;
END $$;
-- +goose StatementEnd

-- A new house is warmed up: so many mails on its first day, more on each that follows. Days are those of UTC.
CREATE TABLE mail_days (
    day  date PRIMARY KEY,
    sent int NOT NULL CONSTRAINT mail_days_sent CHECK (sent >= 0)
);

-- +goose Down
DROP TABLE mail_days;
ALTER TABLE deliveries DROP COLUMN sending_at, DROP COLUMN turn_at, DROP COLUMN decided, DROP COLUMN decided_by, DROP COLUMN decided_at;
