-- +goose Up
-- Sequences that are held, and what becomes of who is inside when another version is published.

-- It came to go on while its sequence was held, and is to be told when it is not.
ALTER TABLE sequence_runs ADD COLUMN held_up_at timestamptz;
CREATE INDEX sequence_runs_held_up ON sequence_runs (lead_id) WHERE held_up_at IS NOT NULL;

CREATE TABLE sequence_holds (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name     text NOT NULL,
    version  int NOT NULL,
    began_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    catch_up text NOT NULL DEFAULT 'shift' CONSTRAINT sequence_holds_catch_up CHECK (catch_up IN ('shift', 'keep', 'drop')),
    spread   interval NOT NULL DEFAULT '0' CONSTRAINT sequence_holds_spread CHECK (spread >= '0'),
    by       text NOT NULL DEFAULT '', -- name of the key
    CONSTRAINT sequence_holds_end_after_they_begin CHECK (ended_at >= began_at),
    FOREIGN KEY (name, version) REFERENCES sequences (name, version)
);
CREATE UNIQUE INDEX sequence_holds_one_open ON sequence_holds (name, version) WHERE ended_at IS NULL;
CREATE INDEX sequence_holds_by_version ON sequence_holds (name, version, began_at);

-- One row a publication, in their order. A lead goes by the last one after that of its own version that wants it to.
CREATE TABLE sequence_publications (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name    text NOT NULL,
    version int NOT NULL,
    inside  text NOT NULL DEFAULT 'stay' CONSTRAINT sequence_publications_inside CHECK (inside IN ('stay', 'move', 'restart')),
    at      timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (name, version) REFERENCES sequences (name, version)
);
CREATE INDEX sequence_publications_by_name ON sequence_publications (name, id);
INSERT INTO sequence_publications (name, version, at) SELECT name, version, published_at FROM sequences WHERE published_at IS NOT NULL ORDER BY published_at;

-- +goose Down
DROP TABLE sequence_publications, sequence_holds;
DROP INDEX sequence_runs_held_up;
ALTER TABLE sequence_runs DROP COLUMN held_up_at;
