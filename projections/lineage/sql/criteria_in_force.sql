-- Which limits must a model meet, that nothing has replaced?
--
-- %(model)s          text         name of the model
-- %(as_of)s          timestamptz  when it was true; null: no bound
-- %(known_as_of)s    timestamptz  what had been sealed by then; null: no bound
--
-- One row a limit, oldest first.
-- Serves: criteria set before a test; EU AI Act, Article 9(8).
SELECT c.event_id, c.time, c.sealed_at, c.origin, c.leaf, c.idx, c.identity,
       c.metric, c.slice, c.limit_value, c.direction, c.baseline, c.baseline_value,
       c.dataset_version_id
  FROM lineage.criterion AS c
 WHERE c.model = %(model)s
   AND c.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND c.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
   AND NOT EXISTS (
       SELECT FROM lineage.criterion AS n
        WHERE n.previous_id = c.event_id
          AND n.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND n.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       )
 ORDER BY c.time, c.event_id;
