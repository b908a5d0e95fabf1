-- What rests on model versions: other versions, and releases?
--
-- %(ids)s           uuid[]       model versions by their events
-- %(limit)s         bigint       at most so many rows
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row an edge: object_id is reached from via_id; weak when the record leaves open
-- whether anything went that way. A
-- distilled model has learned from answers, not from the data: weak.
-- Serves: EU AI Act, Article 10; regulation question Q08.
SELECT 'model_version' AS kind, v.event_id AS object_id,
       v.model || ' ' || v.version AS name, (p ->> 'id')::uuid AS via_id,
       replace(x ->> 'kind', '_', ' ') AS via, x ->> 'kind' = 'distilled_from' AS weak
  FROM registry.model_version AS v
 CROSS JOIN LATERAL jsonb_array_elements(v.parents) AS x
 CROSS JOIN LATERAL (SELECT x -> 'version' AS p) AS q
 WHERE jsonb_array_length(v.parents) > 0
   AND (p ->> 'id')::uuid = ANY (%(ids)s) AND v.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND v.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 UNION ALL
SELECT 'release', r.event_id, r.release, r.model_version_id, 'releases it', false
  FROM registry.release AS r
 WHERE r.model_version_id = ANY (%(ids)s) AND r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY kind, object_id, via_id
 LIMIT %(limit)s;
