-- Does something run of which no release, or no deployment, is recorded?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(days)s          int          how many days back is looked
--
-- One row for each service that was observed, newest observation, and for each deployment
-- that was recorded and is not ended.
-- Serves: EU AI Act, Article 49; OSFI E-23, inventory; regulation question Q33.
WITH observed AS (
SELECT DISTINCT ON (o.observer, o.environment, o.service)
       o.event_id, o.time, o.observer, o.environment, o.service, o.deployment_id,
       o.release_digest, o.system_id
  FROM registry.deployment_observation AS o
 WHERE o.time <= %(as_of)s AND o.sealed_at <= %(known_as_of)s
   AND o.time > %(as_of)s - make_interval(days => %(days)s::int)
 ORDER BY o.observer, o.environment, o.service, o.time DESC, o.event_id DESC
),
known AS (
SELECT o.event_id, d.event_id AS deployment_id, r.event_id AS release_id, r.model,
       coalesce(d.system_id, r.system_id) AS system_id
  FROM observed AS o
  LEFT JOIN registry.deployment AS d ON d.time <= %(as_of)s
   AND d.sealed_at <= %(known_as_of)s
   AND (d.event_id = o.deployment_id
        OR (o.deployment_id IS NULL AND d.environment = o.environment
            AND d.service = o.service))
  LEFT JOIN registry.release AS r ON r.event_id = d.release_id
   AND r.time <= %(as_of)s AND r.sealed_at <= %(known_as_of)s
),
seen AS (
SELECT o.event_id, o.time, o.observer, o.environment, o.service,
       coalesce(max(k.system_id), o.system_id) AS system_id, max(k.model) AS model,
       count(k.deployment_id) AS deployments, count(k.release_id) AS releases
  FROM observed AS o
  JOIN known AS k ON k.event_id = o.event_id
 GROUP BY o.event_id, o.time, o.observer, o.environment, o.service, o.system_id
),
recorded AS (
SELECT d.event_id, d.time, d.environment, coalesce(d.service, 'a deployment') AS service,
       d.system_id, r.model, r.event_id AS release_id
  FROM registry.deployment AS d
  LEFT JOIN registry.release AS r ON r.event_id = d.release_id
   AND r.time <= %(as_of)s AND r.sealed_at <= %(known_as_of)s
 WHERE d.time <= %(as_of)s AND d.sealed_at <= %(known_as_of)s
   AND NOT EXISTS (
       SELECT FROM registry.deployment_change AS c
        WHERE c.deployment_id = d.event_id AND c.change = 'deactivated'
          AND c.time <= %(as_of)s AND c.sealed_at <= %(known_as_of)s)
)
SELECT NULL::uuid AS object_id, concat(s.service, ' in ', s.environment) AS object_name,
       s.model, s.system_id, s.releases = 0 AS breached, 'observed' AS detail,
       CASE WHEN s.releases = 0
            THEN concat(s.observer, ' saw ', s.service, ' run in ', s.environment, ' on ',
                 to_char(s.time AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), ' UTC; no ',
                 CASE WHEN s.deployments = 0 THEN 'deployment' ELSE 'release' END,
                 ' of it is recorded.')
            ELSE ''
       END AS cause,
       ARRAY[s.event_id] AS evidence
  FROM seen AS s
 UNION ALL
SELECT r.event_id, concat(r.service, ' in ', r.environment), r.model, r.system_id,
       r.release_id IS NULL, 'recorded',
       CASE WHEN r.release_id IS NULL
            THEN concat(r.service, ' was deployed in ', r.environment, ' on ',
                 to_char(r.time AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
                 ' UTC; the release it refers to is not recorded.')
            ELSE ''
       END,
       ARRAY[r.event_id]
  FROM recorded AS r
 ORDER BY object_name, detail;
