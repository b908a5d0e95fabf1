-- plan: what is planned for each model that runs: the newest plan, and since when the model
-- has had one. Needs live.
running AS (
SELECT DISTINCT ON (l.model)
       l.model, l.system_id, min(l.since) OVER (PARTITION BY l.model) AS since,
       m.event_id AS model_id
  FROM live AS l
  LEFT JOIN registry.model AS m ON m.model = l.model
   AND m.time <= %(as_of)s AND m.sealed_at <= %(known_as_of)s
 WHERE l.model IS NOT NULL
 ORDER BY l.model, m.time DESC NULLS LAST, m.event_id DESC
),
plan AS MATERIALIZED (
SELECT r.model_id, r.model, r.system_id, r.since, p.event_id AS plan_id, p.first_at,
       CASE WHEN p.enabled THEN p.review_within_days END AS review_within_days,
       CASE WHEN p.enabled THEN p.review_every_days END AS review_every_days,
       CASE WHEN p.enabled THEN p.validate_every_days END AS validate_every_days,
       CASE WHEN p.enabled THEN p.retrain_every_days END AS retrain_every_days,
       CASE WHEN p.enabled THEN p.label_within_days END AS label_within_days,
       CASE WHEN p.enabled THEN p.label_share END AS label_share
  FROM running AS r
  LEFT JOIN LATERAL (
       SELECT p.*, min(p.time) OVER () AS first_at
         FROM controls.plan AS p
        WHERE p.model = r.model
          AND p.time <= %(as_of)s AND p.sealed_at <= %(known_as_of)s
        ORDER BY p.time DESC, p.event_id DESC
        LIMIT 1
       ) AS p ON true
),
