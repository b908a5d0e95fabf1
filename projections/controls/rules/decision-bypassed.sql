-- Was the model passed over: a case decided again by a rule or a person, or too many so?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(days)s          int          how many days back is looked
-- %(share)s         float8       share of decisions that may come from elsewhere, 0 to 1
-- %(minimum)s       int          decisions that must be there before a share is judged
--
-- Two rows a deployment that decided: one for cases that the model had decided and that a
-- fallback or a person then decided otherwise, without a review and without a link to the
-- first decision; one for the share of decisions that did not come from the model.
-- Serves: EU AI Act, Articles 14(4) and 26(5); regulation question Q40.
WITH made AS MATERIALIZED (
SELECT x.event_id, x.time, x.deployment_id, x.case_id, coalesce(x.use, '') AS use,
       x.path, x.output, x.replaces_decision_id
  FROM decisions.decision AS x
 WHERE x.mode <> 'shadow'
   AND x.time <= %(as_of)s AND x.sealed_at <= %(known_as_of)s
   AND x.time > %(as_of)s - make_interval(days => %(days)s::int)
),
passed AS (
SELECT b.deployment_id, b.event_id, b.time, f.event_id AS first_id
  FROM made AS b
  JOIN made AS f ON f.case_id = b.case_id AND f.use = b.use AND f.path = 'model'
   AND f.time < b.time AND f.output IS DISTINCT FROM b.output
 WHERE b.path IN ('fallback', 'manual') AND b.replaces_decision_id IS NULL
   AND NOT EXISTS (
       SELECT FROM decisions.review AS v
        WHERE v.decision_id IN (b.event_id, f.event_id)
          AND v.time <= %(as_of)s AND v.sealed_at <= %(known_as_of)s)
),
summed AS (
SELECT m.deployment_id, count(*) AS decisions,
       count(*) FILTER (WHERE m.path IN ('fallback', 'manual')) AS elsewhere,
       (array_agg(m.event_id ORDER BY m.time)
        FILTER (WHERE m.path IN ('fallback', 'manual')))[1:20] AS evidence
  FROM made AS m
 GROUP BY m.deployment_id
),
again AS (
SELECT p.deployment_id, count(DISTINCT p.event_id) AS cases,
       (array_agg(p.event_id ORDER BY p.time))[1:20]
       || (array_agg(p.first_id ORDER BY p.time))[1:20] AS evidence
  FROM passed AS p
 GROUP BY p.deployment_id
),
judged AS (
SELECT s.deployment_id, 'case' AS detail, a.deployment_id IS NOT NULL AS breached,
       concat(a.cases, ' case(s) that the model had decided were decided otherwise by a ',
       'rule or a person, without a review and without naming the first decision.')
       AS cause,
       a.evidence
  FROM summed AS s
  LEFT JOIN again AS a ON a.deployment_id = s.deployment_id
 UNION ALL
SELECT s.deployment_id, 'share',
       s.decisions >= %(minimum)s::int AND s.elsewhere > s.decisions * %(share)s::float8,
       concat(s.elsewhere, ' of ', s.decisions, ' decisions did not come from the model (',
       round(100.0 * s.elsewhere / s.decisions, 1), ' percent).'),
       s.evidence
  FROM summed AS s
)
SELECT j.deployment_id AS object_id, concat_ws(' in ', r.release, d.environment)
       AS object_name,
       r.model, coalesce(d.system_id, r.system_id) AS system_id, j.breached, j.detail,
       CASE WHEN j.breached
            THEN concat(r.release, ' in ', d.environment, ': ', j.cause)
            ELSE ''
       END AS cause,
       CASE WHEN j.breached THEN j.evidence ELSE ARRAY[]::uuid[] END AS evidence
  FROM judged AS j
  LEFT JOIN registry.deployment AS d ON d.event_id = j.deployment_id
   AND d.time <= %(as_of)s AND d.sealed_at <= %(known_as_of)s
  LEFT JOIN registry.release AS r ON r.event_id = d.release_id
   AND r.time <= %(as_of)s AND r.sealed_at <= %(known_as_of)s
 ORDER BY j.deployment_id, j.detail;
