-- Does a deployment answer slower than its version was measured to?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(factor)s        float8       live latency over benchmark that is still borne
-- %(days)s          int          days back that measurements and decisions are looked at
-- %(sample)s        int          newest decisions looked at, for each deployment
-- %(rows)s          int          rows that must be there; five times as many for a p95,
--                                ten times as many for a p99 of decisions
--
-- One row for each live deployment whose version or itself has a benchmark. Measurements of
-- the same metric are taken where there are any, else decisions. Of several quantiles the
-- one that is worst counts. A benchmark that calls the version slower than what it was
-- measured beside is a breach too.
-- Serves: EU AI Act, Article 15(1).
WITH
-- include live
bench AS (
SELECT l.deployment_id, l.name, l.model, l.system_id, b.event_id, b.slower,
       m.found ->> 'name' AS metric, (m.found ->> 'value')::float8 AS value
  FROM live AS l
  JOIN LATERAL (
       SELECT b.event_id, b.slower, b.metrics
         FROM lineage.benchmark AS b
        WHERE (b.model_version_id = l.version_id OR b.deployment_id = l.deployment_id)
          AND b.kind IN ('latency', 'load')
          AND b.time <= %(as_of)s AND b.sealed_at <= %(known_as_of)s
        ORDER BY b.time DESC, b.event_id DESC
        LIMIT 1
       ) AS b ON true
  LEFT JOIN jsonb_array_elements(b.metrics) AS m (found)
    ON m.found ->> 'name' IN ('latency_us.p50', 'latency_us.p95', 'latency_us.p99')
   AND m.found ->> 'slice' IS NULL
),
measured AS (
SELECT DISTINCT ON (m.deployment_id, m.metric)
       m.deployment_id, m.metric, m.value, m.rows, m.event_id
  FROM controls.measurement AS m
 WHERE m.deployment_id IN (SELECT b.deployment_id FROM bench AS b)
   AND m.metric IN ('latency_us.p50', 'latency_us.p95', 'latency_us.p99')
   AND m.slice IS NULL AND m.rows >= %(rows)s::int
   AND m.window_to > %(as_of)s - make_interval(days => %(days)s::int)
   AND m.time <= %(as_of)s AND m.sealed_at <= %(known_as_of)s
 ORDER BY m.deployment_id, m.metric, m.window_to DESC, m.event_id DESC
),
decided AS (
SELECT b.deployment_id, q.metric, q.value, q.rows
  FROM (SELECT DISTINCT b.deployment_id FROM bench AS b) AS b
 CROSS JOIN LATERAL (
       SELECT count(*) AS rows,
              percentile_cont(ARRAY[0.5, 0.95, 0.99])
              WITHIN GROUP (ORDER BY d.latency_us) AS found
         FROM (
              SELECT d.latency_us
                FROM decisions.decision AS d
               WHERE d.deployment_id = b.deployment_id AND d.latency_us IS NOT NULL
                 AND d.time > %(as_of)s - make_interval(days => %(days)s::int)
                 AND d.time <= %(as_of)s AND d.sealed_at <= %(known_as_of)s
               ORDER BY d.time DESC
               LIMIT %(sample)s::int
              ) AS d
       ) AS s
 CROSS JOIN LATERAL (VALUES
       ('latency_us.p50', s.found[1], s.rows, 1),
       ('latency_us.p95', s.found[2], s.rows, 5),
       ('latency_us.p99', s.found[3], s.rows, 10)
       ) AS q (metric, value, rows, times)
 WHERE q.rows >= q.times * %(rows)s::int
),
compared AS (
SELECT b.*, coalesce(m.value, d.value) AS found, coalesce(m.rows, d.rows) AS rows,
       m.event_id AS measurement_id,
       coalesce(m.value, d.value) / nullif(b.value, 0) AS ratio
  FROM bench AS b
  LEFT JOIN measured AS m ON m.deployment_id = b.deployment_id AND m.metric = b.metric
  LEFT JOIN decided AS d ON d.deployment_id = b.deployment_id AND d.metric = b.metric
),
worst AS (
SELECT DISTINCT ON (c.deployment_id)
       c.*, coalesce(c.ratio > %(factor)s::float8, false) AS slow
  FROM compared AS c
 WHERE c.ratio IS NOT NULL OR c.slower
 ORDER BY c.deployment_id, c.ratio DESC NULLS LAST, c.metric
)
SELECT w.deployment_id AS object_id, w.name AS object_name, w.model, w.system_id,
       w.slow OR coalesce(w.slower, false) AS breached, '' AS detail,
       CASE WHEN w.slow
            THEN concat(w.name, ' answers with ', w.metric, ' of ', round(w.found),
                 ' (', w.rows, ' rows), ', round(w.ratio::numeric, 2),
                 ' times the ', round(w.value), ' of its benchmark.')
            WHEN w.slower
            THEN concat(w.name, ' runs, and its benchmark calls it slower than what it ',
                 'was measured beside, beyond chance.')
            ELSE ''
       END AS cause,
       array_remove(
       ARRAY[w.deployment_id, w.event_id, w.measurement_id], NULL) AS evidence
  FROM worst AS w
 ORDER BY w.deployment_id;
