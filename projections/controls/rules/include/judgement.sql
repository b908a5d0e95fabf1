-- judgement: the newest tests of each kind, and comparisons with a version before, that a
-- candidate was held to criteria in. Needs candidate.
judgement AS MATERIALIZED (
SELECT DISTINCT ON (c.version_id, e.kind)
       c.version_id, concat(e.kind, ' test') AS what, e.event_id, e.time, e.sealed_at,
       e.criteria, e.metrics, e.passed
  FROM candidate AS c
  JOIN lineage.evaluation AS e ON e.model_version_id = c.version_id
   AND e.time <= %(as_of)s AND e.sealed_at <= %(known_as_of)s
 WHERE e.passed IS NOT NULL OR cardinality(e.criteria) > 0
 ORDER BY c.version_id, e.kind, e.time DESC, e.event_id DESC
),
comparison AS MATERIALIZED (
SELECT DISTINCT ON (c.version_id, e.kind)
       c.version_id, concat('test of ', e.kind) AS what, e.event_id, e.time, e.sealed_at,
       e.criteria, e.metrics, e.passed
  FROM candidate AS c
  JOIN lineage.comparison AS e ON e.new_id = c.version_id
   AND e.time <= %(as_of)s AND e.sealed_at <= %(known_as_of)s
 WHERE e.passed IS NOT NULL OR cardinality(e.criteria) > 0
 ORDER BY c.version_id, e.kind, e.time DESC, e.event_id DESC
),
judgements AS (
SELECT * FROM judgement
 UNION ALL
SELECT * FROM comparison
),
