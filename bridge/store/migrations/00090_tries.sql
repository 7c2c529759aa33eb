-- +goose Up

-- Each attempt of a delivery is a line: when it was, how long it took in microseconds, its
-- outcome, the platform's status and its words, with tabs between. The time of the one that
-- succeeded is updated_at. The table attempts has what versions before this one recorded.
ALTER TABLE deliveries ADD COLUMN tries TEXT NOT NULL DEFAULT '';

-- How many attempts there were in each minute of the last days.
CREATE TABLE tallies (
    at      BIGINT NOT NULL,                   -- when the minute began
    sink    TEXT   NOT NULL,
    outcome TEXT   NOT NULL,                   -- sent, or the kind of failure
    n       BIGINT NOT NULL,
    PRIMARY KEY (at, sink, outcome)
);

-- +goose Down
DROP TABLE tallies;
ALTER TABLE deliveries DROP COLUMN tries;
