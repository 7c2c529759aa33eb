-- +goose Up

-- Who changed what, by the pages, the API or a command.
CREATE TABLE audit (
    id      TEXT    NOT NULL PRIMARY KEY,      -- UUIDv7
    at      BIGINT  NOT NULL,
    who     TEXT    NOT NULL,
    action  TEXT    NOT NULL,                  -- such as deliveries/retry
    target  TEXT    NOT NULL,                  -- what was chosen, in words
    changed BIGINT  NOT NULL                   -- how many it changed
);

-- People who are logged in.
CREATE TABLE sessions (
    id      TEXT   NOT NULL PRIMARY KEY,       -- hash of what the cookie holds
    who     TEXT   NOT NULL,
    role    TEXT   NOT NULL,
    expires BIGINT NOT NULL
);

-- How an event was looked up: the calls, their times and answers, without content.
ALTER TABLE events ADD COLUMN trace BLOB;     -- JSON, of bridge.Trace

-- The overview counts a day's attempts by sink.
ALTER TABLE attempts ADD COLUMN sink TEXT NOT NULL DEFAULT '';
CREATE INDEX attempts_recent ON attempts (at, sink, outcome);

-- People list the events of one source, what waits and what was cancelled; dead
-- letters are grouped by the beginning of what the platform said.
CREATE INDEX events_source ON events (source, id);
CREATE INDEX deliveries_pending ON deliveries (id) WHERE state = 'pending';
CREATE INDEX deliveries_cancelled ON deliveries (id) WHERE state = 'cancelled';
CREATE INDEX deliveries_cause ON deliveries (sink, substr(last_error, 1, 80), id) WHERE state = 'dead';

-- +goose Down
DROP INDEX deliveries_cause;
DROP INDEX deliveries_cancelled;
DROP INDEX deliveries_pending;
DROP INDEX events_source;
DROP INDEX attempts_recent;
ALTER TABLE attempts DROP COLUMN sink;
ALTER TABLE events DROP COLUMN trace;
DROP TABLE sessions;
DROP TABLE audit;
