-- Does a deployment still give the known answers to the known requests?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
--
-- One row for each live deployment and suite of requests that was replayed on it: the newest
-- probe that was answered counts. A newer one of which no request was answered is a row, and
-- a finding, of its own: it could not ask, which tells nothing of the answers.
-- Serves: EU AI Act, Article 15(1).
WITH
-- include live
probed AS (
SELECT l.deployment_id, l.name, l.model, l.system_id, p.suite, p.event_id, p.time,
       p.requests, p.mismatches, p.errors, p.first_mismatch, p.passed,
       NOT p.passed AND p.mismatches = 0 AND p.errors >= p.requests AS unanswered
  FROM live AS l
  JOIN lineage.probe AS p ON p.deployment_id = l.deployment_id
   AND p.time <= %(as_of)s AND p.sealed_at <= %(known_as_of)s
),
newest AS (
SELECT DISTINCT ON (p.deployment_id, p.suite, p.unanswered)
       p.*, lead(p.event_id) OVER (PARTITION BY p.deployment_id, p.suite
                                       ORDER BY p.time, p.event_id) IS NULL AS is_last
  FROM probed AS p
 ORDER BY p.deployment_id, p.suite, p.unanswered, p.time DESC, p.event_id DESC
)
SELECT n.deployment_id AS object_id, n.name AS object_name, n.model, n.system_id,
       NOT n.passed AND (n.is_last OR NOT n.unanswered) AS breached,
       n.suite || CASE WHEN n.unanswered THEN ' not answered' ELSE '' END AS detail,
       CASE WHEN n.passed THEN ''
            WHEN n.unanswered
            THEN concat('On ', to_char(n.time AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
                 ' ', n.name, ' could not be asked: none of the ', n.requests,
                 ' requests of the suite ', n.suite, ' was answered.')
            ELSE concat('On ', to_char(n.time AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
                 ' ', n.name, ' gave ', n.mismatches, ' other answers and ', n.errors,
                 ' errors to the ', n.requests, ' requests of the suite ', n.suite,
                 ', first: ' || n.first_mismatch, '.')
       END AS cause,
       ARRAY[n.deployment_id, n.event_id] AS evidence,
       CASE WHEN n.unanswered THEN 'medium' END AS severity
  FROM newest AS n
 ORDER BY n.deployment_id, n.suite, n.unanswered;
