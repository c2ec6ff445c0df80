-- +goose Up
-- What came back of mails: the ledger in which the same report counts once, and from which soft bounces are counted.

CREATE TABLE mail_returns (
    key         text PRIMARY KEY,       -- of a mail we know: kind, hardness and delivery, whoever reports it; else of the report itself
    kind        text NOT NULL CONSTRAINT mail_returns_kind CHECK (kind IN ('bounce', 'complaint', 'unsubscribe', 'reply')),
    hard        boolean NOT NULL DEFAULT false CONSTRAINT mail_returns_hard CHECK (kind = 'bounce' OR NOT hard),
    lead_id     uuid NOT NULL REFERENCES leads (id) ON DELETE CASCADE,
    delivery_id uuid,                   -- null: only the address was told
    address     bytea,                  -- keyed hash of the address the mail went to, as in suppressions
    status      text NOT NULL DEFAULT '', -- enhanced status or reply code, or type of complaint
    via         text NOT NULL,          -- smtp, file, ses, sendgrid, postmark, mailgun
    outcome     text NOT NULL,          -- what followed: hard, soft, complaint, unsubscribed, replied
    received_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX mail_returns_by_lead ON mail_returns (lead_id, received_at);
CREATE INDEX mail_returns_by_time ON mail_returns (received_at);
CREATE INDEX mail_returns_soft ON mail_returns (address, received_at) WHERE kind = 'bounce' AND NOT hard;

-- Signatures that do not cover what they come with: each is good for one body.
CREATE TABLE hook_tokens (
    token bytea PRIMARY KEY,            -- digest
    body  bytea NOT NULL,               -- digest
    at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX hook_tokens_by_time ON hook_tokens (at);

-- +goose Down
DROP TABLE hook_tokens, mail_returns;
