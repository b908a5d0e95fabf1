-- Payloads whose decision is sealed by now: kept if it committed to them, else not.
--
-- What is kept makes its hour one to be measured, or is late for a window that was.
WITH settled AS (
UPDATE vault.payload AS p
   SET state  = CASE WHEN p.commitment = d.commitment THEN 'kept' ELSE 'quarantined' END,
       reason = CASE WHEN p.commitment = d.commitment THEN NULL
                     ELSE 'the sealed decision committed to something else' END
  FROM vault.decision AS d
 WHERE d.decision_id = p.decision_id AND p.state = 'waiting'
RETURNING p.state, d.deployment_id, d.time
),
kept AS (
SELECT s.deployment_id, date_trunc('hour', s.time) AS hour, count(*) AS payloads
  FROM settled AS s
 WHERE s.state = 'kept' AND s.deployment_id IS NOT NULL
 GROUP BY s.deployment_id, date_trunc('hour', s.time)
),
placed AS (
SELECT k.deployment_id, k.hour, k.payloads, m.window_from
  FROM kept AS k
  LEFT JOIN vault.measured AS m ON m.deployment_id = k.deployment_id
   AND m.window_from <= k.hour AND m.window_to > k.hour
),
late AS (
UPDATE vault.measured AS m
   SET late = m.late + l.payloads
  FROM (SELECT p.deployment_id, p.window_from, sum(p.payloads) AS payloads
          FROM placed AS p
         GROUP BY p.deployment_id, p.window_from) AS l
 WHERE m.deployment_id = l.deployment_id AND m.window_from = l.window_from
),
fresh AS (
INSERT INTO vault.unmeasured (deployment_id, hour)
SELECT p.deployment_id, p.hour FROM placed AS p WHERE p.window_from IS NULL
    ON CONFLICT DO NOTHING
)
SELECT s.state FROM settled AS s;
