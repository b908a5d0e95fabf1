-- Was a deployment seen to call a service that its release does not name?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(days)s          int          how many days back is looked
--
-- One row for each service that a running deployment was seen to call.
-- Serves: EU AI Act, Article 12(1).
WITH
-- include live
called AS (
SELECT l.deployment_id, s.service, min(o.time) AS since,
       array_agg(o.event_id ORDER BY o.time) AS evidence,
       (array_agg(o.observer ORDER BY o.time))[1] AS observer
  FROM live AS l
  JOIN registry.deployment_observation AS o ON o.deployment_id = l.deployment_id
 CROSS JOIN LATERAL unnest(o.backing_services) AS s (service)
 WHERE o.time <= %(as_of)s AND o.sealed_at <= %(known_as_of)s
   AND o.time > %(as_of)s - make_interval(days => %(days)s::int)
 GROUP BY l.deployment_id, s.service
)
SELECT l.deployment_id AS object_id, l.name AS object_name, l.model, l.system_id,
       c.service <> ALL (r.backing_services) AS breached, c.service AS detail,
       CASE WHEN c.service <> ALL (r.backing_services)
            THEN concat(c.observer, ' saw ', l.name, ' call ', c.service, ' from ',
                 to_char(c.since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
                 ' UTC; the release names ',
                 coalesce(nullif(array_to_string(r.backing_services, ', '), ''), 'none'),
                 '.')
            ELSE ''
       END AS cause,
       l.release_id || c.evidence AS evidence
  FROM live AS l
  JOIN registry.release AS r ON r.event_id = l.release_id
   AND r.time <= %(as_of)s AND r.sealed_at <= %(known_as_of)s
  JOIN called AS c ON c.deployment_id = l.deployment_id
 ORDER BY l.deployment_id, c.service;
