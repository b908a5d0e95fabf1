-- Has a feature that varied in training become one value in service?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(rows)s          int          values that must be there before a feature is judged
-- %(chance)s        float8       largest probability at which it may be mere chance
--
-- One row for each feature whose training sketch shows that it varied, for each live
-- deployment. The share p of the commonest value in training is bounded from above by the
-- counts by value, by equal quantiles, and by p <= 1 - (deviation / range)^2; n values all
-- alike then have a probability of at most p^n.
-- Serves: EU AI Act, Article 15(1).
WITH
-- include live
-- include columns
learned AS (
SELECT s.deployment_id, t.seen ->> 'name' AS feature,
       (t.seen ->> 'count')::float8 AS count,
       (t.seen ->> 'distinct')::float8 AS distinct_values,
       (t.seen ->> 'maximum')::float8 - (t.seen ->> 'minimum')::float8 AS range,
       (t.seen ->> 'deviation')::float8 AS deviation,
       t.seen -> 'quantiles' AS quantiles, t.seen -> 'categories' AS categories
  FROM sketched AS s
 CROSS JOIN LATERAL jsonb_array_elements(s.training_columns) AS t (seen)
),
varied AS (
SELECT l.deployment_id, l.feature, l.distinct_values,
       least(1.0, c.share, q.share,
             1 - power(l.deviation / nullif(l.range, 0), 2)) AS commonest
  FROM learned AS l
  LEFT JOIN LATERAL (
       SELECT max(c.value::float8) / nullif(l.count, 0) AS share
         FROM jsonb_each_text(l.categories) AS c (key, value)
       ) AS c ON true
  LEFT JOIN LATERAL (
       SELECT (max(e.times) + 1) / nullif(sum(e.times) - 1, 0) AS share
         FROM (SELECT count(*) AS times
                 FROM jsonb_array_elements_text(l.quantiles) AS q (value)
                GROUP BY q.value) AS e
       ) AS q ON true
 WHERE coalesce(l.distinct_values, 2) > 1 AND coalesce(l.deviation, 1) > 0
),
judged AS (
SELECT s.deployment_id, s.name, s.model, s.version, s.system_id, s.sketch_id,
       s.training_id, s.seen, v.feature, w.distinct_values,
       (v.seen ->> 'count')::bigint AS count,
       coalesce(v.seen ->> 'minimum', (
       SELECT min(k.key) FROM jsonb_object_keys(v.seen -> 'categories') AS k (key)
       )) AS value,
       (v.seen ->> 'count')::bigint >= %(rows)s::int
       AND coalesce((v.seen ->> 'distinct')::bigint = 1,
                    (v.seen ->> 'deviation')::float8 = 0, false)
       AND w.commonest < 1
       AND (v.seen ->> 'count')::bigint * ln(greatest(w.commonest, 1e-9))
           < ln(%(chance)s::float8) AS breached
  FROM sketched AS s
  JOIN served AS v ON v.deployment_id = s.deployment_id
  JOIN varied AS w ON w.deployment_id = v.deployment_id AND w.feature = v.feature
)
SELECT j.deployment_id AS object_id, j.name AS object_name, j.model, j.system_id,
       j.breached, j.feature AS detail,
       CASE WHEN j.breached
            THEN concat('The feature "', j.feature, '" had one value',
                 ' (' || j.value || ')', ' in all ', j.count, ' requests to ', j.name,
                 ' ', j.seen, '; in the training of ', j.model, ' ', j.version,
                 ' it varied',
                 ' over about ' || j.distinct_values || ' values', '.')
            ELSE ''
       END AS cause,
       ARRAY[j.deployment_id, j.sketch_id, j.training_id] AS evidence
  FROM judged AS j
 ORDER BY j.deployment_id, j.feature;
