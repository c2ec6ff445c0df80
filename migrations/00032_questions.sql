-- +goose Up
-- The one question a buyer is asked by mail when their lead is closed, and what they answered. Nobody is asked the same twice.
CREATE TABLE questions (
    id          uuid PRIMARY KEY,
    lead_id     uuid NOT NULL REFERENCES leads (id) ON DELETE CASCADE,
    kind        text NOT NULL CONSTRAINT questions_kind CHECK (kind IN ('won', 'lost')),
    cycle       int NOT NULL,
    asked_at    timestamptz NOT NULL DEFAULT now(),
    answered_at timestamptz,
    answer      text CONSTRAINT questions_answer_size CHECK (length(answer) BETWEEN 1 AND 2000),
    CONSTRAINT questions_asked_once UNIQUE (lead_id, kind),
    CONSTRAINT questions_answered CHECK ((answer IS NULL) = (answered_at IS NULL))
);

-- +goose Down
DROP TABLE questions;
