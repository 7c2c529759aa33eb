-- +goose Up

-- What a session rests on: the hash of a token, or what a provider said of the person.
-- Sessions of a version that did not keep it rest on nothing, and end.
ALTER TABLE sessions ADD COLUMN grounds TEXT NOT NULL DEFAULT '';

-- Who sent a captured request: the address, and the program by its own word. A flood
-- by one pushes out nobody else's.
ALTER TABLE captures ADD COLUMN address TEXT NOT NULL DEFAULT '';
ALTER TABLE captures ADD COLUMN agent TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE captures DROP COLUMN agent;
ALTER TABLE captures DROP COLUMN address;
ALTER TABLE sessions DROP COLUMN grounds;
