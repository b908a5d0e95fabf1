-- Which runs were recorded, newest first, and how did they end?
--
-- %(run)s           uuid         one run by its start event; null: all
-- %(step)s          text         of this step; null: all
-- %(limit)s         bigint       at most so many rows
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- At most limit rows in descending order of (time, event_id); outcome is null while no
-- end is recorded.
-- Serves: EU AI Act, Annex IV(2); regulation question Q16.
SELECT r.event_id, r.time, r.sealed_at, r.origin, r.leaf, r.idx, r.identity,
       r.run, r.step, r.code, r.environment, r.seeds, r.parameters, r.parent_id,
       r.capture, r.redactions, r.system_id, e.outcome, e.time AS ended_at, e.outputs,
       e.compute, e.error, i.inputs
  FROM lineage.run AS r
  LEFT JOIN LATERAL (
       SELECT e.outcome, e.time, e.outputs, e.compute, e.error
         FROM lineage.run_end AS e
        WHERE e.run_id = r.event_id
          AND e.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND e.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY e.time DESC, e.event_id DESC
        LIMIT 1
       ) AS e ON true
  LEFT JOIN LATERAL (
       SELECT count(*) AS inputs
         FROM lineage.input AS i
        WHERE i.run_id = r.event_id
          AND i.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND i.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) AS i ON true
 WHERE (%(run)s::uuid IS NULL OR r.event_id = %(run)s)
   AND (%(step)s::text IS NULL OR r.step = %(step)s)
   AND r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY r.time DESC, r.event_id DESC
 LIMIT %(limit)s;
