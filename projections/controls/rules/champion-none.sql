-- Has a model that was in use no champion any more?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(minutes)s       int          how long there may be none at a change
-- %(days)s          int          champions that ended longer ago are history
--
-- One row for each service and model that has a champion, or had one in the last days. A
-- model that was retired, or whose system was retired or stopped by a person, has none on
-- purpose.
-- Serves: EU AI Act, Article 12(1).
WITH
-- include live
was AS (
SELECT d.event_id AS deployment_id, d.environment, coalesce(d.service, '') AS service,
       r.model, r.release, coalesce(d.system_id, r.system_id) AS system_id,
       c.time AS ended_at, c.event_id AS end_id
  FROM registry.deployment AS d
  JOIN registry.release AS r ON r.event_id = d.release_id
   AND r.time <= %(as_of)s AND r.sealed_at <= %(known_as_of)s
  JOIN LATERAL (
       SELECT c.time, c.event_id, c.change, c.role
         FROM registry.deployment_change AS c
        WHERE c.deployment_id = d.event_id
          AND c.time <= %(as_of)s AND c.sealed_at <= %(known_as_of)s
        ORDER BY c.time DESC, c.event_id DESC
        LIMIT 1
       ) AS c ON c.change = 'deactivated' OR c.role <> 'champion'
  LEFT JOIN LATERAL (
       SELECT e.kind
         FROM registry.environment AS e
        WHERE e.environment = d.environment
          AND e.time <= %(as_of)s AND e.sealed_at <= %(known_as_of)s
        ORDER BY e.time DESC, e.event_id DESC
        LIMIT 1
       ) AS e ON true
 WHERE d.role = 'champion'
   AND d.time <= %(as_of)s AND d.sealed_at <= %(known_as_of)s
   AND c.time > %(as_of)s - make_interval(days => %(days)s::int)
   AND coalesce(e.kind, '') NOT IN ('development', 'ci', 'training', 'test')
),
place AS (
SELECT l.environment, coalesce(l.service, '') AS service, l.model,
       min(l.system_id) AS system_id, bool_or(l.role = 'champion') AS has_champion,
       min(l.since) AS since, NULL::text AS release,
       array_agg(l.deployment_id) AS evidence
  FROM live AS l
 GROUP BY l.environment, coalesce(l.service, ''), l.model
 UNION ALL
SELECT DISTINCT ON (w.environment, w.service, w.model)
       w.environment, w.service, w.model, w.system_id, false, w.ended_at, w.release,
       ARRAY[w.deployment_id, w.end_id]
  FROM was AS w
 ORDER BY environment, service, model, since DESC
),
summed AS (
SELECT p.environment, p.service, p.model, min(p.system_id) AS system_id,
       bool_or(p.has_champion) AS has_champion, max(p.since) AS since,
       max(p.release) AS release, min(p.evidence) AS evidence
  FROM place AS p
 GROUP BY p.environment, p.service, p.model
),
judged AS (
SELECT s.*,
       NOT s.has_champion
       AND s.since < %(as_of)s - make_interval(mins => %(minutes)s::int)
       AND coalesce(c.lifecycle, '') <> 'retired'
       AND NOT EXISTS (
           SELECT FROM governance.system_retirement AS t
            WHERE t.system = s.system_id AND t.effective_at <= %(as_of)s
              AND t.time <= %(as_of)s AND t.sealed_at <= %(known_as_of)s)
       AND NOT EXISTS (
           SELECT FROM decisions.system_stop AS t
            WHERE t.system = s.system_id
              AND t.time <= %(as_of)s AND t.sealed_at <= %(known_as_of)s
              AND NOT EXISTS (
                  SELECT FROM decisions.system_resumption AS u
                   WHERE u.stop_id = t.event_id
                     AND u.time <= %(as_of)s AND u.sealed_at <= %(known_as_of)s))
       AS breached
  FROM summed AS s
  LEFT JOIN LATERAL (
       SELECT c.lifecycle
         FROM registry.model_change AS c
        WHERE c.model = s.model AND c.lifecycle IS NOT NULL
          AND c.time <= %(as_of)s AND c.sealed_at <= %(known_as_of)s
        ORDER BY c.time DESC, c.event_id DESC
        LIMIT 1
       ) AS c ON true
)
SELECT NULL::uuid AS object_id,
       concat_ws(' in ', coalesce(nullif(j.service, ''), j.model), j.environment)
       AS object_name,
       j.model, j.system_id, j.breached, j.model AS detail,
       CASE WHEN j.breached
            THEN concat('No release of ', j.model, ' is champion in ', j.environment,
                 ' since ', to_char(j.since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
                 ' UTC', '; the last one was ' || j.release, '.')
            ELSE ''
       END AS cause,
       j.evidence
  FROM judged AS j
 ORDER BY j.environment, j.service, j.model;
