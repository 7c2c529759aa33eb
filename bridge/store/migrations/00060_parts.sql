-- +goose Up

-- What was looked up and many events share, such as a course or a person: each version
-- once. The facts of an event name theirs by hash. An older program that reads such facts
-- finds less in them, and its messages are leaner until it is replaced.
CREATE TABLE parts (
    hash    TEXT   NOT NULL PRIMARY KEY,       -- of the source and the body
    source  TEXT   NOT NULL,
    body    BLOB   NOT NULL,                   -- JSON
    used_at BIGINT NOT NULL                    -- when an event last named it, or some minutes before
);
CREATE INDEX parts_used ON parts (source, used_at);

-- +goose Down
DROP TABLE parts;
