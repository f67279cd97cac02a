-- Where the running stream is pushed to, and what became of it. Keys of destinations are never in this file: has_key only
-- says that there is one elsewhere.

CREATE TABLE destinations (
    id             INTEGER PRIMARY KEY,
    destination_id TEXT    NOT NULL UNIQUE,
    -- The user's order: the smaller comes first. Places need not be without gaps.
    place          INTEGER NOT NULL,
    name           TEXT    NOT NULL,
    preset         TEXT    NOT NULL,
    url            TEXT    NOT NULL,
    enabled        INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    has_key        INTEGER NOT NULL CHECK (has_key IN (0, 1)),
    hold_limit_s   INTEGER CHECK (hold_limit_s IS NULL OR hold_limit_s >= 0),
    bandwidth_test INTEGER NOT NULL CHECK (bandwidth_test IN (0, 1))
) STRICT;

CREATE INDEX destinations_by_place ON destinations (place, id);

-- They belong to the stream, not to the destination: history tells what was, also of a destination removed since.
CREATE TABLE destination_marks (
    id             INTEGER PRIMARY KEY,
    stream         INTEGER NOT NULL REFERENCES streams (id) ON DELETE CASCADE,
    destination_id TEXT    NOT NULL,
    name           TEXT    NOT NULL,
    at_ms          INTEGER NOT NULL,
    state          TEXT    NOT NULL,
    -- Only beside the state they belong to.
    severity       TEXT,
    failed         INTEGER,
    retry_at_ms    INTEGER,
    tone           TEXT    NOT NULL,
    text           TEXT    NOT NULL,
    next_step      TEXT,
    CHECK ((state = 'errored') = (severity IS NOT NULL)),
    CHECK ((state = 'retrying') = (failed IS NOT NULL)),
    CHECK ((state = 'retrying') = (retry_at_ms IS NOT NULL))
) STRICT;

CREATE INDEX destination_marks_of_stream ON destination_marks (stream, id);
-- What is kept of one destination is counted at every change.
CREATE INDEX destination_marks_of_one ON destination_marks (stream, destination_id, id);
