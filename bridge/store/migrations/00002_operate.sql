-- +goose Up

-- Since when a delivery keeps failing; 0 when it did not fail since it was made or
-- retried. Giving up counts from here.
ALTER TABLE deliveries ADD COLUMN failing_since BIGINT NOT NULL DEFAULT 0;

-- How the request that brought an event was signed and by whom it was sent.
ALTER TABLE events ADD COLUMN signature TEXT NOT NULL DEFAULT '';  -- the form, such as hex-upper
ALTER TABLE events ADD COLUMN user_agent TEXT NOT NULL DEFAULT '';

-- People ask for the dead letters of a store with a year of events.
CREATE INDEX deliveries_dead ON deliveries (id) WHERE state = 'dead';

-- What is known of a source beyond its configuration.
CREATE TABLE sources (
    name         TEXT   NOT NULL PRIMARY KEY,
    verified_at  BIGINT NOT NULL DEFAULT 0,    -- when its first event was verified
    window_until BIGINT NOT NULL DEFAULT 0     -- when the test window that somebody opened closes
);

-- +goose Down
DROP TABLE sources;
DROP INDEX deliveries_dead;
ALTER TABLE events DROP COLUMN user_agent;
ALTER TABLE events DROP COLUMN signature;
ALTER TABLE deliveries DROP COLUMN failing_since;
