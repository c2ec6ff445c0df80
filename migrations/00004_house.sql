-- +goose Up
-- Keys, stored answers, imports.

CREATE TABLE api_keys (
    id           uuid PRIMARY KEY,
    name         text NOT NULL,
    role         text NOT NULL CONSTRAINT api_keys_role CHECK (role IN ('marketing', 'sales', 'ops', 'admin', 'site')),
    prefix       text NOT NULL,         -- what people see of it
    hash         bytea NOT NULL CONSTRAINT api_keys_hash_unique UNIQUE,
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    revoked_at   timestamptz
);

CREATE TABLE idempotency_keys (
    key_id      uuid NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    route       text NOT NULL,
    idem_key    text NOT NULL,
    body_hash   bytea NOT NULL,
    state       text NOT NULL CONSTRAINT idempotency_state CHECK (state IN ('running', 'done')),
    status      int,
    headers     jsonb,
    body        bytea,
    lead_id     uuid,                   -- erased with the lead
    created_at  timestamptz NOT NULL DEFAULT now(),
    locked_until timestamptz NOT NULL,
    PRIMARY KEY (key_id, route, idem_key)
);
CREATE INDEX idempotency_by_age ON idempotency_keys (created_at);
CREATE INDEX idempotency_by_lead ON idempotency_keys (lead_id) WHERE lead_id IS NOT NULL;

CREATE TABLE imports (
    id            uuid PRIMARY KEY,
    state         text NOT NULL DEFAULT 'queued' CONSTRAINT imports_state CHECK (state IN ('queued', 'running', 'done', 'failed')),
    mapping       jsonb NOT NULL,
    columns       text[] NOT NULL,
    alert         boolean NOT NULL DEFAULT false,
    nurture       boolean NOT NULL DEFAULT false,
    dry_run       boolean NOT NULL DEFAULT false,
    rows          int NOT NULL DEFAULT 0,
    created       int NOT NULL DEFAULT 0,
    updated       int NOT NULL DEFAULT 0,
    unchanged     int NOT NULL DEFAULT 0,
    failed        int NOT NULL DEFAULT 0,
    error         text NOT NULL DEFAULT '',
    ready         boolean NOT NULL DEFAULT false, -- all its rows are here
    claimed_until timestamptz,
    created_at    timestamptz NOT NULL DEFAULT now(),
    started_at    timestamptz,
    finished_at   timestamptz
);
CREATE INDEX imports_open ON imports (created_at) WHERE state IN ('queued', 'running');

CREATE TABLE import_rows (
    import_id   uuid NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
    row         int NOT NULL,           -- as a spreadsheet counts: the header is row 1
    keys        text[] NOT NULL DEFAULT '{}', -- email:..., external:...: erasure finds by them what is still here
    cells       text[] NOT NULL,        -- emptied once they are a lead; kept of what failed, for the file of errors
    state       text NOT NULL DEFAULT 'pending' CONSTRAINT import_rows_state CHECK (state IN ('pending', 'created', 'updated', 'unchanged', 'failed')),
    lead_id     uuid,
    column_name text NOT NULL DEFAULT '',
    error       text NOT NULL DEFAULT '',
    PRIMARY KEY (import_id, row)
);
CREATE INDEX import_rows_by_lead ON import_rows (lead_id) WHERE lead_id IS NOT NULL;
CREATE INDEX import_rows_pending ON import_rows (import_id, row) WHERE state = 'pending';
CREATE INDEX import_rows_failed ON import_rows (import_id, row) WHERE state = 'failed';

-- +goose Down
DROP TABLE import_rows, imports, idempotency_keys, api_keys;
