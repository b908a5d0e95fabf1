-- Does a deployment fail to answer more often than its version was measured to?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(days)s          int          days back that measurements and decisions are looked at
-- %(sample)s        int          newest decisions looked at, for each deployment
-- %(rows)s          int          rows that must be there before a share is judged
-- %(margin)s        float8       share above the benchmark's that is still borne, 0 to 1
--
-- One row for each live deployment with a benchmark, and each way its errors are known:
-- measured, as decisions by fallback, as rows of a batch without a score. Three standard
-- errors are taken off the share before it is held against the benchmark.
-- Serves: EU AI Act, Article 15(1).
WITH
-- include live
bench AS (
SELECT l.deployment_id, l.name, l.model, l.system_id, b.event_id,
       b.errors::float8 / nullif(b.requests, 0) AS expected
  FROM live AS l
  JOIN LATERAL (
       SELECT b.event_id, b.errors, b.requests
         FROM lineage.benchmark AS b
        WHERE (b.model_version_id = l.version_id OR b.deployment_id = l.deployment_id)
          AND b.kind IN ('latency', 'load')
          AND b.time <= %(as_of)s AND b.sealed_at <= %(known_as_of)s
        ORDER BY b.time DESC, b.event_id DESC
        LIMIT 1
       ) AS b ON true
),
found AS (
SELECT b.deployment_id, 'measured' AS how, m.value AS share, m.rows, m.event_id
  FROM bench AS b
 CROSS JOIN LATERAL (
       SELECT m.value, m.rows, m.event_id
         FROM controls.measurement AS m
        WHERE m.deployment_id = b.deployment_id
          AND m.metric IN ('error_rate', 'fallback_rate') AND m.slice IS NULL
          AND m.window_to > %(as_of)s - make_interval(days => %(days)s::int)
          AND m.time <= %(as_of)s AND m.sealed_at <= %(known_as_of)s
        ORDER BY m.window_to DESC, m.event_id DESC
        LIMIT 1
       ) AS m
 UNION ALL
SELECT b.deployment_id, 'fallback', s.share, s.rows, NULL
  FROM bench AS b
 CROSS JOIN LATERAL (
       SELECT avg((d.path = 'fallback')::int)::float8 AS share, count(*) AS rows
         FROM (
              SELECT d.path
                FROM decisions.decision AS d
               WHERE d.deployment_id = b.deployment_id
                 AND d.time > %(as_of)s - make_interval(days => %(days)s::int)
                 AND d.time <= %(as_of)s AND d.sealed_at <= %(known_as_of)s
               ORDER BY d.time DESC
               LIMIT %(sample)s::int
              ) AS d
       ) AS s
 UNION ALL
SELECT b.deployment_id, 'batch', s.share, s.rows, s.event_id
  FROM bench AS b
 CROSS JOIN LATERAL (
       SELECT s.errors::float8 / nullif(s.rows, 0) AS share, s.rows, s.event_id
         FROM decisions.batch AS s
        WHERE s.deployment_id = b.deployment_id
          AND s.time > %(as_of)s - make_interval(days => %(days)s::int)
          AND s.time <= %(as_of)s AND s.sealed_at <= %(known_as_of)s
        ORDER BY s.time DESC, s.event_id DESC
        LIMIT 1
       ) AS s
),
judged AS (
SELECT b.*, f.how, f.share, f.rows, f.event_id AS found_id,
       f.share - 3 * sqrt(greatest(f.share * (1 - f.share), 0) / f.rows)
       > b.expected + %(margin)s::float8 AS breached
  FROM bench AS b
  JOIN found AS f ON f.deployment_id = b.deployment_id
 WHERE f.share IS NOT NULL AND f.rows >= greatest(%(rows)s::int, 1)
   AND b.expected IS NOT NULL
)
SELECT j.deployment_id AS object_id, j.name AS object_name, j.model, j.system_id,
       j.breached, j.how AS detail,
       CASE WHEN j.breached
            THEN concat(round((100 * j.share)::numeric, 1), ' percent of ', j.rows, ' ',
                 CASE j.how WHEN 'fallback' THEN 'decisions of '
                            WHEN 'batch' THEN 'rows of the newest batch of '
                            ELSE 'measured requests to ' END, j.name,
                 CASE j.how WHEN 'fallback' THEN ' were made by a fallback'
                            ELSE ' failed' END,
                 '; in its benchmark ', round((100 * j.expected)::numeric, 1),
                 ' percent did.')
            ELSE ''
       END AS cause,
       array_remove(ARRAY[j.deployment_id, j.event_id, j.found_id], NULL) AS evidence
  FROM judged AS j
 ORDER BY j.deployment_id, j.how;
