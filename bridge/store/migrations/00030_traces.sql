-- +goose Up

-- The trace that began when the event arrived (W3C Trace Context), which whoever
-- routes and sends it goes on with; '' when nothing was traced.
ALTER TABLE events ADD COLUMN traceparent TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE events DROP COLUMN traceparent;
