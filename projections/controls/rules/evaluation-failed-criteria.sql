-- Does a version run that failed its test?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(recent_days)s   int          days for which a release or request makes a candidate
--
-- One row for each version that runs, but for shadows, and each of its newest tests and
-- comparisons. It is breached when the test says that it failed, or when a measured value
-- is on the wrong side of a criterion, whatever the test says.
-- Serves: EU AI Act, Articles 9(6) and 15(1).
WITH
-- include live
-- include candidate
-- include judgement
tested AS (
SELECT DISTINCT ON (l.version_id, j.event_id)
       l.version_id, concat(l.model, ' ', l.version) AS version, l.name, l.model,
       l.system_id, l.deployment_id, j.what, j.event_id, j.passed, m.metric, m.slice,
       m.value, m.direction, m.limit_value, m.criterion_id
  FROM live AS l
  JOIN judgements AS j ON j.version_id = l.version_id
  LEFT JOIN LATERAL (
       SELECT s.event_id AS criterion_id, s.metric, s.slice, s.direction, s.limit_value,
              (e.found ->> 'value')::float8 AS value
         FROM unnest(j.criteria) AS k (criterion_id)
         JOIN lineage.criterion AS s ON s.event_id = k.criterion_id
          AND s.time <= %(as_of)s AND s.sealed_at <= %(known_as_of)s
         JOIN jsonb_array_elements(j.metrics) AS e (found)
           ON e.found ->> 'name' = s.metric
          AND e.found ->> 'slice' IS NOT DISTINCT FROM s.slice
        WHERE CASE s.direction
              WHEN 'at_least' THEN (e.found ->> 'value')::float8 < s.limit_value
              WHEN 'at_most' THEN (e.found ->> 'value')::float8 > s.limit_value
              ELSE false END
        ORDER BY s.metric, s.slice, s.event_id
        LIMIT 1
       ) AS m ON true
 WHERE NOT coalesce(l.role = 'shadow', false)
 ORDER BY l.version_id, j.event_id, l.deployment_id
),
judged AS (
SELECT t.*, t.criterion_id IS NOT NULL OR coalesce(NOT t.passed, false) AS breached
  FROM tested AS t
)
SELECT j.version_id AS object_id, j.version AS object_name, j.model, j.system_id,
       j.breached, j.what AS detail,
       CASE WHEN NOT j.breached THEN ''
            WHEN j.criterion_id IS NULL
            THEN concat(j.version, ' failed its ', j.what, ' and runs as ', j.name, '.')
            ELSE concat(j.version, ' reached ', j.metric, ' ', j.value, ' on ' || j.slice,
                 ' in its ', j.what, ' where ', replace(j.direction, '_', ' '), ' ',
                 j.limit_value, ' was demanded, and runs as ', j.name, '.')
       END AS cause,
       array_remove(
       ARRAY[j.version_id, j.event_id, j.criterion_id, j.deployment_id], NULL) AS evidence
  FROM judged AS j
 ORDER BY j.version_id, detail;
