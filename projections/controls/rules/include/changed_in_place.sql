-- first: what was known of a running deployment first, of what "attested" says of it.
-- changed: what "recent" says of it that is something else, the earliest first.
first AS (
SELECT DISTINCT ON (k.deployment_id) k.deployment_id, k.event_id, k.digest
  FROM attested AS k
 WHERE k.digest IS NOT NULL
   AND k.deployment_id IN (SELECT l.deployment_id FROM live AS l)
 ORDER BY k.deployment_id, k.time, k.event_id
),
changed AS (
SELECT f.deployment_id, min(l.time) AS since,
       (array_agg(l.digest ORDER BY l.time))[1] AS found,
       (array_agg(l.who ORDER BY l.time))[1] AS who,
       array_agg(l.event_id ORDER BY l.time) AS evidence
  FROM first AS f
  JOIN recent AS l ON l.deployment_id = f.deployment_id AND l.digest <> f.digest
 GROUP BY f.deployment_id
)
