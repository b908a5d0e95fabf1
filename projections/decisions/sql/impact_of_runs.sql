-- What came of runs: enclosing runs, model versions, versions of data sets?
--
-- %(ids)s           uuid[]       runs by their start events
-- %(limit)s         bigint       at most so many rows
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row an edge: object_id is reached from via_id; weak when the record leaves open
-- whether anything went that way. A data
-- set version whose content a run put out may hold what the run read: weak. A run that
-- only tested does not make the version it tested.
-- Serves: EU AI Act, Article 10; regulation question Q08.
SELECT 'run' AS kind, p.event_id AS object_id, p.run AS name, r.event_id AS via_id,
       'encloses it' AS via, false AS weak
  FROM lineage.run AS r
  JOIN lineage.run AS p ON p.event_id = r.parent_id AND p.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
  AND p.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 WHERE r.event_id = ANY (%(ids)s) AND r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 UNION ALL
SELECT 'model_version', v.event_id, v.model || ' ' || v.version, v.run_id,
       'made by it', false
  FROM registry.model_version AS v
 WHERE v.run_id = ANY (%(ids)s) AND v.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND v.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 UNION ALL
SELECT 'dataset_version', v.event_id, v.dataset, e.run_id, 'has the content of its output',
       true
  FROM lineage.run_end AS e
 CROSS JOIN LATERAL unnest(e.digests) AS o (digest)
  JOIN lineage.dataset_version AS v ON v.digest = o.digest AND v.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
  AND v.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 WHERE e.run_id = ANY (%(ids)s) AND e.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND e.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
   AND NOT EXISTS (
       SELECT FROM lineage.input AS i
        WHERE i.run_id = e.run_id AND i.digest = o.digest)
 ORDER BY kind, object_id, via_id
 LIMIT %(limit)s;
