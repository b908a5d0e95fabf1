-- What was said of a model after its registration?
--
-- %(model)s         text         name of the model
-- %(limit)s         bigint       at most so many rows
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- At most limit rows, newest first.
-- Serves: OSFI E-23; registry.
SELECT c.event_id, c.time, c.sealed_at, c.origin, c.leaf, c.idx, c.identity,
       c.model, c.changes, c.lifecycle, c.reason
  FROM registry.model_change AS c
 WHERE c.model = %(model)s
   AND c.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND c.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY c.time DESC, c.event_id DESC
 LIMIT %(limit)s;
