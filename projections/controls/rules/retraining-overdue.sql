-- Was each model that runs trained again when it was due?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(grace_days)s    int          days that it may be late, such as over a holiday
--
-- One row for each model that runs and whose plan says how often it is trained. What counts
-- is the newest version of the model that was released: a training that leads to no
-- release makes no model younger.
-- Serves: EU AI Act, Article 15(3).
WITH
-- include live
-- include plan
tested AS (
SELECT p.*, v.version_id, v.version, v.made_at,
       v.made_at + make_interval(secs => p.retrain_every_days * 86400) AS due
  FROM plan AS p
 CROSS JOIN LATERAL (
       SELECT v.event_id AS version_id, v.version, v.time AS made_at
         FROM registry.release AS r
         JOIN registry.model_version AS v ON v.event_id = r.model_version_id
          AND v.time <= %(as_of)s AND v.sealed_at <= %(known_as_of)s
        WHERE r.model = p.model
          AND r.time <= %(as_of)s AND r.sealed_at <= %(known_as_of)s
        ORDER BY v.time DESC, v.event_id DESC
        LIMIT 1
       ) AS v
 WHERE p.retrain_every_days IS NOT NULL
),
judged AS (
SELECT t.*, t.due + make_interval(days => %(grace_days)s::int) < %(as_of)s AS breached
  FROM tested AS t
)
SELECT j.model_id AS object_id, j.model AS object_name, j.model, j.system_id, j.breached,
       '' AS detail,
       CASE WHEN j.breached
            THEN concat('The training of ', j.model, ' was due on ',
                 to_char(j.due AT TIME ZONE 'UTC', 'YYYY-MM-DD'), ' (every ',
                 j.retrain_every_days, ' days); its newest released version ', j.version,
                 ' was made on ', to_char(j.made_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'), '.')
            ELSE ''
       END AS cause,
       array_remove(ARRAY[j.model_id, j.plan_id, j.version_id], NULL) AS evidence
  FROM judged AS j
 ORDER BY j.model;
