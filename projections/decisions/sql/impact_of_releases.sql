-- What came of releases: deployments, and data that they scored?
--
-- %(ids)s           uuid[]       releases by their events
-- %(limit)s         bigint       at most so many rows
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row an edge: object_id is reached from via_id; weak when the record leaves open
-- whether anything went that way.
-- Serves: EU AI Act, Article 10; regulation question Q08.
SELECT 'deployment' AS kind, p.event_id AS object_id,
       p.environment || coalesce(' ' || p.service, '') AS name, p.release_id AS via_id,
       'runs it' AS via, false AS weak
  FROM registry.deployment AS p
 WHERE p.release_id = ANY (%(ids)s) AND p.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND p.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 UNION ALL
SELECT 'dataset_version', b.output_id, coalesce(v.dataset, ''), b.release_id,
       'holds its scores', false
  FROM decisions.batch AS b
  LEFT JOIN lineage.dataset_version AS v ON v.event_id = b.output_id AND v.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
  AND v.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 WHERE b.release_id = ANY (%(ids)s) AND b.output_id IS NOT NULL AND b.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND b.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY kind, object_id, via_id
 LIMIT %(limit)s;
