-- Is what a training run read what it was said to read?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(recent_days)s   int          days for which a release or request makes a candidate
--
-- One row for each input of the runs behind live versions and candidates. It is breached
-- when the content differs from the dataset version it names, or, where it names a dataset
-- alone, when that dataset has versions and none with this content. Digests are compared
-- only where they were made in the same way; else the numbers of rows are.
-- Serves: EU AI Act, Article 10(2)(b).
WITH
-- include live
-- include candidate
-- include training
tested AS (
SELECT c.version_id, c.name, c.model, c.system_id, t.input_id, t.name AS input,
       t.digest, t.scheme, t.rows, t.dataset, d.event_id AS declared_id,
       d.digest AS declared, d.rows AS declared_rows,
       d.scheme = t.scheme AND d.digest <> t.digest AS other_content,
       d.scheme <> t.scheme AND d.rows <> t.rows AS other_rows,
       t.declared_id IS NULL AND k.known AND NOT k.same AS unknown_content
  FROM training AS t
  JOIN candidate AS c ON c.version_id = t.version_id
  LEFT JOIN lineage.dataset_version AS d ON d.event_id = t.declared_id
   AND d.time <= %(as_of)s AND d.sealed_at <= %(known_as_of)s
  LEFT JOIN LATERAL (
       SELECT count(*) > 0 AS known, coalesce(bool_or(k.digest = t.digest), false) AS same
         FROM lineage.dataset_version AS k
        WHERE t.declared_id IS NULL
          AND k.dataset = t.dataset AND k.scheme = t.scheme
          AND k.time <= %(as_of)s AND k.sealed_at <= %(known_as_of)s
       ) AS k ON true
),
judged AS (
SELECT t.*, coalesce(t.other_content, false) OR coalesce(t.other_rows, false)
       OR coalesce(t.unknown_content, false) AS breached
  FROM tested AS t
)
SELECT j.version_id AS object_id, j.name AS object_name, j.model, j.system_id, j.breached,
       coalesce(j.input, '') AS detail,
       CASE WHEN NOT j.breached THEN ''
            WHEN j.unknown_content
            THEN concat('The run behind ', j.name, ' read "', j.input, '" with content ',
                 left(j.digest, 19), ', which no recorded version of dataset ', j.dataset,
                 ' has.')
            WHEN j.other_content
            THEN concat('The run behind ', j.name, ' read "', j.input, '" with content ',
                 left(j.digest, 19), ', but the dataset version it names has ',
                 left(j.declared, 19), '.')
            ELSE concat('The run behind ', j.name, ' read ', j.rows, ' rows of "', j.input,
                 '", but the dataset version it names has ', j.declared_rows, '.')
       END AS cause,
       array_remove(ARRAY[j.version_id, j.input_id, j.declared_id], NULL) AS evidence
  FROM judged AS j
 ORDER BY j.version_id, detail;
