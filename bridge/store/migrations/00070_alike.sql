-- +goose Up

-- The last event of each likeness that a source chose (dedupe): of those that follow
-- within a time, none is taken. Nothing but hashes and ids.
CREATE TABLE alike (
    key      BLOB   NOT NULL PRIMARY KEY,      -- hash of the source and of the values compared
    event_id TEXT   NOT NULL,
    at       BIGINT NOT NULL                   -- when the event arrived
);
CREATE INDEX alike_event ON alike (event_id);
CREATE INDEX alike_at ON alike (at);

ALTER TABLE events ADD COLUMN alike INTEGER NOT NULL DEFAULT 0; -- how many events like it were not taken

-- +goose Down
ALTER TABLE events DROP COLUMN alike;
DROP TABLE alike;
