-- Is it recorded how test data were split off the data a model was trained on?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(recent_days)s   int          days for which a release or request makes a candidate
--
-- One row for each dataset version on which a live version or candidate was tested or
-- validated, by model. A method is due when both parts were made from the same data; data
-- that were collected apart need none.
-- Serves: EU AI Act, Article 10(2)(c).
WITH
-- include live
-- include candidate
-- include training
part AS (
SELECT e.model_version_id AS version_id, e.dataset_version_id AS data_id
  FROM candidate AS c
  JOIN lineage.evaluation AS e ON e.model_version_id = c.version_id
   AND e.time <= %(as_of)s AND e.sealed_at <= %(known_as_of)s
 UNION
SELECT t.version_id, t.dataset_version_id
  FROM training AS t
 WHERE NOT t.trains AND t.role <> 'reference'
),
learned AS (
SELECT t.version_id, w.event_id AS data_id, w.parent_ids
  FROM training AS t
  JOIN lineage.dataset_version AS w ON w.event_id = t.dataset_version_id
   AND w.time <= %(as_of)s AND w.sealed_at <= %(known_as_of)s
 WHERE t.trains
),
tested AS (
SELECT DISTINCT ON (d.event_id, c.model)
       d.event_id AS data_id, concat(d.dataset, ' ', left(d.digest, 19)) AS name, c.model,
       c.system_id, c.version_id, w.data_id AS learned_id, c.name AS version,
       w.data_id IS NOT NULL
       AND coalesce(d.split ->> 'method', '') IN ('', 'unknown') AS breached
  FROM part AS p
  JOIN candidate AS c ON c.version_id = p.version_id
  JOIN lineage.dataset_version AS d ON d.event_id = p.data_id
   AND d.time <= %(as_of)s AND d.sealed_at <= %(known_as_of)s
  LEFT JOIN learned AS w ON w.version_id = p.version_id AND w.data_id <> d.event_id
   AND (w.parent_ids && d.parent_ids OR w.data_id = ANY (d.parent_ids)
        OR d.event_id = ANY (w.parent_ids))
 ORDER BY d.event_id, c.model, breached DESC, c.time DESC, c.version_id, w.data_id
)
SELECT t.data_id AS object_id, t.name AS object_name, t.model, t.system_id, t.breached,
       coalesce(t.model, '') AS detail,
       CASE WHEN t.breached
            THEN concat('It is not recorded how ', t.name, ', on which ', t.version,
                 ' was tested, was split off the data it was trained on.')
            ELSE ''
       END AS cause,
       array_remove(ARRAY[t.data_id, t.learned_id, t.version_id], NULL) AS evidence
  FROM tested AS t
 ORDER BY t.data_id, detail;
