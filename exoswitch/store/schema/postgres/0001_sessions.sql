-- Sessions, each as it is now, and their events, which are only ever added.
-- Both are partitioned by the month (UTC) in which the call began: months to come are made ahead, and old ones dropped.
-- A document is the whole session in JSON; it is text, for JSONB refuses some texts. The columns beside it are for queries.
-- Otherwise than in SQLite, times are timestamptz, and keys hold the partition's column as well.

CREATE TABLE sessions (
    call_sid    text NOT NULL,
    account     text NOT NULL,
    direction   text NOT NULL,     -- inbound or outbound-api
    status      text NOT NULL,     -- Exotel's word for it
    caller      text NOT NULL,     -- the person's number, whoever dialled
    callee      text NOT NULL,
    exophone    text NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    answered_at timestamptz,
    ended_at    timestamptz,
    sequence    bigint NOT NULL,   -- of the newest event: an older one changes nothing
    document    text NOT NULL,
    PRIMARY KEY (call_sid, created_at)
) PARTITION BY RANGE (created_at);

CREATE INDEX sessions_by_account ON sessions (account, created_at);

CREATE TABLE events (
    call_sid    text NOT NULL,
    sequence    bigint NOT NULL,   -- microseconds since the epoch, or more where two would have been the same
    created_at  timestamptz NOT NULL,  -- the call's
    happened_at timestamptz NOT NULL,
    status      text NOT NULL,
    detail      text NOT NULL,     -- in JSON, what a session's document has that changes in the course of a call
    PRIMARY KEY (call_sid, sequence, created_at)
) PARTITION BY RANGE (created_at);
