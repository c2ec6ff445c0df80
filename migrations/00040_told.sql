-- +goose Up
-- Which leads of a company somebody was just looked for: a decision knows those whose runs have not said yet whose they are. A row
-- lives for a day. The account is the number under which decisions about it wait for each other, not its name.
CREATE TABLE account_decisions (
    account int NOT NULL,
    lead_id uuid NOT NULL,
    at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account, lead_id)
);
CREATE INDEX account_decisions_by_age ON account_decisions (at);

-- +goose Down
DROP TABLE account_decisions;
