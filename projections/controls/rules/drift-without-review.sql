-- Did somebody look in time at a measurement that was out of bounds?
--
-- %(as_of)s           timestamptz  when it was true
-- %(known_as_of)s     timestamptz  what had been sealed by then
-- %(look_back_days)s  int          days back that measurements are looked at
-- %(within_days)s     int          days to a review where no plan says how many
--
-- One row for each monitor, feature and slice that was measured of a live deployment or of
-- a model that runs. The days count from when the breach was known: its time, or, where it
-- was delivered late, when it was sealed. A review counts that names the measurement, or
-- that looked at the model, the deployment or the data after it was made and sealed; a late
-- review heals.
-- Serves: EU AI Act, Articles 26(5) and 72(1).
WITH
-- include live
-- include plan
measured AS (
SELECT m.event_id, m.monitor, m.metric, m.feature, m.slice, m.value, m.limit_value,
       m.breach, m.deployment_id, m.dataset_version_id, m.time, m.sealed_at,
       greatest(m.time, m.sealed_at) AS known_at,
       l.version_id, p.model_id, p.model, p.system_id, p.plan_id,
       coalesce(p.review_within_days, %(within_days)s::int) AS within_days
  FROM controls.measurement AS m
  LEFT JOIN live AS l ON l.deployment_id = m.deployment_id
  JOIN plan AS p ON p.model = coalesce(l.model, m.model)
 WHERE m.time > %(as_of)s - make_interval(days => %(look_back_days)s::int)
   AND m.time <= %(as_of)s AND m.sealed_at <= %(known_as_of)s
   AND (m.deployment_id IS NULL OR l.deployment_id IS NOT NULL)
),
judged AS (
SELECT m.*, m.breach
       AND m.known_at + make_interval(secs => m.within_days * 86400) < %(as_of)s
       AND NOT EXISTS (
       SELECT FROM controls.review AS v
        WHERE (m.event_id = ANY (v.measurements)
               OR v.time >= m.time AND v.sealed_at >= m.sealed_at
               AND (v.model = m.model AND v.kind = 'model'
                    OR v.object_id IN
                       (m.deployment_id, m.version_id, m.dataset_version_id)))
          AND v.time <= %(as_of)s AND v.sealed_at <= %(known_as_of)s) AS breached
  FROM measured AS m
),
tested AS (
SELECT DISTINCT ON (j.model, j.deployment_id, j.monitor, j.feature, j.slice)
       j.*
  FROM judged AS j
 ORDER BY j.model, j.deployment_id, j.monitor, j.feature, j.slice, j.breached DESC,
       j.known_at, j.event_id
)
SELECT coalesce(t.deployment_id, t.model_id) AS object_id,
       coalesce(l.name, t.model) AS object_name, t.model, t.system_id, t.breached,
       concat_ws(' ', t.monitor, t.feature, t.slice) AS detail,
       CASE WHEN t.breached
            THEN concat('The monitor ', t.monitor, ' of ', coalesce(l.name, t.model),
                 ' found ', t.metric, ' ', round(t.value::numeric, 4),
                 ' for ' || t.feature, ' on ' || t.slice,
                 ' (limit ' || t.limit_value || ')', ' on ',
                 to_char(t.time AT TIME ZONE 'UTC', 'YYYY-MM-DD'),
                 ', and nobody reviewed it within ', t.within_days, ' days.')
            ELSE ''
       END AS cause,
       array_remove(ARRAY[t.event_id, t.plan_id], NULL) AS evidence
  FROM tested AS t
  LEFT JOIN live AS l ON l.deployment_id = t.deployment_id
 ORDER BY object_id, detail;
