-- The outbox: what dialers are to be told of calls, each row written in the transaction of the note that it tells of.
-- A row waits until it is due. A lease moves that moment, so that a dead gateway's rows are due again.

CREATE TABLE callbacks (
    call_sid    TEXT NOT NULL,
    position    INTEGER NOT NULL,  -- the order of a call's callbacks
    event       TEXT NOT NULL,     -- ringing, answered, terminal or passthru
    leg         INTEGER NOT NULL,
    account     TEXT NOT NULL,
    receiver    TEXT NOT NULL,     -- the account, and the host and port of its URL
    due_at      REAL NOT NULL,
    document    TEXT NOT NULL,     -- the session as it was; empty after the delivery
    state       TEXT NOT NULL DEFAULT 'waiting',  -- or delivered, or failed
    attempts    INTEGER NOT NULL DEFAULT 0,
    since       REAL,              -- the first attempt
    leased_by   TEXT,              -- the gateway and its process
    settled_at  REAL,
    why         TEXT NOT NULL DEFAULT '',         -- of the last failure
    PRIMARY KEY (call_sid, position)
);

CREATE INDEX callbacks_due ON callbacks (receiver, due_at) WHERE state = 'waiting';
CREATE INDEX callbacks_settled ON callbacks (settled_at) WHERE state <> 'waiting';
