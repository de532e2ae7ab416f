-- Which gateway carries a call, or is to dial it; and which calls somebody is about to dial, or has dialled.

ALTER TABLE sessions ADD COLUMN gateway TEXT;

CREATE INDEX sessions_unfinished ON sessions (gateway) WHERE ended_at IS NULL;

CREATE TABLE claims (
    call_sid    TEXT PRIMARY KEY,
    token       TEXT NOT NULL,     -- of whoever came first
    claimed_at  REAL NOT NULL
) WITHOUT ROWID;
