-- +goose Up
-- Scores that turn by themselves, and everybody's score under a new model.

-- The score is looked at again at this moment: when it will by itself be in another band, or earlier. Null: it never will.
-- A later moment is not written over one that is still to come, which is asked and answered then: so the index is left
-- alone by most updates. What an earlier release wrote was never looked at, and is due at once.
ALTER TABLE scores ADD COLUMN turns_at timestamptz DEFAULT 'epoch';
ALTER TABLE scores ALTER COLUMN turns_at DROP DEFAULT;
CREATE INDEX scores_turning ON scores (turns_at) WHERE turns_at IS NOT NULL;

-- A new model changes the version of every row: an index on it would be written anew for all of them, and a foreign key would
-- look the model up and lock it for each. Models are never deleted. Nobody reads leads by the index of bands.
DROP INDEX scores_by_model;
DROP INDEX scores_by_band;
ALTER TABLE scores DROP CONSTRAINT scores_model_version_fkey;

-- One row a publication: everybody is scored anew in the order of their ids.
CREATE TABLE rescorings (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    model_version int NOT NULL REFERENCES models (version),
    state         text NOT NULL DEFAULT 'running' CONSTRAINT rescorings_state CHECK (state IN ('running', 'done', 'superseded')),
    claimed_to    uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000', -- somebody has taken the leads up to here
    done          bigint NOT NULL DEFAULT 0,
    total         bigint,               -- counted by whoever begins
    created_at    timestamptz NOT NULL DEFAULT now(),
    began_at      timestamptz,          -- a worker knew of it: who began to fold later folds by this model
    finished_at   timestamptz
);
CREATE UNIQUE INDEX rescorings_one_running ON rescorings (state) WHERE state = 'running';
CREATE INDEX rescorings_by_model ON rescorings (model_version, id DESC);

-- +goose Down
DROP TABLE rescorings;
ALTER TABLE scores ADD CONSTRAINT scores_model_version_fkey FOREIGN KEY (model_version) REFERENCES models (version);
CREATE INDEX scores_by_band ON scores (band, lead_id);
CREATE INDEX scores_by_model ON scores (model_version);
DROP INDEX scores_turning;
ALTER TABLE scores DROP COLUMN turns_at;
