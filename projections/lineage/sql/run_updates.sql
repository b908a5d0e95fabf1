-- Which parameters, metrics and tags were added to a run, in order?
--
-- %(run)s           uuid         start event of the run
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row an update in order of (time, event_id).
-- Serves: regulation question Q16.
SELECT u.event_id, u.time, u.sealed_at, u.origin, u.leaf, u.idx, u.identity, u.parameters, u.metrics, u.tags
  FROM lineage.run_update AS u
 WHERE u.run_id = %(run)s
   AND u.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND u.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY u.time, u.event_id;
