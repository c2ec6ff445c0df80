-- +goose Up
-- Who went through which sequence, what they drew there and what they reached.

CREATE TABLE sequence_runs (
    lead_id    uuid NOT NULL REFERENCES leads (id) ON DELETE CASCADE,
    cycle      int NOT NULL,
    sequence   text NOT NULL,
    version    int NOT NULL,
    entry      int NOT NULL DEFAULT 1,         -- how often it entered in this cycle
    entered_at timestamptz NOT NULL,
    step       text NOT NULL DEFAULT '',       -- where it rests, since when and until when
    since      timestamptz,
    due_at     timestamptz,
    left_at    timestamptz,                    -- null: it is inside
    why        text NOT NULL DEFAULT '',       -- it left: end, exit:<rule>, goal:<name>
    command    text NOT NULL,                  -- the last one, and
    answer     jsonb NOT NULL,                 -- what it was answered: the same command is answered the same
    PRIMARY KEY (lead_id, cycle, sequence),
    FOREIGN KEY (sequence, version) REFERENCES sequences (name, version)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX sequence_runs_inside ON sequence_runs (sequence, version) WHERE left_at IS NULL;

CREATE TABLE sequence_marks (
    lead_id  uuid NOT NULL REFERENCES leads (id) ON DELETE CASCADE,
    cycle    int NOT NULL,
    sequence text NOT NULL,
    version  int NOT NULL,
    entry    int NOT NULL,
    step     text NOT NULL,
    kind     text NOT NULL CONSTRAINT sequence_marks_kind CHECK (kind IN ('arm', 'goal', 'notify')),
    value    text NOT NULL,                    -- which arm, which goal, who was told
    at       timestamptz NOT NULL,
    PRIMARY KEY (lead_id, cycle, sequence, version, entry, step)
);
CREATE INDEX sequence_marks_of_version ON sequence_marks (sequence, version, kind, step, value);

-- +goose Down
DROP TABLE sequence_marks, sequence_runs;
