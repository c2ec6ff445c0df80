-- +goose Up
-- What was learned from outcomes, with the card that says how far it can be trusted. A version never changes: a model that names one
-- is, for ever, what it was when it was kept.

CREATE TABLE predictors (
    version    int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    origin     text NOT NULL CONSTRAINT predictors_origin CHECK (origin IN ('leads', 'file')), -- what it was trained on
    note       text NOT NULL DEFAULT '',
    author     text NOT NULL DEFAULT '',
    predictor  jsonb NOT NULL CONSTRAINT predictors_predictor CHECK (jsonb_typeof(predictor) = 'object'),
    card       jsonb NOT NULL CONSTRAINT predictors_card CHECK (jsonb_typeof(card) = 'object'),
    created_at timestamptz NOT NULL DEFAULT now()
);

-- +goose StatementBegin
CREATE FUNCTION predictors_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a predictor is kept as it is: keep another version';
END $$;
-- +goose StatementEnd
CREATE TRIGGER predictors_stay BEFORE UPDATE OR DELETE ON predictors FOR EACH ROW EXECUTE FUNCTION predictors_stay();
CREATE TRIGGER audit AFTER INSERT ON predictors FOR EACH ROW WHEN (coalesce(current_setting('leadflow.actor', true), '') <> '')
    EXECUTE FUNCTION audit_row('predictor', 'version', 'origin', '');

-- Whether predictors still hold, as a worker found on a schedule. It names nobody.
CREATE TABLE predictor_health (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    predictor  int NOT NULL REFERENCES predictors (version),
    at         timestamptz NOT NULL DEFAULT now(),
    state      text NOT NULL CONSTRAINT predictor_health_state CHECK (state IN ('holds', 'retrain', 'too_few')),
    leads      int NOT NULL,           -- that came to an end after it was trained, and whose outcome is mature
    young      int NOT NULL,           -- left out: decided so lately that slow outcomes are still to come
    alarms     jsonb NOT NULL DEFAULT '[]',
    health     jsonb CONSTRAINT predictor_health_found CHECK ((health IS NULL) = (state = 'too_few'))
);
CREATE INDEX predictor_health_of ON predictor_health (predictor, id);

-- +goose Down
DROP TABLE predictor_health;
DROP TABLE predictors;
DROP FUNCTION predictors_stay;
