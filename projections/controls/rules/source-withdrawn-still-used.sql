-- Does a live version or candidate rest on data that may no longer be used?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(recent_days)s   int          days for which a release or request makes a candidate
-- %(levels)s        int          levels that lineage is followed
--
-- One row for each source a version rests on, or for each withdrawal that touches it: by
-- the dataset versions that the withdrawal names, or by what was drawn from the source
-- since the moment that it names. A withdrawal of one batch touches what it names alone,
-- if it names any.
-- Serves: EU AI Act, Articles 10(2) and 20(1); GDPR, Article 17(1).
WITH RECURSIVE
-- include live
-- include candidate
root AS (
SELECT c.version_id
  FROM candidate AS c
),
-- include ancestry
-- include drawn
withdrawal AS MATERIALIZED (
SELECT w.event_id, w.source, w.batch, w.cause, w.effective_at, w.since, n.named,
       w.batch IS NOT NULL AND cardinality(n.named) > 0 AS named_only
  FROM lineage.source_withdrawal AS w
 CROSS JOIN LATERAL (
       SELECT coalesce(array_agg((e.ref ->> 'id')::uuid), '{}') AS named
         FROM jsonb_array_elements(w.dataset_versions) AS e (ref)
       ) AS n
 WHERE w.effective_at <= %(as_of)s
   AND w.time <= %(as_of)s AND w.sealed_at <= %(known_as_of)s
),
touched AS (
SELECT d.version_id, d.source, d.data_id, d.dataset, d.level, w.event_id
  FROM drawn AS d
  JOIN withdrawal AS w ON w.source = d.source AND NOT w.named_only
   AND d.drawn_at >= coalesce(w.since, '-infinity')
 UNION ALL
SELECT a.version_id, w.source, a.id, d.dataset, a.level, w.event_id
  FROM withdrawal AS w
 CROSS JOIN LATERAL unnest(w.named) AS n (id)
  JOIN reached AS a ON a.id = n.id AND a.kind = 'data'
  LEFT JOIN lineage.dataset_version AS d ON d.event_id = a.id
   AND d.time <= %(as_of)s AND d.sealed_at <= %(known_as_of)s
),
tested AS (
SELECT DISTINCT ON (d.version_id, d.source, t.event_id)
       d.version_id, d.source, t.event_id, t.data_id, t.dataset, t.level
  FROM (SELECT d.version_id, d.source FROM drawn AS d
         UNION
        SELECT t.version_id, t.source FROM touched AS t) AS d
  LEFT JOIN touched AS t ON t.version_id = d.version_id AND t.source = d.source
 ORDER BY d.version_id, d.source, t.event_id, t.level, t.data_id
)
SELECT c.version_id AS object_id, c.name AS object_name, c.model, c.system_id,
       w.event_id IS NOT NULL AS breached, concat_ws(' ', t.source, w.event_id) AS detail,
       CASE WHEN w.event_id IS NULL THEN ''
            ELSE concat(c.name, ' rests, at level ', t.level, ' of its lineage, on ',
                 t.dataset,
                 ' drawn from the source ', t.source, ', whose data',
                 ' of batch ' || w.batch, ' may not be used from ',
                 to_char(w.effective_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'), ' (', w.cause,
                 ').')
       END AS cause,
       array_remove(ARRAY[c.version_id, w.event_id, t.data_id], NULL) AS evidence
  FROM tested AS t
  JOIN candidate AS c ON c.version_id = t.version_id
  LEFT JOIN withdrawal AS w ON w.event_id = t.event_id
 ORDER BY c.version_id, detail;
