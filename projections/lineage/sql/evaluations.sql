-- Which tests were made of a model version, against which criteria?
--
-- %(model_version)s   uuid         of this model version; null: all
-- %(limit)s           bigint       at most so many rows
-- %(as_of)s           timestamptz  when it was true; null: no bound
-- %(known_as_of)s     timestamptz  what had been sealed by then; null: no bound
--
-- At most limit rows, newest first. predefined tells whether every criterion was set
-- before the test; null when none is named.
-- Serves: EU AI Act, Article 15; regulation question Q17.
SELECT t.event_id, t.time, t.sealed_at, t.origin, t.leaf, t.idx, t.identity,
       t.kind, t.model_version_id, t.run_id, t.dataset_version_id, t.metrics,
       t.criteria, t.passed, t.overlap_rows, t.tool,
       (
       SELECT bool_and(c.time <= t.time AND c.sealed_at <= t.sealed_at)
         FROM lineage.criterion AS c
        WHERE c.event_id = ANY (t.criteria)
       ) AS predefined
  FROM lineage.evaluation AS t
 WHERE (%(model_version)s::uuid IS NULL OR t.model_version_id = %(model_version)s)
   AND t.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND t.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY t.time DESC, t.event_id DESC
 LIMIT %(limit)s;
