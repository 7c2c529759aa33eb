-- +goose Up

-- What happened, hashed, whoever told of it: a webhook, or the Integration API that
-- was asked for what did not come. Null for what the API cannot list.
ALTER TABLE events ADD COLUMN occurrence BLOB;
ALTER TABLE events ADD COLUMN caught_up INTEGER NOT NULL DEFAULT 0; -- 1: no webhook brought it
CREATE INDEX events_occurrence ON events (occurrence) WHERE occurrence IS NOT NULL;

-- What a webhook must not bring, or not bring again: it was caught up, or its person
-- was forgotten. Nothing but hashes.
CREATE TABLE known (
    key      BLOB   NOT NULL,                  -- an occurrence, or a dedupe_key
    event_id TEXT   NOT NULL,                  -- the event that was caught up; '' when it was forgotten
    at       BIGINT NOT NULL,                  -- when it happened
    PRIMARY KEY (key, event_id, at)
);
CREATE INDEX known_at ON known (at);

-- +goose Down
DROP TABLE known;
DROP INDEX events_occurrence;
ALTER TABLE events DROP COLUMN caught_up;
ALTER TABLE events DROP COLUMN occurrence;
