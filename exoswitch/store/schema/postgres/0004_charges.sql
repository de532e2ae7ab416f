-- The trunk, the app and the cost of a call, for reports.
-- Calls of earlier versions have no cost. Their trunk and their time are in their documents, which are read as text:
-- as JSON some of them would be refused.

ALTER TABLE sessions
    ADD COLUMN trunk             text,
    ADD COLUMN app               text,
    ADD COLUMN talked_ms         bigint,          -- from answer to end; 0 without an answer
    ADD COLUMN billed_s          bigint,          -- in whole pulses
    ADD COLUMN cost              numeric(18, 6),  -- NULL if its trunk had no price
    ADD COLUMN currency          text,
    ADD COLUMN baseline          numeric(18, 6),  -- the cost of the same call elsewhere
    ADD COLUMN baseline_currency text;

UPDATE sessions
   SET trunk = substring(document from '"trunk":"([A-Za-z0-9_-]+)"'),
       talked_ms = CASE WHEN answered_at IS NULL THEN 0 ELSE round(1000 * coalesce(
           substring(document from '"talked_s":([0-9]+(?:[.][0-9]+)?(?:e[+-]?[0-9]+)?)')::float8,
           greatest(0, extract(epoch from ended_at - answered_at)))) END
 WHERE ended_at IS NOT NULL;

-- A report reads this index alone, and only those of its months.
CREATE INDEX sessions_ledger ON sessions (created_at) INCLUDE (answered_at, account, app, trunk, currency,
    baseline_currency, talked_ms, billed_s, cost, baseline) WHERE ended_at IS NOT NULL;
