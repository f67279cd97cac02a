-- Apps of the hub, which of them were in a stream, and streams whose media goes elsewhere. Of an app's API key only a
-- digest is kept; the key of an unmanaged stream's endpoint is masked before it comes here.

CREATE TABLE apps (
    -- Also the order in which they were registered.
    id          INTEGER PRIMARY KEY,
    package     TEXT    NOT NULL UNIQUE,
    name        TEXT    NOT NULL,
    url         TEXT    NOT NULL,
    key_digest  BLOB    CHECK (key_digest IS NULL OR length(key_digest) = 32),
    permissions TEXT    NOT NULL,
    lan_allowed INTEGER NOT NULL CHECK (lan_allowed IN (0, 1)),
    wanted      INTEGER NOT NULL CHECK (wanted IN (0, 1))
) STRICT;

-- A row for each stay: an app may leave a stream and come back. They belong to the stream, not to the app: history tells
-- what was, also of an app removed since.
CREATE TABLE stream_apps (
    id           INTEGER PRIMARY KEY,
    stream       INTEGER NOT NULL REFERENCES streams (id) ON DELETE CASCADE,
    package      TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    started      INTEGER NOT NULL CHECK (started IN (0, 1)),
    joined_at_ms INTEGER NOT NULL,
    left_at_ms   INTEGER,
    CHECK (left_at_ms IS NULL OR left_at_ms >= joined_at_ms)
) STRICT;

CREATE INDEX stream_apps_of_stream ON stream_apps (stream, package);
-- An app is in a stream once at a time.
CREATE UNIQUE INDEX stream_apps_open ON stream_apps (stream, package) WHERE left_at_ms IS NULL;

ALTER TABLE streams ADD COLUMN delivery TEXT NOT NULL DEFAULT 'managed';
-- Endpoint of an unmanaged stream.
ALTER TABLE streams ADD COLUMN target TEXT;
-- Counted from when it was live first.
ALTER TABLE streams ADD COLUMN duration_limit_ms INTEGER CHECK (duration_limit_ms IS NULL OR duration_limit_ms >= 0);
-- Package of the app that started it; none = a person or an encoder.
ALTER TABLE streams ADD COLUMN starter TEXT;
-- The user holds it: it goes on when the last app leaves it, also after a restart of the program.
ALTER TABLE streams ADD COLUMN held INTEGER NOT NULL DEFAULT 1 CHECK (held IN (0, 1));

-- Package of the app that named it for one stream; none = the user's own.
ALTER TABLE destinations ADD COLUMN added_by TEXT;
