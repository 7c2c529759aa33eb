-- +goose Up

-- A lean webhook names no thing: Absorb's lists say which one it is about. Each thing
-- belongs to one event, so that two webhooks with the same bytes are two completions.
CREATE TABLE claims (
    key      BLOB NOT NULL PRIMARY KEY,        -- hash of the thing and of when it happened
    event_id TEXT NOT NULL REFERENCES events (id) ON DELETE CASCADE
);
CREATE INDEX claims_event ON claims (event_id);

ALTER TABLE events ADD COLUMN inferred TEXT;   -- JSON object of the ids that a list gave; null when none did
ALTER TABLE events ADD COLUMN repeats TEXT;    -- the event that had the same bytes before, when they name no thing and no time
ALTER TABLE events ADD COLUMN unanswered INTEGER NOT NULL DEFAULT 0; -- 1: its sender had no answer in time, and may send it again

-- +goose Down
ALTER TABLE events DROP COLUMN unanswered;
ALTER TABLE events DROP COLUMN repeats;
ALTER TABLE events DROP COLUMN inferred;
DROP TABLE claims;
