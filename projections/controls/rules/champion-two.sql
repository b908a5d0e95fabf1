-- Do two releases of a model both answer as champion at one service?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(minutes)s       int          how long one may overlap the other at a change
--
-- One row for each service and model that has a champion.
-- Serves: EU AI Act, Article 12(1).
WITH
-- include live
champion AS (
SELECT l.environment, coalesce(l.service, '') AS service, l.model, l.system_id,
       l.deployment_id, l.release, coalesce(c.time, l.since) AS since
  FROM live AS l
  LEFT JOIN LATERAL (
       SELECT c.time
         FROM registry.deployment_change AS c
        WHERE c.deployment_id = l.deployment_id
          AND c.time <= %(as_of)s AND c.sealed_at <= %(known_as_of)s
        ORDER BY c.time DESC, c.event_id DESC
        LIMIT 1
       ) AS c ON true
 WHERE l.role = 'champion'
),
summed AS (
SELECT c.environment, c.service, c.model, min(c.system_id) AS system_id,
       count(*) AS champions,
       count(*) FILTER (WHERE c.since < %(as_of)s
                        - make_interval(mins => %(minutes)s::int)) AS settled,
       string_agg(c.release, ' and ' ORDER BY c.since) AS releases,
       max(c.since) AS since, array_agg(c.deployment_id ORDER BY c.since) AS evidence
  FROM champion AS c
 GROUP BY c.environment, c.service, c.model
)
SELECT NULL::uuid AS object_id,
       concat_ws(' in ', coalesce(nullif(s.service, ''), s.model), s.environment)
       AS object_name,
       s.model, s.system_id, s.settled > 1 AS breached, s.model AS detail,
       CASE WHEN s.settled > 1
            THEN concat('Champion of ', s.model, ' in ', s.environment, ' at the same time, since ',
                 to_char(s.since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), ' UTC: ',
                 s.releases, '.')
            ELSE ''
       END AS cause,
       s.evidence
  FROM summed AS s
 ORDER BY s.environment, s.service, s.model;
