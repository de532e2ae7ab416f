-- Which gateway carries a call, or is to dial it; and which calls somebody is about to dial, or has dialled.
-- Claims are not partitioned: one call has one claim, whatever the month, and only a whole table can hold that.

ALTER TABLE sessions ADD COLUMN gateway text;

CREATE INDEX sessions_unfinished ON sessions (gateway) WHERE ended_at IS NULL;

CREATE TABLE claims (
    call_sid    text PRIMARY KEY,
    token       text NOT NULL,     -- of whoever came first
    claimed_at  timestamptz NOT NULL
);

CREATE INDEX claims_by_age ON claims (claimed_at);
