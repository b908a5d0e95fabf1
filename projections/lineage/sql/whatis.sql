-- What is the thing with this digest?
--
-- %(digest)s        text         sha256: and 64 hexadecimal digits
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row for each thing recorded under it, oldest first; model_version_id is set where
-- it belongs to a model version.
-- Serves: seed; regulation question Q09.
SELECT 'model version' AS kind, v.model || ' ' || v.version AS label, v.event_id AS model_version_id,
       v.event_id, v.time, v.sealed_at, v.origin, v.leaf, v.idx, v.identity
  FROM registry.model_version AS v
 WHERE v.digests @> ARRAY [%(digest)s]::varchar[]
   AND v.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND v.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 UNION ALL
SELECT 'release' AS kind, r.model || ' ' || r.release AS label, r.model_version_id AS model_version_id,
       r.event_id, r.time, r.sealed_at, r.origin, r.leaf, r.idx, r.identity
  FROM registry.release AS r
 WHERE (r.release_digest = %(digest)s OR r.artifact_digest = %(digest)s)
   AND r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 UNION ALL
SELECT 'run output' AS kind, e.run_id::text AS label, NULL::uuid AS model_version_id,
       e.event_id, e.time, e.sealed_at, e.origin, e.leaf, e.idx, e.identity
  FROM lineage.run_end AS e
 WHERE e.digests @> ARRAY [%(digest)s]::varchar[]
   AND e.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND e.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 UNION ALL
SELECT 'run input' AS kind, i.name AS label, NULL::uuid AS model_version_id,
       i.event_id, i.time, i.sealed_at, i.origin, i.leaf, i.idx, i.identity
  FROM lineage.input AS i
 WHERE i.digest = %(digest)s
   AND i.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND i.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 UNION ALL
SELECT 'data set version' AS kind, s.dataset AS label, NULL::uuid AS model_version_id,
       s.event_id, s.time, s.sealed_at, s.origin, s.leaf, s.idx, s.identity
  FROM lineage.dataset_version AS s
 WHERE s.digest = %(digest)s
   AND s.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND s.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 UNION ALL
SELECT 'document' AS kind, d.title AS label, NULL::uuid AS model_version_id,
       d.event_id, d.time, d.sealed_at, d.origin, d.leaf, d.idx, d.identity
  FROM lineage.document AS d
 WHERE d.digest = %(digest)s
   AND d.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND d.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 UNION ALL
SELECT 'report' AS kind, p.report AS label, NULL::uuid AS model_version_id,
       p.event_id, p.time, p.sealed_at, p.origin, p.leaf, p.idx, p.identity
  FROM lineage.report AS p
 WHERE p.digest = %(digest)s
   AND p.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND p.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY time, event_id;
