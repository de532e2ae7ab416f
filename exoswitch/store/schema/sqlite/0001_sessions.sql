-- Sessions, each as it is now, and their events, which are only ever added.
-- Times are seconds since the epoch (UTC). A document is the whole session in JSON; the columns beside it are for queries.

CREATE TABLE sessions (
    call_sid    TEXT PRIMARY KEY,
    account     TEXT NOT NULL,
    direction   TEXT NOT NULL,     -- inbound or outbound-api
    status      TEXT NOT NULL,     -- Exotel's word for it
    caller      TEXT NOT NULL,     -- the person's number, whoever dialled
    callee      TEXT NOT NULL,
    exophone    TEXT NOT NULL,
    created_at  REAL NOT NULL,
    updated_at  REAL NOT NULL,
    answered_at REAL,
    ended_at    REAL,
    sequence    INTEGER NOT NULL,  -- of the newest event: an older one changes nothing
    document    TEXT NOT NULL
);

CREATE INDEX sessions_by_account ON sessions (account, created_at);
CREATE INDEX sessions_by_age ON sessions (created_at);

CREATE TABLE events (
    call_sid    TEXT NOT NULL,
    sequence    INTEGER NOT NULL,  -- microseconds since the epoch, or more where two would have been the same
    created_at  REAL NOT NULL,     -- the call's
    happened_at REAL NOT NULL,
    status      TEXT NOT NULL,
    detail      TEXT NOT NULL,     -- in JSON, what a session's document has that changes in the course of a call
    PRIMARY KEY (call_sid, sequence)
) WITHOUT ROWID;
