-- What is watched of a model, what broke its limit, and did somebody look at it?
--
-- %(model)s         text         name of the model; null: all
-- %(system)s        text         models of this AI system; null: all
-- %(since)s         timestamptz  happened then or later; null: no bound
-- %(until)s         timestamptz  happened before then; null: no bound
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row for each monitor, metric, feature and slice that the newest plan names or that
-- was measured; measurements counts those that end in the period. A breach is reviewed
-- when a review names its measurement. review_due: of the oldest breach without a review,
-- by the plan.
-- Serves: EU AI Act, Article 72(1); regulation question Q20.
WITH plan AS (
     SELECT DISTINCT ON (p.model) p.*
       FROM controls.plan AS p
      WHERE p.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
        AND p.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
      ORDER BY p.model, p.time DESC, p.event_id DESC
), measured AS (
     SELECT s.*, w.event_id AS review_id
       FROM controls.measurement AS s
       LEFT JOIN LATERAL (
            SELECT w.event_id
              FROM controls.review AS w
             WHERE s.event_id = ANY (w.measurements) AND w.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
               AND w.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
             ORDER BY w.time, w.event_id
             LIMIT 1
            ) AS w ON true
      WHERE s.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
        AND s.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        AND (%(since)s::timestamptz IS NULL OR s.window_to > %(since)s)
        AND (%(until)s::timestamptz IS NULL OR s.window_to <= %(until)s)
), named AS (
     SELECT p.model, x.monitor, x.metric, coalesce(x.feature, '') AS feature, '' AS slice
       FROM plan AS p
      CROSS JOIN LATERAL jsonb_to_recordset(p.monitors)
                     AS x (monitor text, metric text, feature text)
      WHERE p.enabled
      UNION
     SELECT s.model, s.monitor, s.metric, coalesce(s.feature, ''), coalesce(s.slice, '')
       FROM measured AS s
)
SELECT n.model, n.monitor, n.metric, nullif(n.feature, '') AS feature,
       nullif(n.slice, '') AS slice, p.event_id AS plan_id,
       x.limit_value AS planned_limit, coalesce(m.measurements, 0) AS measurements,
       m.last_id, m.last_value, m.last_limit, m.last_to,
       coalesce(m.breaches, 0) AS breaches, coalesce(m.unreviewed, 0) AS unreviewed,
       m.oldest_id,
       m.oldest + p.review_within_days * interval '1 day' AS review_due,
       w.event_id AS review_id, w.time AS reviewed_at, w.reviewer AS reviewed_by,
       w.decision AS review_decision
  FROM named AS n
  LEFT JOIN plan AS p ON p.model = n.model
  LEFT JOIN LATERAL (
       SELECT x."limit" AS limit_value
         FROM jsonb_to_recordset(p.monitors)
                  AS x (monitor text, metric text, feature text, "limit" float8)
        WHERE x.monitor = n.monitor AND x.metric = n.metric
          AND coalesce(x.feature, '') = n.feature
        LIMIT 1
       ) AS x ON true
  LEFT JOIN LATERAL (
       SELECT count(*) AS measurements,
              (array_agg(s.event_id ORDER BY s.window_to DESC, s.event_id DESC))[1]
                  AS last_id,
              (array_agg(s.value ORDER BY s.window_to DESC, s.event_id DESC))[1]
                  AS last_value,
              (array_agg(s.limit_value ORDER BY s.window_to DESC, s.event_id DESC))[1]
                  AS last_limit,
              max(s.window_to) AS last_to,
              count(*) FILTER (WHERE s.breach) AS breaches,
              count(*) FILTER (WHERE s.breach AND s.review_id IS NULL) AS unreviewed,
              (array_agg(s.event_id ORDER BY s.time, s.event_id)
                   FILTER (WHERE s.breach AND s.review_id IS NULL))[1] AS oldest_id,
              min(s.time) FILTER (WHERE s.breach AND s.review_id IS NULL) AS oldest
         FROM measured AS s
        WHERE s.model IS NOT DISTINCT FROM n.model AND s.monitor = n.monitor
          AND s.metric = n.metric AND coalesce(s.feature, '') = n.feature
          AND coalesce(s.slice, '') = n.slice
       ) AS m ON true
  LEFT JOIN LATERAL (
       SELECT w.*
         FROM controls.review AS w
         JOIN measured AS s ON s.event_id = ANY (w.measurements)
        WHERE s.monitor = n.monitor AND s.metric = n.metric
          AND s.model IS NOT DISTINCT FROM n.model
          AND coalesce(s.feature, '') = n.feature AND coalesce(s.slice, '') = n.slice
          AND w.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND w.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY w.time DESC, w.event_id DESC
        LIMIT 1
       ) AS w ON true
 WHERE (%(model)s::text IS NULL OR n.model = %(model)s)
   AND (%(system)s::text IS NULL OR n.model IN (
       SELECT m.model FROM registry.model AS m WHERE m.system_id = %(system)s))
 ORDER BY n.model, n.monitor, n.metric, n.feature, n.slice;
