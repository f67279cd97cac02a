-- Times are Unix milliseconds, rates bits a second. Words for states, reasons, tones and the like are the `code()`s of
-- the `session` crate. No column holds a secret.

CREATE TABLE streams (
    id              INTEGER PRIMARY KEY,
    stream_id       TEXT    NOT NULL UNIQUE,
    playback_id     TEXT    NOT NULL UNIQUE,
    camera_link     TEXT    NOT NULL,
    quality         TEXT    NOT NULL,
    enable_webrtc   INTEGER NOT NULL CHECK (enable_webrtc IN (0, 1)),
    started_at_ms   INTEGER NOT NULL,
    live_since_ms   INTEGER,
    ended_at_ms     INTEGER,
    state           TEXT    NOT NULL,
    reason          TEXT,
    -- Kept as samples and marks come in, so that the list reads one row a stream and thinning changes nothing.
    interruptions   INTEGER NOT NULL DEFAULT 0,
    peak_viewers    INTEGER NOT NULL DEFAULT 0,
    sample_count    INTEGER NOT NULL DEFAULT 0,
    bitrate_sum_bps INTEGER NOT NULL DEFAULT 0,
    -- First media sequence number not yet handed out.
    next_sequence   INTEGER NOT NULL DEFAULT 0,
    -- JSON of what the media engine needs to go on after a restart; opaque here.
    resume_facts    TEXT CHECK (resume_facts IS NULL OR json_valid(resume_facts)),
    CHECK ((state = 'ended') = (ended_at_ms IS NOT NULL)),
    CHECK ((state = 'ended') = (reason IS NOT NULL))
) STRICT;

CREATE INDEX streams_by_start ON streams (started_at_ms);
CREATE INDEX streams_open ON streams (started_at_ms) WHERE ended_at_ms IS NULL;

CREATE TABLE marks (
    id        INTEGER PRIMARY KEY,
    stream    INTEGER NOT NULL REFERENCES streams (id) ON DELETE CASCADE,
    at_ms     INTEGER NOT NULL,
    state     TEXT    NOT NULL,
    reason    TEXT,
    tone      TEXT    NOT NULL,
    text      TEXT    NOT NULL,
    next_step TEXT
) STRICT;

CREATE INDEX marks_of_stream ON marks (stream, id);

CREATE TABLE samples (
    stream      INTEGER NOT NULL REFERENCES streams (id) ON DELETE CASCADE,
    at_ms       INTEGER NOT NULL,
    bitrate_bps INTEGER NOT NULL,
    fps         REAL    NOT NULL,
    viewers     INTEGER NOT NULL,
    PRIMARY KEY (stream, at_ms)
) STRICT, WITHOUT ROWID;

CREATE TABLE settings (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL CHECK (json_valid(value))
) STRICT, WITHOUT ROWID;
