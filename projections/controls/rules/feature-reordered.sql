-- Are features served in the order in which the model was trained?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
--
-- One row for each live deployment with a sketch. Only the features on both sides are
-- compared: one that is missing or added is a finding of its own. Captured payload gives
-- features by name, in no order: it is not tested.
-- Serves: EU AI Act, Article 15(1).
WITH
-- include live
-- include columns
common AS (
SELECT t.deployment_id, t.feature,
       row_number() OVER (PARTITION BY t.deployment_id ORDER BY t.rank) AS trained_at,
       row_number() OVER (PARTITION BY t.deployment_id ORDER BY v.rank) AS served_at
  FROM trained AS t
  JOIN served AS v ON v.deployment_id = t.deployment_id AND v.feature = t.feature
),
moved AS (
SELECT DISTINCT ON (t.deployment_id)
       t.deployment_id, t.trained_at AS place, t.feature AS wanted, v.feature AS found
  FROM common AS t
  JOIN common AS v ON v.deployment_id = t.deployment_id AND v.served_at = t.trained_at
 WHERE v.feature <> t.feature
 ORDER BY t.deployment_id, t.trained_at
)
SELECT s.deployment_id AS object_id, s.name AS object_name, s.model, s.system_id,
       m.place IS NOT NULL AS breached, '' AS detail,
       CASE WHEN m.place IS NULL THEN ''
            ELSE concat(s.name, ' is asked with its features in another order than ',
                 s.model, ' ', s.version, ' was trained with: at place ', m.place,
                 ' stands "', m.found, '" instead of "', m.wanted, '" ', s.seen, '.')
       END AS cause,
       ARRAY[s.deployment_id, s.sketch_id, s.version_id] AS evidence
  FROM sketched AS s
  LEFT JOIN moved AS m ON m.deployment_id = s.deployment_id
 WHERE NOT s.captured
 ORDER BY s.deployment_id;
