-- The outbox: what dialers are to be told of calls, each row written in the transaction of the note that it tells of.
-- A row waits until it is due. A lease moves that moment, so that a dead gateway's rows are due again.
-- It is not partitioned: rows that were delivered are deleted after days.

CREATE TABLE callbacks (
    call_sid    text NOT NULL,
    position    integer NOT NULL,  -- the order of a call's callbacks
    event       text NOT NULL,     -- ringing, answered, terminal or passthru
    leg         integer NOT NULL,
    account     text NOT NULL,
    receiver    text NOT NULL,     -- the account, and the host and port of its URL
    due_at      timestamptz NOT NULL,
    document    text NOT NULL,     -- the session as it was; empty after the delivery
    state       text NOT NULL DEFAULT 'waiting',  -- or delivered, or failed
    attempts    integer NOT NULL DEFAULT 0,
    since       timestamptz,       -- the first attempt
    leased_by   text,              -- the gateway and its process
    settled_at  timestamptz,
    why         text NOT NULL DEFAULT '',         -- of the last failure
    PRIMARY KEY (call_sid, position)
);

CREATE INDEX callbacks_due ON callbacks (receiver, due_at) WHERE state = 'waiting';

CREATE INDEX callbacks_settled ON callbacks (settled_at) WHERE state <> 'waiting';
