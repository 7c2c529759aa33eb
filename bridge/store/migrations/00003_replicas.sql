-- +goose Up

-- The oldest version of the tables that a process may know and still use these: a
-- migration that only adds leaves it alone, so that a version and the next one can
-- run side by side; one that takes something away raises it.
CREATE TABLE compatible (
    oldest BIGINT NOT NULL
);
INSERT INTO compatible (oldest) VALUES (3);

-- What is known of a sink beyond its configuration, so that the next process, or
-- another one, goes on with it.
CREATE TABLE sinks (
    name         TEXT   NOT NULL PRIMARY KEY,
    full_at      BIGINT NOT NULL,              -- when its rate limit's bucket is full again
    paused_until BIGINT NOT NULL,              -- nothing is sent before
    health       TEXT   NOT NULL               -- JSON, of dispatch
);

-- +goose Down
DROP TABLE sinks;
DROP TABLE compatible;
