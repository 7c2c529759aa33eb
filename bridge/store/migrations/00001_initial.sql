-- +goose Up
-- Times are microseconds since 1970, UTC.

CREATE TABLE events (
    id             TEXT    NOT NULL PRIMARY KEY, -- UUIDv7
    dedupe_key     BLOB    NOT NULL UNIQUE,      -- hash of source and raw body
    source         TEXT    NOT NULL,
    type           TEXT    NOT NULL,
    user_id        TEXT    NOT NULL,
    admin_id       TEXT    NOT NULL,
    client_id      TEXT    NOT NULL,
    correlation_id TEXT    NOT NULL,
    entities       TEXT    NOT NULL,             -- JSON object of ids
    occurred_at    BIGINT  NOT NULL,             -- 0 when the webhook did not say
    received_at    BIGINT  NOT NULL,
    body           BLOB    NOT NULL,             -- as received
    facts          BLOB,                         -- JSON, set when routed
    lookups        INTEGER NOT NULL,             -- how many times it was looked up before it was routed
    route_after    BIGINT  NOT NULL,             -- the router takes it up then
    routed_at      BIGINT                        -- null until it was fanned out
);
CREATE INDEX events_unrouted ON events (route_after, id) WHERE routed_at IS NULL;

CREATE TABLE deliveries (
    id         TEXT    NOT NULL PRIMARY KEY,     -- UUIDv7
    event_id   TEXT    NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    route      TEXT    NOT NULL,
    sink       TEXT    NOT NULL,
    state      TEXT    NOT NULL,                 -- pending, sent, dead, cancelled
    attempts   INTEGER NOT NULL,
    not_before BIGINT  NOT NULL,                 -- at first the event's arrival, so that senders keep its order
    digest_key TEXT,
    last_error TEXT,
    receipt    TEXT,
    created_at BIGINT  NOT NULL,
    updated_at BIGINT  NOT NULL,
    UNIQUE (event_id, route, sink)
);
CREATE INDEX deliveries_due ON deliveries (sink, not_before, event_id, id) WHERE state = 'pending';

CREATE TABLE attempts (
    delivery_id TEXT    NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
    at          BIGINT  NOT NULL,
    took        BIGINT  NOT NULL,                -- microseconds
    outcome     TEXT    NOT NULL,                -- sent, or the kind of failure
    status      INTEGER NOT NULL,
    detail      TEXT    NOT NULL
);
CREATE INDEX attempts_delivery ON attempts (delivery_id, at);

-- Who does what, when several processes share the store.
CREATE TABLE leases (
    name    TEXT   NOT NULL PRIMARY KEY,
    owner   TEXT   NOT NULL,
    expires BIGINT NOT NULL
);

-- Access tokens of Absorb's Integration API: a new one ends the one before, so
-- they are shared and outlive a restart.
CREATE TABLE tokens (
    name    TEXT   NOT NULL PRIMARY KEY,
    token   TEXT   NOT NULL,
    expires BIGINT NOT NULL
);

-- Requests that could not be verified while a test window was open.
CREATE TABLE captures (
    id          TEXT   NOT NULL PRIMARY KEY,
    source      TEXT   NOT NULL,
    received_at BIGINT NOT NULL,
    headers     TEXT   NOT NULL,
    body        BLOB   NOT NULL
);
CREATE INDEX captures_source ON captures (source, received_at);

-- The last known name of each thing: what was deleted cannot be looked up.
CREATE TABLE names (
    source TEXT NOT NULL,
    kind   TEXT NOT NULL,
    id     TEXT NOT NULL,
    name   TEXT NOT NULL,
    PRIMARY KEY (source, kind, id)
);

-- +goose Down
DROP TABLE names;
DROP TABLE captures;
DROP TABLE tokens;
DROP TABLE leases;
DROP TABLE attempts;
DROP TABLE deliveries;
DROP TABLE events;
