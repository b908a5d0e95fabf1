-- Is a deployment asked with a feature that its model was not trained with?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
--
-- One row for each column in the newest sketch of each live deployment; what the version
-- puts out is no feature. Versions whose features are not recorded are not tested.
-- Serves: EU AI Act, Article 26(4).
WITH
-- include live
-- include columns
tested AS (
SELECT s.deployment_id, s.name, s.model, s.version, s.system_id, s.sketch_id,
       s.version_id, s.seen, v.feature, t.feature IS NULL AS breached
  FROM sketched AS s
  JOIN served AS v ON v.deployment_id = s.deployment_id
  LEFT JOIN trained AS t ON t.deployment_id = v.deployment_id AND t.feature = v.feature
 WHERE EXISTS (SELECT FROM trained AS k WHERE k.deployment_id = s.deployment_id)
   AND NOT s.outputs @> jsonb_build_array(jsonb_build_object('name', v.feature))
   AND NOT (s.captured AND split_part(v.feature, '.', 1) = 'output')
)
SELECT t.deployment_id AS object_id, t.name AS object_name, t.model, t.system_id,
       t.breached, t.feature AS detail,
       CASE WHEN t.breached
            THEN concat(t.name, ' was asked with the feature "', t.feature, '" ', t.seen,
                 ', which ', t.model, ' ', t.version, ' was not trained with.')
            ELSE ''
       END AS cause,
       ARRAY[t.deployment_id, t.sketch_id, t.version_id] AS evidence
  FROM tested AS t
 ORDER BY t.deployment_id, t.feature;
