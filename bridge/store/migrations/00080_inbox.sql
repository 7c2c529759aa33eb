-- +goose Up

-- Up to where the events of the inbox, which is files beside a SQLite store, are in the
-- table events. Written in the transaction that puts them there.
CREATE TABLE inbox (
    log     BIGINT NOT NULL PRIMARY KEY,       -- whose place this is, by a random number
    segment BIGINT NOT NULL,
    place   BIGINT NOT NULL                    -- bytes, in the segment's file
);

-- +goose Down
DROP TABLE inbox;
