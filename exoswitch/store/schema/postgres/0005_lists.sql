-- Lists of an account's calls: by time, and by the number, the second number or the status that is asked for.
-- A call between two phones has a second number, and the price of both. The call of a second phone has a parent, which
-- is listed in its place.

ALTER TABLE sessions
    ADD COLUMN parent_call_sid text,
    ADD COLUMN second_number   text,
    ADD COLUMN price           numeric(18, 6);  -- NULL unless there is a second number

DROP INDEX sessions_by_account;

-- A list that finds few calls by their length, price or exophone reads this index alone.
CREATE INDEX sessions_listed ON sessions (account, created_at, call_sid) INCLUDE (status, direction, talked_ms,
    exophone, second_number, cost, price, currency) WHERE parent_call_sid IS NULL;
CREATE INDEX sessions_from ON sessions (account, customer, created_at, call_sid) WHERE parent_call_sid IS NULL;
CREATE INDEX sessions_to ON sessions (account, coalesce(second_number, exophone), created_at, call_sid)
    WHERE parent_call_sid IS NULL;
CREATE INDEX sessions_by_status ON sessions (account, status, created_at, call_sid) WHERE parent_call_sid IS NULL;
