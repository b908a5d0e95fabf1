-- Can the training of a live version or candidate be repeated?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(recent_days)s   int          days for which a release or request makes a candidate
--
-- One row for each version made here: a model that was bought or published by others may
-- come without a run. If its run was repeated, the newest outcome decides. If not, what
-- it takes to repeat it must be recorded: commit (and the difference of a changed tree),
-- lock, seeds and inputs.
-- Serves: EU AI Act, Articles 11(1) and 18(1).
WITH
-- include live
-- include candidate
-- include training
tested AS (
SELECT c.version_id, c.name, c.model, c.system_id, r.event_id AS run_id, r.run,
       p.event_id AS reproduction_id, p.verdict,
       concat_ws(' ', p.differences -> 0 ->> 'kind', p.differences -> 0 ->> 'name')
       AS difference,
       CASE WHEN r.event_id IS NULL THEN 'its run'
            ELSE concat_ws(', ',
                 CASE WHEN r.code ->> 'commit' IS NULL THEN 'commit' END,
                 CASE WHEN r.code ->> 'dirty' = 'true'
                      AND r.code ->> 'diff_digest' IS NULL
                      THEN 'difference from the commit' END,
                 CASE WHEN r.environment ->> 'lock_digest' IS NULL THEN 'lock' END,
                 CASE WHEN coalesce(r.seeds, '{}') = '{}' THEN 'seeds' END,
                 CASE WHEN NOT EXISTS (
                      SELECT FROM training AS t WHERE t.version_id = c.version_id)
                      THEN 'inputs' END)
       END AS missing
  FROM candidate AS c
  LEFT JOIN lineage.run AS r ON r.event_id = c.run_id
   AND r.time <= %(as_of)s AND r.sealed_at <= %(known_as_of)s
  LEFT JOIN LATERAL (
       SELECT p.event_id, p.verdict, p.differences
         FROM lineage.reproduction AS p
        WHERE p.run_id = c.run_id
          AND p.time <= %(as_of)s AND p.sealed_at <= %(known_as_of)s
        ORDER BY p.time DESC, p.event_id DESC
        LIMIT 1
       ) AS p ON true
  LEFT JOIN LATERAL (
       SELECT m.model_origin
         FROM registry.model AS m
        WHERE m.model = c.model
          AND m.time <= %(as_of)s AND m.sealed_at <= %(known_as_of)s
        ORDER BY m.time DESC, m.event_id DESC
        LIMIT 1
       ) AS m ON true
 WHERE r.event_id IS NOT NULL OR coalesce(m.model_origin, '') NOT IN ('vendor', 'open')
),
judged AS (
SELECT t.*, CASE WHEN t.verdict IN ('identical', 'equivalent') THEN false
            WHEN t.verdict IN ('different', 'not_possible') THEN true
            ELSE t.missing <> '' END AS breached
  FROM tested AS t
)
SELECT j.version_id AS object_id, j.name AS object_name, j.model, j.system_id, j.breached,
       '' AS detail,
       CASE WHEN NOT j.breached THEN ''
            WHEN j.verdict = 'different'
            THEN concat('The run ', j.run, ' behind ', j.name,
                 ' was repeated and came out different',
                 '; first difference: ' || nullif(j.difference, ''), '.')
            WHEN j.verdict = 'not_possible'
            THEN concat('The run ', j.run, ' behind ', j.name, ' cannot be repeated',
                 '; not there: ' || nullif(j.difference, ''), '.')
            ELSE concat('The training of ', j.name, ' cannot be repeated; not recorded: ',
                 j.missing, '.')
       END AS cause,
       array_remove(ARRAY[j.version_id, j.run_id, j.reproduction_id], NULL) AS evidence
  FROM judged AS j
 ORDER BY j.version_id;
