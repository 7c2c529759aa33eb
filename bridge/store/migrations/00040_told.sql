-- +goose Up

-- Every webhook paid for it, and only those who catch up asked it; they read what came
-- by time now.
DROP INDEX events_occurrence;

-- +goose Down
CREATE INDEX events_occurrence ON events (occurrence) WHERE occurrence IS NOT NULL;
