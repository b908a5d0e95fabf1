-- Did the decisions of a model in use stop coming?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(hours)s         int          silence that is never too long
-- %(times)s         float8       how many times its longest silence so far may last
-- %(days)s          int          days over which its silences are known
--
-- One row for each service and model that has a champion and ever answered. Silence that
-- something noted from outside explains, such as a holiday, does not count.
-- Serves: EU AI Act, Articles 12(1) and 26(5).
WITH
-- include live
place AS (
SELECT l.environment, coalesce(l.service, '') AS service, l.model,
       min(l.system_id) AS system_id, min(l.deployment_id::text)::uuid AS deployment_id
  FROM live AS l
 WHERE l.role = 'champion'
 GROUP BY l.environment, coalesce(l.service, ''), l.model
),
deployed AS MATERIALIZED (
SELECT p.environment, p.service, p.model, d.event_id AS deployment_id
  FROM place AS p
  JOIN registry.release AS r ON r.model = p.model
   AND r.time <= %(as_of)s AND r.sealed_at <= %(known_as_of)s
  JOIN registry.deployment AS d ON d.release_id = r.event_id
   AND d.environment = p.environment AND coalesce(d.service, '') = p.service
   AND d.time <= %(as_of)s AND d.sealed_at <= %(known_as_of)s
),
answered AS MATERIALIZED (
SELECT t.deployment_id, t.day, t.last
  FROM (
       SELECT x.deployment_id, date_trunc('day', x.time) AS day, max(x.time) AS last
         FROM decisions.decision AS x
        WHERE x.time <= %(as_of)s AND x.sealed_at <= %(known_as_of)s
          AND x.time > %(as_of)s - make_interval(days => %(days)s::int)
        GROUP BY x.deployment_id, date_trunc('day', x.time)
        UNION ALL
       SELECT b.deployment_id, date_trunc('day', b.ended_at), max(b.ended_at)
         FROM decisions.batch AS b
        WHERE b.time <= %(as_of)s AND b.sealed_at <= %(known_as_of)s
          AND b.ended_at > %(as_of)s - make_interval(days => %(days)s::int)
        GROUP BY b.deployment_id, date_trunc('day', b.ended_at)
       ) AS t
),
busy AS (
SELECT d.environment, d.service, d.model, a.day, max(a.last) AS last,
       a.day - lag(a.day) OVER (PARTITION BY d.environment, d.service, d.model
                                ORDER BY a.day) AS gap
  FROM deployed AS d
  JOIN answered AS a ON a.deployment_id = d.deployment_id
 GROUP BY d.environment, d.service, d.model, a.day
),
usual AS (
SELECT b.environment, b.service, b.model, max(b.last) AS last,
       coalesce(max(b.gap), interval '1 day') AS longest
  FROM busy AS b
 GROUP BY b.environment, b.service, b.model
),
explained AS (
SELECT u.*, p.system_id, p.deployment_id,
       greatest(u.last, (
       SELECT max(least(coalesce(c.ends, 'infinity'), %(as_of)s))
         FROM controls.context AS c
        WHERE c.begins <= %(as_of)s
          AND (cardinality(c.systems) = 0 OR p.system_id = ANY (c.systems))
          AND c.time <= %(as_of)s AND c.sealed_at <= %(known_as_of)s)) AS since
  FROM usual AS u
  JOIN place AS p ON p.environment = u.environment AND p.service = u.service
   AND p.model = u.model
),
judged AS (
SELECT e.*,
       %(as_of)s - e.since
       > greatest(make_interval(hours => %(hours)s::int), e.longest * %(times)s::float8)
       AS breached
  FROM explained AS e
)
SELECT NULL::uuid AS object_id,
       concat_ws(' in ', coalesce(nullif(j.service, ''), j.model), j.environment)
       AS object_name,
       j.model, j.system_id, j.breached, j.model AS detail,
       CASE WHEN j.breached
            THEN concat('The last decision of ', j.model, ' in ', j.environment,
                 ' was made on ', to_char(j.last AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
                 ' UTC; before that it was never silent for more than ',
                 extract(day FROM j.longest), ' day(s).')
            ELSE ''
       END AS cause,
       ARRAY[j.deployment_id] AS evidence
  FROM judged AS j
 ORDER BY j.environment, j.service, j.model;
