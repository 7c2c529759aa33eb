-- +goose Up

-- The oldest version of the tables that a process may know and still use these: a
-- migration that only adds leaves it alone, so that a version and the next one can
-- run side by side; one that takes something away raises it.
CREATE TABLE compatible (
    oldest BIGINT NOT NULL
);
INSERT INTO compatible (oldest) VALUES (3);

-- What the owner of a lease says of it.
ALTER TABLE leases ADD COLUMN note TEXT NOT NULL DEFAULT '';

-- What whoever goes on with a piece of work must know of it: how much of a sink's
-- rate limit was used, how long it pauses, how it fails.
CREATE TABLE states (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL                        -- JSON, of dispatch
);

-- +goose Down
DROP TABLE states;
ALTER TABLE leases DROP COLUMN note;
DROP TABLE compatible;
