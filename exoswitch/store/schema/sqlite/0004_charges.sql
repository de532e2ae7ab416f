-- The trunk, the app and the cost of a call, for reports. Amounts are whole millionths: SQLite has no decimals.
-- Calls of earlier versions have no cost. Their trunk and their time are in their documents.

ALTER TABLE sessions ADD COLUMN trunk TEXT;
ALTER TABLE sessions ADD COLUMN app TEXT;
ALTER TABLE sessions ADD COLUMN talked_ms INTEGER;           -- from answer to end; 0 without an answer
ALTER TABLE sessions ADD COLUMN billed_s INTEGER;            -- in whole pulses
ALTER TABLE sessions ADD COLUMN cost INTEGER;                -- NULL if its trunk had no price
ALTER TABLE sessions ADD COLUMN currency TEXT;
ALTER TABLE sessions ADD COLUMN baseline INTEGER;            -- the cost of the same call elsewhere
ALTER TABLE sessions ADD COLUMN baseline_currency TEXT;

UPDATE sessions
   SET trunk = json_extract(document, '$.trunk'),
       talked_ms = CASE WHEN answered_at IS NULL THEN 0 ELSE CAST(round(1000 * coalesce(
           json_extract(document, '$.talked_s'), max(0, ended_at - answered_at))) AS INTEGER) END
 WHERE ended_at IS NOT NULL AND json_valid(document);

-- A report reads this index alone. SQLite reads ended_at too, so it is in the index.
CREATE INDEX sessions_ledger ON sessions (created_at, answered_at, account, app, trunk, currency, baseline_currency,
    talked_ms, billed_s, cost, baseline, ended_at) WHERE ended_at IS NOT NULL;
