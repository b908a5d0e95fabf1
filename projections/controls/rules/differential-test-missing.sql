-- Was a release compared with the one it replaced, on the same data?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
--
-- One row for each live deployment, but for shadows, that has a predecessor of another
-- version: the release it says it follows, or else the one of the same model that was
-- deployed last before it in the same place. The comparison must name both versions; which
-- of them it calls old does not matter, so that a roll-back needs none of its own.
-- Serves: EU AI Act, Articles 9(6) and 43(4).
WITH
-- include live
follows AS (
SELECT l.deployment_id, l.release_id, l.release, l.model, l.version, l.system_id,
       l.version_id, b.event_id AS before_id, b.release AS before,
       b.model_version_id AS before_version_id
  FROM live AS l
 CROSS JOIN LATERAL (
       SELECT coalesce(l.previous_id, (
       SELECT p.event_id
         FROM registry.deployment AS d
         JOIN registry.release AS p ON p.event_id = d.release_id
          AND p.time <= %(as_of)s AND p.sealed_at <= %(known_as_of)s
        WHERE d.environment = l.environment AND d.time < l.since
          AND d.sealed_at <= %(known_as_of)s
          AND p.model = l.model AND p.model_version_id <> l.version_id
        ORDER BY d.time DESC, d.event_id DESC
        LIMIT 1)) AS id
       ) AS n
  JOIN registry.release AS b ON b.event_id = n.id
   AND b.time <= %(as_of)s AND b.sealed_at <= %(known_as_of)s
 WHERE NOT coalesce(l.role = 'shadow', false)
   AND b.model_version_id <> l.version_id
),
tested AS (
SELECT DISTINCT ON (f.release_id, f.before_id)
       f.*, NOT EXISTS (
       SELECT FROM lineage.comparison AS c
        WHERE (c.new_id IN (f.version_id, f.release_id)
               AND c.old_id IN (f.before_version_id, f.before_id)
               OR c.old_id IN (f.version_id, f.release_id)
               AND c.new_id IN (f.before_version_id, f.before_id))
          AND c.time <= %(as_of)s AND c.sealed_at <= %(known_as_of)s) AS breached
  FROM follows AS f
 ORDER BY f.release_id, f.before_id, f.deployment_id
)
SELECT t.release_id AS object_id, t.release AS object_name, t.model, t.system_id,
       t.breached, coalesce(t.before, '') AS detail,
       CASE WHEN t.breached
            THEN concat('Release ', t.release, ' (', t.version, ') took the place of ',
                 t.before, ', and no comparison of the two on the same data is recorded.')
            ELSE ''
       END AS cause,
       ARRAY[t.release_id, t.before_id, t.deployment_id] AS evidence
  FROM tested AS t
 ORDER BY t.release_id, detail;
