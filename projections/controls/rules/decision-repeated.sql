-- Was the same case decided by the model more than once, and nobody said which counts?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(days)s          int          how many days back is looked
--
-- One row a deployment that decided. A later decision that names the one it takes the
-- place of is none; neither are shadow decisions, which have no effect.
-- Serves: EU AI Act, Article 12(1); regulation question Q40.
WITH made AS MATERIALIZED (
SELECT x.event_id, x.time, x.deployment_id, x.case_id, coalesce(x.use, '') AS use,
       x.output, x.replaces_decision_id,
       count(*) OVER (PARTITION BY x.case_id, coalesce(x.use, '')) AS times
  FROM decisions.decision AS x
 WHERE x.case_id IS NOT NULL AND x.path = 'model' AND x.mode <> 'shadow'
   AND x.time <= %(as_of)s AND x.sealed_at <= %(known_as_of)s
   AND x.time > %(as_of)s - make_interval(days => %(days)s::int)
),
linked AS (
SELECT m.event_id, m.time, m.deployment_id, m.case_id, m.output, m.replaces_decision_id,
       row_number() OVER w AS number,
       lag(m.event_id) OVER w AS before_id, lag(m.output) OVER w AS before_output
  FROM made AS m
 WHERE m.times > 1
WINDOW w AS (PARTITION BY m.case_id, m.use ORDER BY m.time, m.event_id)
),
summed AS (
SELECT m.deployment_id, count(r.event_id) AS repeated,
       count(r.event_id) FILTER (WHERE r.output IS DISTINCT FROM r.before_output)
       AS otherwise,
       (array_agg(r.event_id ORDER BY r.time) FILTER (WHERE r.event_id IS NOT NULL))[1:20]
       || (array_agg(r.before_id ORDER BY r.time)
           FILTER (WHERE r.event_id IS NOT NULL))[1:20] AS evidence
  FROM made AS m
  LEFT JOIN linked AS r ON r.event_id = m.event_id AND r.number > 1
   AND r.replaces_decision_id IS NULL
 GROUP BY m.deployment_id
)
SELECT s.deployment_id AS object_id, concat_ws(' in ', r.release, d.environment)
       AS object_name,
       r.model, coalesce(d.system_id, r.system_id) AS system_id, s.repeated > 0 AS breached,
       '' AS detail,
       CASE WHEN s.repeated > 0
            THEN concat(r.release, ' in ', d.environment, ' decided ', s.repeated,
                 ' time(s) on a case that had been decided before, ', s.otherwise,
                 ' of them otherwise; none says which decision it takes the place of.')
            ELSE ''
       END AS cause,
       s.evidence
  FROM summed AS s
  LEFT JOIN registry.deployment AS d ON d.event_id = s.deployment_id
   AND d.time <= %(as_of)s AND d.sealed_at <= %(known_as_of)s
  LEFT JOIN registry.release AS r ON r.event_id = d.release_id
   AND r.time <= %(as_of)s AND r.sealed_at <= %(known_as_of)s
 ORDER BY s.deployment_id;
