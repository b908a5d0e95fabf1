-- Was a model tested on rows that it had learned from?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(recent_days)s   int          days for which a release or request makes a candidate
-- %(overlap_rows)s  int          test rows that may be in the training data
--
-- One row for each live version or candidate and kind of test, the newest of its kind; and
-- for each input its run kept apart for validation or test. A test without criteria may
-- look at training data: it decides nothing.
-- Serves: EU AI Act, Articles 9(8) and 10(2).
WITH
-- include live
-- include candidate
-- include training
newest AS (
SELECT DISTINCT ON (c.version_id, e.kind)
       c.version_id, e.kind, e.event_id, e.dataset_version_id, e.overlap_rows,
       cardinality(e.criteria) > 0 OR e.passed IS NOT NULL AS decides
  FROM candidate AS c
  JOIN lineage.evaluation AS e ON e.model_version_id = c.version_id
   AND e.time <= %(as_of)s AND e.sealed_at <= %(known_as_of)s
 ORDER BY c.version_id, e.kind, e.time DESC, e.event_id DESC
),
tested AS (
SELECT n.version_id, n.event_id AS evidence_id, concat('test ', n.kind) AS detail,
       concat('The ', n.kind, ' test') AS what, n.overlap_rows,
       n.decides AND (
       coalesce((n.version_id, n.dataset_version_id) IN (
       SELECT t.version_id, t.dataset_version_id FROM training AS t WHERE t.trains), false)
       OR coalesce((n.version_id, d.digest, d.scheme) IN (
       SELECT t.version_id, t.digest, t.scheme FROM training AS t WHERE t.trains), false)
       ) AS same
  FROM newest AS n
  LEFT JOIN lineage.dataset_version AS d ON d.event_id = n.dataset_version_id
   AND d.time <= %(as_of)s AND d.sealed_at <= %(known_as_of)s
 UNION ALL
SELECT a.version_id, a.input_id, concat('input ', a.name),
       concat('The ', a.role, ' input "', a.name, '"'), NULL,
       coalesce((a.version_id, a.digest, a.scheme) IN (
       SELECT t.version_id, t.digest, t.scheme FROM training AS t WHERE t.trains), false)
  FROM training AS a
 WHERE NOT a.trains AND a.role <> 'reference'
),
judged AS (
SELECT t.*, t.same OR coalesce(t.overlap_rows, 0) > %(overlap_rows)s::int AS breached
  FROM tested AS t
)
SELECT c.version_id AS object_id, c.name AS object_name, c.model, c.system_id, j.breached,
       j.detail,
       CASE WHEN NOT j.breached THEN ''
            WHEN j.same THEN concat(j.what, ' of ', c.name, ' used its training data.')
            ELSE concat(j.what, ' of ', c.name, ' used ', j.overlap_rows,
                 ' rows that are in its training data.')
       END AS cause,
       ARRAY[c.version_id, j.evidence_id] AS evidence
  FROM judged AS j
  JOIN candidate AS c ON c.version_id = j.version_id
 ORDER BY c.version_id, j.detail;
