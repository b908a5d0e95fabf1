-- Does a deployment still give the known answers to the known requests?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
--
-- One row for each live deployment and suite of requests that was replayed on it; the
-- newest probe counts.
-- Serves: EU AI Act, Article 15(1).
WITH
-- include live
newest AS (
SELECT DISTINCT ON (l.deployment_id, p.suite)
       l.deployment_id, l.name, l.model, l.system_id, p.suite, p.event_id, p.time,
       p.requests, p.mismatches, p.errors, p.first_mismatch, p.passed
  FROM live AS l
  JOIN lineage.probe AS p ON p.deployment_id = l.deployment_id
   AND p.time <= %(as_of)s AND p.sealed_at <= %(known_as_of)s
 ORDER BY l.deployment_id, p.suite, p.time DESC, p.event_id DESC
)
SELECT n.deployment_id AS object_id, n.name AS object_name, n.model, n.system_id,
       NOT n.passed AS breached, n.suite AS detail,
       CASE WHEN n.passed THEN ''
            ELSE concat('On ', to_char(n.time AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
                 ' ', n.name, ' gave ', n.mismatches, ' other answers and ', n.errors,
                 ' errors to the ', n.requests, ' requests of the suite ', n.suite,
                 ', first: ' || n.first_mismatch, '.')
       END AS cause,
       ARRAY[n.deployment_id, n.event_id] AS evidence
  FROM newest AS n
 ORDER BY n.deployment_id, n.suite;
