-- What was withdrawn?
--
-- %(withdrawal)s    uuid         event of the withdrawal; null: by source
-- %(source)s        text         name of the source; null: by event
-- %(batch)s         text         part of the source; null: any
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- At most one row, the newest withdrawal of the source.
-- Serves: EU AI Act, Article 10; regulation question Q08.
SELECT w.event_id, w.time, w.sealed_at, w.origin, w.leaf, w.idx, w.identity,
       w.source, w.batch, w.cause, w.effective_at, w.since, w.action_required,
       (SELECT array_agg((x ->> 'id')::uuid)
          FROM jsonb_array_elements(w.dataset_versions) AS x) AS dataset_versions
  FROM lineage.source_withdrawal AS w
 WHERE (w.event_id = %(withdrawal)s
        OR (%(withdrawal)s::uuid IS NULL AND w.source = %(source)s))
   AND (%(batch)s::text IS NULL OR w.batch = %(batch)s)
   AND w.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND w.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY w.time DESC, w.event_id DESC
 LIMIT 1;
