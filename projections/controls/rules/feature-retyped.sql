-- Does a feature have the type in service that it had in training?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(exact)s         text         yes: int64 and float64 differ; no: numbers are numbers
--
-- One row for each feature on both sides, for each live deployment with a sketch. Captured
-- payload has JSON's types alone: there a number is a number, and a time is a text.
-- Serves: EU AI Act, Article 15(1).
WITH
-- include live
-- include columns
both_sides AS (
SELECT t.deployment_id, t.feature, t.type AS trained_as, v.type AS served_as
  FROM trained AS t
  JOIN served AS v ON v.deployment_id = t.deployment_id AND v.feature = t.feature
 WHERE t.type IS NOT NULL AND v.type IS NOT NULL
   AND NOT (v.captured AND (v.type = 'null' OR v.type = 'text' AND t.type ~* '^(date|time)'
                            OR v.type = 'number' AND %(exact)s::text = 'yes'
                               AND t.type ~* '^(u?int|bigint|long|short|float|double|dec)'))
),
kinds AS (
SELECT b.*, k.kinds[1] AS trained_kind, k.kinds[2] AS served_kind
  FROM both_sides AS b
 CROSS JOIN LATERAL (
       SELECT array_agg(
              CASE WHEN %(exact)s::text = 'yes' THEN k.type
                   WHEN k.type ~* '^u?(int(eger|[0-9]+)?$|bigint|long|short)'
                        OR k.type ~* '^(float|double|real|num|dec)'
                   THEN 'number'
                   WHEN k.type ~* '^bool' THEN 'boolean'
                   WHEN k.type ~* '^(str|text|object|categ|utf8|char|varchar|large_str)'
                   THEN 'text'
                   WHEN k.type ~* '^(date|time|timestamp)' THEN 'time'
                   ELSE lower(k.type)
              END ORDER BY k.side) AS kinds
         FROM (VALUES (1, b.trained_as), (2, b.served_as)) AS k (side, type)
       ) AS k
)
SELECT s.deployment_id AS object_id, s.name AS object_name, s.model, s.system_id,
       k.trained_kind <> k.served_kind AS breached, k.feature AS detail,
       CASE WHEN k.trained_kind <> k.served_kind
            THEN concat('The feature "', k.feature, '" was ', k.trained_as,
                 ' when ', s.model, ' ', s.version, ' was trained, and ', s.name,
                 ' is asked with ', k.served_as, ' ', s.seen, '.')
            ELSE ''
       END AS cause,
       ARRAY[s.deployment_id, s.sketch_id, s.version_id] AS evidence
  FROM sketched AS s
  JOIN kinds AS k ON k.deployment_id = s.deployment_id
 ORDER BY s.deployment_id, k.feature;
