-- Did events reach the ledger long after they are said to have happened?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(hours)s         int          hours between an event and its seal that are not late
-- %(days)s          int          how many days back is looked
--
-- One row for each deployment that decided, and for each system and type of other events.
-- Imported history, and environments of kind edge, deliver late by nature.
-- Serves: EU AI Act, Article 12(1); regulation question Q04.
WITH made AS MATERIALIZED (
SELECT x.deployment_id, count(*) AS late, max(x.sealed_at - x.time) AS worst,
       (array_agg(x.event_id ORDER BY x.sealed_at - x.time DESC))[1:20] AS evidence
  FROM decisions.decision AS x
 WHERE x.time <= %(as_of)s AND x.sealed_at <= %(known_as_of)s
   AND x.sealed_at > %(as_of)s - make_interval(days => %(days)s::int)
   AND x.sealed_at - x.time > make_interval(hours => %(hours)s::int)
 GROUP BY x.deployment_id
),
tested AS (
SELECT d.event_id AS deployment_id, d.environment, r.release, r.model,
       coalesce(d.system_id, r.system_id) AS system_id
  FROM registry.deployment AS d
  LEFT JOIN registry.release AS r ON r.event_id = d.release_id
   AND r.time <= %(as_of)s AND r.sealed_at <= %(known_as_of)s
  LEFT JOIN LATERAL (
       SELECT e.kind
         FROM registry.environment AS e
        WHERE e.environment = d.environment
          AND e.time <= %(as_of)s AND e.sealed_at <= %(known_as_of)s
        ORDER BY e.time DESC, e.event_id DESC
        LIMIT 1
       ) AS e ON true
 WHERE d.time <= %(as_of)s AND d.sealed_at <= %(known_as_of)s
   AND coalesce(e.kind, '') <> 'edge'
   AND NOT EXISTS (
       SELECT FROM registry.deployment_change AS c
        WHERE c.deployment_id = d.event_id AND c.change = 'deactivated'
          AND c.time <= %(as_of)s - make_interval(days => %(days)s::int)
          AND c.sealed_at <= %(known_as_of)s)
),
other AS (
SELECT e.system_id, e.type,
       count(*) FILTER (
       WHERE e.sealed_at - e.time > make_interval(hours => %(hours)s::int)) AS late,
       max(e.sealed_at - e.time) AS worst,
       (array_agg(e.event_id ORDER BY e.sealed_at - e.time DESC))[1:20] AS evidence
  FROM integrity.event AS e
 WHERE e.system_id IS NOT NULL AND e.basis <> 'imported'
   AND e.time <= %(as_of)s AND e.sealed_at <= %(known_as_of)s
   AND e.sealed_at > %(as_of)s - make_interval(days => %(days)s::int)
 GROUP BY e.system_id, e.type
)
SELECT t.deployment_id AS object_id, concat_ws(' in ', t.release, t.environment)
       AS object_name,
       t.model, t.system_id, m.deployment_id IS NOT NULL AS breached, '' AS detail,
       CASE WHEN m.deployment_id IS NULL THEN ''
            ELSE concat(m.late, ' decision(s) of ', t.release, ' in ', t.environment,
                 ' were sealed more than ', %(hours)s::int,
                 ' hours after they were made; the latest after ',
                 round(extract(epoch FROM m.worst) / 3600), ' hours.')
       END AS cause,
       m.evidence
  FROM tested AS t
  LEFT JOIN made AS m ON m.deployment_id = t.deployment_id
 UNION ALL
SELECT NULL, concat(o.system_id, ' ', o.type), NULL, o.system_id, o.late > 0, 'events',
       CASE WHEN o.late > 0
            THEN concat(o.late, ' event(s) ', o.type, ' of ', o.system_id,
                 ' were sealed late; the latest after ',
                 round(extract(epoch FROM o.worst) / 3600), ' hours.')
            ELSE ''
       END,
       CASE WHEN o.late > 0 THEN o.evidence ELSE ARRAY[]::uuid[] END
  FROM other AS o
 ORDER BY object_name, detail;
