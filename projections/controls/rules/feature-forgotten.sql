-- Is a deployment asked without a feature that its model was trained with?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
--
-- One row for each feature of the version that each live deployment with a sketch runs. It
-- is breached when the newest sketch lacks the feature, or knows it by missing values only.
-- Serves: EU AI Act, Article 26(4).
WITH
-- include live
-- include columns
tested AS (
SELECT s.deployment_id, s.name, s.model, s.version, s.system_id, s.sketch_id,
       s.version_id, s.seen, t.feature, v.feature IS NULL AS absent,
       v.feature IS NULL OR (v.seen ->> 'count')::bigint = 0 AS breached
  FROM sketched AS s
  JOIN trained AS t ON t.deployment_id = s.deployment_id
  LEFT JOIN served AS v ON v.deployment_id = t.deployment_id AND v.feature = t.feature
)
SELECT t.deployment_id AS object_id, t.name AS object_name, t.model, t.system_id,
       t.breached, t.feature AS detail,
       CASE WHEN NOT t.breached THEN ''
            WHEN t.absent
            THEN concat(t.model, ' ', t.version, ' was trained with the feature "',
                 t.feature, '", and ', t.name, ' was asked without it ', t.seen, '.')
            ELSE concat(t.model, ' ', t.version, ' was trained with the feature "',
                 t.feature, '", and ', t.name, ' was asked with no value of it ', t.seen,
                 '.')
       END AS cause,
       ARRAY[t.deployment_id, t.sketch_id, t.version_id] AS evidence
  FROM tested AS t
 ORDER BY t.deployment_id, t.feature;
