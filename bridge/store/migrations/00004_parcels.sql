-- +goose Up

-- Deliveries that go out as one message: a digest, the story of one transaction, what
-- quiet hours held back. deliveries.digest_key names the parcel that one is in.
CREATE TABLE parcels (
    id        TEXT    NOT NULL PRIMARY KEY,    -- UUIDv7
    sink      TEXT    NOT NULL,
    route     TEXT    NOT NULL,
    key       TEXT    NOT NULL,                -- what belongs together, by dispatch
    closes_at BIGINT  NOT NULL,                -- it is due then; when it failed, it is due again then
    latest    BIGINT  NOT NULL,                -- however many join, it closes no later
    room      BIGINT  NOT NULL,                -- it closes when so many have joined
    closed    INTEGER NOT NULL                 -- 0 while others may join
);
CREATE UNIQUE INDEX parcels_open ON parcels (sink, route, key) WHERE closed = 0;
CREATE INDEX parcels_due ON parcels (sink, closes_at, id);
CREATE INDEX deliveries_parcel ON deliveries (digest_key) WHERE digest_key IS NOT NULL;

-- Deliveries that are a message of their own.
CREATE INDEX deliveries_single ON deliveries (sink, not_before, event_id, id) WHERE state = 'pending' AND digest_key IS NULL;
DROP INDEX deliveries_due;

-- What later messages refer to: where a conversation is, or what they replace.
CREATE TABLE posts (
    sink TEXT   NOT NULL,
    kind TEXT   NOT NULL,                      -- thread or message
    key  TEXT   NOT NULL,
    ref  TEXT   NOT NULL,                      -- the platform's id
    at   BIGINT NOT NULL,
    PRIMARY KEY (sink, kind, key)
);
CREATE INDEX posts_at ON posts (at);

-- +goose Down
DROP TABLE posts;
CREATE INDEX deliveries_due ON deliveries (sink, not_before, event_id, id) WHERE state = 'pending';
DROP INDEX deliveries_single;
DROP INDEX deliveries_parcel;
DROP TABLE parcels;
