-- What was made of versions of data sets: other versions, and runs that read them?
--
-- %(ids)s           uuid[]       versions by their events
-- %(limit)s         bigint       at most so many rows
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row an edge: object_id is reached from via_id; weak when the record leaves open
-- whether anything went that way. A run
-- that read the very content counts though it names no version.
-- Serves: EU AI Act, Article 10; regulation question Q08.
SELECT 'dataset_version' AS kind, v.event_id AS object_id, v.dataset AS name,
       p.id AS via_id, 'derived from it' AS via, false AS weak
  FROM lineage.dataset_version AS v
 CROSS JOIN LATERAL unnest(v.parent_ids) AS p (id)
 WHERE v.parent_ids && %(ids)s AND p.id = ANY (%(ids)s) AND v.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND v.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 UNION ALL
SELECT 'run', i.run_id, coalesce(r.run, ''), i.dataset_version_id,
       'read it as ' || coalesce(i.role, 'input'), false
  FROM lineage.input AS i
  LEFT JOIN lineage.run AS r ON r.event_id = i.run_id AND r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
  AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 WHERE i.dataset_version_id = ANY (%(ids)s) AND i.run_id IS NOT NULL AND i.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND i.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 UNION ALL
SELECT 'run', i.run_id, coalesce(r.run, ''), v.event_id,
       'read the same content as ' || coalesce(i.role, 'input'), false
  FROM lineage.dataset_version AS v
  JOIN lineage.input AS i ON i.digest = v.digest AND i.dataset_version_id IS NULL
  LEFT JOIN lineage.run AS r ON r.event_id = i.run_id AND r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
  AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 WHERE v.event_id = ANY (%(ids)s) AND i.run_id IS NOT NULL AND v.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND v.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity') AND i.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND i.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY kind, object_id, via_id
 LIMIT %(limit)s;
